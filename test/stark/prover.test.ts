/** A toy machine from its traces to an accepted proof, on the reference backend. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkTrace } from '../../stark/air/traceCheck.ts';
import type { Backend } from '../../stark/backend.ts';
import { checkKey, generateKey, KeyError, keyDigest, releaseKey } from '../../stark/keys.ts';
import { TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { decodeProof, encodeProof } from '../../stark/proof/codec.ts';
import { ProverError, type ProverEvent, prove } from '../../stark/prover.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import {
  assertAccepted,
  assertRejected,
  createSetting,
  HEIGHTS,
  NO_GRIND,
  proveIn,
  verdictIn,
  withCell,
  withEntry,
} from '../support/cheating.ts';
import { SLOT, type ToyHeights, toyInstance, toyPreprocessed, toySystem } from '../support/toySystems.ts';

const HEIGHT_SETS: readonly ToyHeights[] = [
  HEIGHTS,
  { walk: 2, square: undefined, pulse: undefined },
  { walk: 2, square: 7, pulse: 2 },
  { walk: 4, square: 4, pulse: 4 },
  { walk: 8, square: 5, pulse: undefined },
];

describe('prover and verifier', () => {
  for (const profile of [TEST_ONLY_LEAF, TEST_ONLY_INNER])
    for (const heights of HEIGHT_SETS)
      it(`proves ${JSON.stringify(heights)} under ${profile.name}`, async () => {
        const instance = toyInstance(heights);
        const columns = instance.preprocessed.map((trace) => trace?.columns);
        assert.deepEqual(checkTrace(toySystem, instance.traces, columns, instance.statement), { ok: true });
        const setting = await createSetting(profile, heights);
        const bytes = await proveIn(setting);
        assertAccepted(verdictIn(setting, bytes));
        const decoded = decodeProof(bytes, setting.key);
        assert.ok(decoded.ok);
        assert.deepEqual(encodeProof(decoded.proof), bytes);
      });

  it('gives the same bytes for the same input, on a fresh backend too', async () => {
    const [first, second] = await Promise.all([createSetting(TEST_ONLY_LEAF), createSetting(TEST_ONLY_LEAF)]);
    const bytes = await proveIn(first);
    assert.deepEqual(await proveIn(first), bytes);
    assert.deepEqual(await proveIn(second), bytes);
    const other = await proveIn(first, { traces: toyInstance(HEIGHTS, 2).traces });
    assert.notDeepEqual(other, bytes);
    assertAccepted(verdictIn(first, other));
  });

  it('tells its progress, and ends at 1', async () => {
    for (const profile of [TEST_ONLY_LEAF, NO_GRIND]) {
      const setting = await createSetting(profile);
      const events: ProverEvent[] = [];
      await prove(setting.backend, setting.provingKey, setting.instance.statement, setting.instance.traces, {
        onProgress: (event) => events.push(event),
      });
      for (const [index, { fraction, seconds }] of events.entries()) {
        assert.ok(Math.abs(fraction - (index + 1) / events.length) < 1e-9);
        assert.ok(seconds >= 0);
      }
      const stages = [...new Set(events.map((event) => event.stage))];
      const grind = profile === NO_GRIND ? [] : ['grind'];
      assert.deepEqual(
        stages.sort(),
        ['commitMain', 'deep', 'fold', 'load', 'logUp', 'open', 'quotient', 'query', ...grind].sort(),
      );
    }
  });

  it('releases everything it made, also when it fails or is stopped', async () => {
    const setting = await createSetting(NO_GRIND);
    const handlesOfKey = setting.backend.liveHandles();
    await proveIn(setting);
    assert.equal(setting.backend.liveHandles(), handlesOfKey);
    await assert.rejects(
      proveIn(setting, {
        backend: {
          readCodeword: () => Promise.reject(new Error('device lost')),
        },
      }),
      /device lost/,
    );
    assert.equal(setting.backend.liveHandles(), handlesOfKey);
    const controller = new AbortController();
    const { instance, backend, provingKey } = setting;
    await assert.rejects(
      prove(backend, provingKey, instance.statement, instance.traces, {
        signal: controller.signal,
        onProgress: ({ stage }) => {
          if (stage === 'quotient') controller.abort(new Error('cancelled'));
        },
      }),
      /cancelled/,
    );
    assert.equal(backend.liveHandles(), handlesOfKey);
    releaseKey(backend, provingKey);
    assert.equal(backend.liveHandles(), 0);
  });

  it('releases everything wherever its backend fails', async () => {
    const { instance } = await createSetting(NO_GRIND);
    for (const [profile, least] of [
      [NO_GRIND, 30],
      [TEST_ONLY_LEAF, 40],
    ] as const) {
      let calls = 0;
      for (let failAt = 0; failAt <= calls; failAt++) {
        const backend = createReferenceBackend();
        calls = 0;
        const guarded =
          <Arguments extends readonly unknown[], Outcome>(work: (...given: Arguments) => Promise<Outcome>) =>
          async (...given: Arguments): Promise<Outcome> => {
            if (calls++ === failAt) throw new Error('device lost');
            return await work(...given);
          };
        const failing: Backend = {
          ...backend,
          loadTrace: guarded(backend.loadTrace),
          loadColumns: guarded(backend.loadColumns),
          commit: guarded(backend.commit),
          logUp: guarded(backend.logUp),
          quotient: guarded(backend.quotient),
          open: guarded(backend.open),
          deep: guarded(backend.deep),
          commitCodeword: guarded(backend.commitCodeword),
          fold: guarded(backend.fold),
          readCodeword: guarded(backend.readCodeword),
          grind: guarded(backend.grind),
          query: guarded(backend.query),
        };
        const proof = (async () => {
          const key = await generateKey(failing, instance.system, profile, instance.preprocessed);
          try {
            await prove(failing, key, instance.statement, instance.traces);
          } finally {
            releaseKey(failing, key);
          }
        })();
        // One past the last call the proof is whole.
        await proof.then(
          () => assert.equal(failAt, calls),
          (error: unknown) => assert.match(String(error), /device lost/),
        );
        assert.equal(backend.liveHandles(), 0, `call ${failAt}, ${profile.name}`);
      }
      assert.ok(calls >= least, `${calls} calls`);
    }
  });

  it('refuses input that cannot be proved', async () => {
    const setting = await createSetting(NO_GRIND);
    const { traces, statement } = setting.instance;
    const walk = traces[SLOT.walk]!;
    for (const [cheat, code] of [
      [{ statement: statement.subarray(1) }, 'STATEMENT_MALFORMED'],
      [{ statement: statement.map(() => 0x7f000001) }, 'STATEMENT_MALFORMED'],
      [{ traces: withEntry(traces, SLOT.walk, undefined) }, 'HEIGHTS_REFUSED'],
      [
        { traces: withEntry(traces, SLOT.walk, { ...walk, columns: walk.columns.slice(1) }) },
        'TRACE_MALFORMED',
      ],
      [{ traces: withEntry(traces, SLOT.walk, { ...walk, logHeight: 6 }) }, 'TRACE_MALFORMED'],
    ] as const)
      await assert.rejects(
        proveIn(setting, cheat),
        (error) => error instanceof ProverError && error.code === code,
        code,
      );
  });

  it('proves a false trace to no one', async () => {
    const setting = await createSetting(NO_GRIND);
    const wrong = withCell(setting.instance.traces, SLOT.pulse, 8, 3, 1);
    assertRejected(verdictIn(setting, await proveIn(setting, { traces: wrong })), 'QUOTIENT_MISMATCH', {
      table: 'pulse',
    });
  });
});

describe('keys', () => {
  it('have a digest that depends on machine, profile, heights and cap', async () => {
    const { key } = await createSetting(NO_GRIND);
    assert.equal(checkKey(key), undefined);
    const digests = [
      key,
      { ...key, profile: TEST_ONLY_INNER },
      { ...key, system: { ...toySystem, version: 2 } },
      { ...key, preprocessedLogHeights: [5] },
      { ...key, preprocessedCap: key.preprocessedCap.map((word) => word ^ 1) },
    ].map((other) => keyDigest(other).join(' '));
    assert.equal(new Set(digests).size, digests.length);
    assert.deepEqual(keyDigest(key), keyDigest((await createSetting(NO_GRIND)).key));
  });

  it('are refused with a cap that the profile does not ask for', async () => {
    const { key } = await createSetting(NO_GRIND);
    const cap = key.preprocessedCap;
    for (const preprocessedCap of [new Uint32Array(0), cap.subarray(1), cap.map(() => 0x7f000001)])
      assert.equal(checkKey({ ...key, preprocessedCap })?.code, 'PREPROCESSED_CAP');
  });

  it('are refused where a system cannot be proved', async () => {
    const [walk, nibble, square, pulse] = toySystem.tables;
    assert.ok(walk && nibble && square && pulse);
    for (const [system, profile, code] of [
      [
        { ...toySystem, tables: [walk, { ...nibble, isRequired: false }, square, pulse] },
        NO_GRIND,
        'OPTIONAL_PREPROCESSED',
      ],
      [
        { ...toySystem, tables: [walk, nibble, square, { ...pulse, mainColumns: [] }] },
        NO_GRIND,
        'NO_MAIN_COLUMNS',
      ],
      [toySystem, { ...NO_GRIND, logFinalLength: 8 }, 'NO_POSSIBLE_HEIGHT'],
      [toySystem, { ...NO_GRIND, logCap: 5 }, 'PROFILE_INCONSISTENT'],
      [toySystem, { ...NO_GRIND, logBlowup: 0 }, 'PROFILE_INCONSISTENT'],
      [toySystem, { ...NO_GRIND, logFoldArity: 4 }, 'PROFILE_INCONSISTENT'],
      [toySystem, { ...NO_GRIND, queries: 0 }, 'PROFILE_INCONSISTENT'],
    ] as const)
      await assert.rejects(
        generateKey(createReferenceBackend(), system, profile, toyPreprocessed(0)),
        (error) => error instanceof KeyError && error.code === code,
        code,
      );
  });
});
