/**
 * A child under the production profile `leaf`: a program of the machine, proved by the WGSL backend, verified by the aggregate
 * program; and mutations of it, on which guest and native verifier agree.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createWgslBackend } from '../../kernels/backend.ts';
import { MachineError } from '../../machine/errors.ts';
import { buildTraces, COLONNADE_MACHINE, preprocessedTraces, run } from '../../machine/system.ts';
import { buildAggregateProgram, CHILD_PROFILES } from '../../programs/aggregate/aggregateProgram.ts';
import { aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import { aggregateHints, type Child, childWitness } from '../../programs/aggregate/witness.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { generateKey, keyDigest } from '../../stark/keys.ts';
import { LEAF } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import { productionPolicy, verify } from '../../stark/verifier.ts';
import { openTestDevice } from '../support/gpu.ts';
import { createRandom } from '../support/random.ts';
import { hiddenSum, hints } from '../support/tutorialProgram.ts';

const SEED = 31;
const MUTATIONS = 20;
const KEY = Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8);

it('a child under the leaf profile is verified, and no mutation of it', async () => {
  const backend = createWgslBackend(await openTestDevice({ robustness: 'off' }));
  const provingKey = await generateKey(backend, COLONNADE_MACHINE, LEAF, preprocessedTraces(hiddenSum));
  const { statement, ...execution } = run(hiddenSum, hints);
  const traces = buildTraces(hiddenSum, { statement, ...execution });
  const proofBytes = await prove(backend, provingKey, statement, traces);
  const key = provingKey.verifyingKey;
  const program = buildAggregateProgram();

  function isAccepted(bytes: Uint8Array): boolean {
    const child: Child = { key, statement, proofBytes: bytes, inner: undefined };
    const witnessed = childWitness(COLONNADE_MACHINE, CHILD_PROFILES, child);
    if (!witnessed.ok) return false;
    try {
      const { statement: stated, pc, memory } = run(program, aggregateHints(KEY, [witnessed.witness]));
      console.log(`# ${pc.length} cycles, ${memory.length / 8} memory rows`);
      const entries = [{ kind: 'leaf', keyDigest: keyDigest(key), statement }] as const;
      assert.deepEqual(stated, aggregateStatement(KEY, entries));
      return true;
    } catch (error) {
      assert.ok(error instanceof MachineError, String(error));
      return false;
    }
  }

  assert.ok(isAccepted(proofBytes));
  const random = createRandom(SEED);
  for (let mutation = 0; mutation < MUTATIONS; mutation++) {
    const bytes = proofBytes.slice();
    const view = new DataView(bytes.buffer);
    const offset = 4 * random.below(bytes.length / 4);
    view.setUint32(offset, (view.getUint32(offset, true) + 1 + random.below(MODULUS - 1)) % MODULUS, true);
    const native = verify(key, statement, bytes, productionPolicy());
    assert.equal(isAccepted(bytes), native.ok, `seed ${SEED}, mutation ${mutation}: word ${offset / 4}`);
  }
});
