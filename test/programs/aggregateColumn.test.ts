/**
 * Children that use every table of the machine but the extension table: column proofs of several sizes under TEST_ONLY_LEAF, and
 * mutations of one, on which guest and native verifier agree.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createWgslBackend } from '../../kernels/backend.ts';
import { buildTraces, COLONNADE_MACHINE, preprocessedTraces } from '../../machine/system.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { generateKey } from '../../stark/keys.ts';
import { profileDigest, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import { verify } from '../../stark/verifier.ts';
import { COLUMN_PROGRAM, randomColumn, runColumn } from '../support/column.ts';
import { openTestDevice } from '../support/gpu.ts';
import { isAcceptedByGuest } from '../support/guestVerifier.ts';
import { createRandom } from '../support/random.ts';

const SEED = 8;
const SIZES = [1, 6, 20];
const MUTATIONS = 10;
const POLICY = { acceptedProfileDigests: [profileDigest(TEST_ONLY_LEAF)] };

it('column proofs are verified, and no mutation of one', async () => {
  const random = createRandom(SEED);
  const backend = createWgslBackend(await openTestDevice({ robustness: 'off' }));
  const provingKey = await generateKey(
    backend,
    COLONNADE_MACHINE,
    TEST_ONLY_LEAF,
    preprocessedTraces(COLUMN_PROGRAM),
  );
  const key = provingKey.verifyingKey;
  const shapes = new Set<string>();
  for (const size of SIZES) {
    const execution = runColumn(executeColumn(randomColumn(random, size)));
    const { statement } = execution;
    const traces = buildTraces(COLUMN_PROGRAM, execution);
    for (const name of ['hash', 'word', 'wordMultiply', 'ram'])
      assert.ok(traces[COLONNADE_MACHINE.tables.findIndex((table) => table.name === name)], name);
    shapes.add(traces.map((trace) => trace?.logHeight ?? '-').join(' '));
    const proofBytes = await prove(backend, provingKey, statement, traces);
    assert.deepEqual(verify(key, statement, proofBytes, POLICY), { ok: true });
    assert.ok(isAcceptedByGuest(key, statement, proofBytes), `${size} transfers`);
    for (let mutation = 0; size === SIZES[0] && mutation < MUTATIONS; mutation++) {
      const bytes = proofBytes.slice();
      const view = new DataView(bytes.buffer);
      const offset = 4 * random.below(bytes.length / 4);
      view.setUint32(offset, (view.getUint32(offset, true) + 1) % MODULUS, true);
      const native = verify(key, statement, bytes, POLICY);
      assert.equal(isAcceptedByGuest(key, statement, bytes), native.ok, `mutation of word ${offset / 4}`);
    }
  }
  assert.ok(shapes.size > 1, [...shapes].join('; '));
});
