/** Group T: provers that exploit the transcript. Each test builds the cheat and a control that passes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defineSystem } from '../../stark/air/builder.ts';
import { AirError } from '../../stark/air/errors.ts';
import { tensorWeights } from '../../stark/batching.ts';
import * as extension from '../../stark/field/extension.ts';
import { MODULUS, power, reverseBits, rootOfUnity } from '../../stark/field/koalaBear.ts';
import { generateKey, keyDigest, type VerifyingKey } from '../../stark/keys.ts';
import { profileDigest } from '../../stark/profile.ts';
import { LEAF_TAG, proofShape } from '../../stark/proof/shape.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import { leafDigests } from '../../stark/reference/merkle.ts';
import { createTranscript, LABEL } from '../../stark/transcript.ts';
import { verify } from '../../stark/verifier.ts';
import {
  assertAccepted,
  assertRejected,
  createCheatingTranscript,
  createSetting,
  decodeIn,
  encodeWith,
  GROUND,
  HEIGHTS,
  NO_GRIND,
  ONE_QUERY,
  proveIn,
  settingOf,
  TALL,
  verdictIn,
  withEntry,
  withWord,
} from '../support/cheating.ts';
import { SLOT, TOY_STATEMENT, toyInstance, toyPreprocessed, toySystem } from '../support/toySystems.ts';

/** A transcript that leaves one message out. */
function without(label: number): ReturnType<typeof createTranscript> {
  return createCheatingTranscript({ absorb: (got, words) => (got === label ? undefined : words) });
}

/** A transcript that binds other words for one message. */
function instead(label: number, words: ArrayLike<number>): ReturnType<typeof createTranscript> {
  return createCheatingTranscript({ absorb: (got, honest) => (got === label ? words : honest) });
}

describe('T: transcript', () => {
  it('T1: a proof under key A does not pass under key B of the same shape', async () => {
    const setting = await createSetting(NO_GRIND);
    const honest = await proveIn(setting);
    assertAccepted(verdictIn(setting, honest));
    const others: [string, VerifyingKey][] = [
      ['preprocessed cap', { ...setting.key, preprocessedCap: withWord(setting.key.preprocessedCap, 3) }],
      ['machine name', { ...setting.key, system: { ...toySystem, name: 'other' } }],
      ['machine version', { ...setting.key, system: { ...toySystem, version: 2 } }],
    ];
    for (const [what, key] of others) {
      assert.notDeepEqual(keyDigest(key), keyDigest(setting.key), what);
      assertRejected(verdictIn(setting, honest, key), 'QUOTIENT_MISMATCH');
    }
    const unbound = await proveIn(setting, { transcript: without(LABEL.KEY) });
    assertRejected(verdictIn(setting, unbound), 'QUOTIENT_MISMATCH');
  });

  it('T2: no word of the statement can be changed, added or removed', async () => {
    const setting = await createSetting(NO_GRIND);
    const honest = await proveIn(setting);
    for (let word = 0; word < TOY_STATEMENT.length; word++)
      assertRejected(
        verdictIn(setting, honest, setting.key, withWord(TOY_STATEMENT, word)),
        'QUOTIENT_MISMATCH',
      );
    // Words that no constraint reads are bound by the transcript alone.
    const unbound = await proveIn(setting, { transcript: without(LABEL.STATEMENT) });
    assertRejected(verdictIn(setting, unbound), 'QUOTIENT_MISMATCH');
    for (const statement of [TOY_STATEMENT.subarray(0, 7), Uint32Array.of(...TOY_STATEMENT, 0)])
      assertRejected(verdictIn(setting, honest, setting.key, statement), 'STATEMENT_MALFORMED');
    const notCanonical = TOY_STATEMENT.map((word, index) => (index === 7 ? word + MODULUS : word));
    assertRejected(verdictIn(setting, honest, setting.key, notCanonical), 'STATEMENT_MALFORMED');
    assertAccepted(verdictIn(setting, honest));
  });

  it('T3: a proof binds the heights, and its shape follows from them', async () => {
    const setting = await createSetting(ONE_QUERY);
    const honest = await proveIn(setting);
    const proof = decodeIn(setting, honest);
    const words = proof.logHeights.map((logHeight) => (logHeight ?? -1) + 1);
    const unbound = await proveIn(setting, { transcript: without(LABEL.HEIGHTS) });
    assertRejected(verdictIn(setting, unbound), 'QUOTIENT_MISMATCH');
    const otherBound = await proveIn(setting, {
      transcript: instead(LABEL.HEIGHTS, withEntry(words, SLOT.pulse, 6)),
    });
    assertRejected(verdictIn(setting, otherBound), 'QUOTIENT_MISMATCH');
    // Another height with the same words: one vector for the commitment, another for the evaluation.
    for (const [slot, logHeight, reason] of [
      [SLOT.walk, 6, 'TRUNCATED'],
      [SLOT.square, 4, 'TRAILING_BYTES'],
      [SLOT.pulse, 5, 'QUOTIENT_MISMATCH'],
    ] as const) {
      const logHeights = withEntry(proof.logHeights, slot, logHeight);
      const counts = proof.distinctCounts;
      const distinctCounts = slot === SLOT.walk ? [counts[0]!, ...counts] : counts;
      assertRejected(verdictIn(setting, encodeWith(proof, { logHeights, distinctCounts })), reason);
    }
    assertAccepted(verdictIn(setting, honest));
  });

  it('T4: no table can be dropped, added, reordered or duplicated', async () => {
    const setting = await createSetting(NO_GRIND);
    const honest = await proveIn(setting);
    const proof = decodeIn(setting, honest);
    const dropped = encodeWith(proof, { logHeights: withEntry(proof.logHeights, SLOT.square, undefined) });
    assertRejected(verdictIn(setting, dropped), 'TRAILING_BYTES');
    const required = encodeWith(proof, { logHeights: withEntry(proof.logHeights, SLOT.walk, undefined) });
    assertRejected(verdictIn(setting, required), 'TABLE_MISSING', { table: 'walk' });
    const absent = await settingOf(toyInstance({ walk: 5, square: undefined, pulse: 4 }), NO_GRIND);
    const withoutSquares = await proveIn(absent);
    assertAccepted(verdictIn(absent, withoutSquares));
    const added = encodeWith(decodeIn(absent, withoutSquares), {
      logHeights: withEntry(proof.logHeights, SLOT.square, 3),
    });
    assertRejected(verdictIn(absent, added), 'TRUNCATED');
    // The presence of a table is bound even if the shape were the same.
    const flagged = await proveIn(absent, { transcript: instead(LABEL.HEIGHTS, [6, 5, 4, 5]) });
    assertRejected(verdictIn(absent, flagged), 'QUOTIENT_MISMATCH');
    // Another order or number of tables is another machine.
    const reordered = { ...toySystem, tables: [...toySystem.tables].reverse() };
    assertRejected(verdictIn(setting, honest, { ...setting.key, system: reordered }), 'HEIGHT_OUT_OF_RANGE', {
      table: 'nibble',
    });
    assert.throws(
      () => defineSystem({ ...toySystem, tables: [...toySystem.tables, toySystem.tables[0]!] }),
      (error) => error instanceof AirError && error.code === 'DUPLICATE_TABLE',
    );
    assertAccepted(verdictIn(setting, honest));
  });

  it('T5: the preprocessed columns and their height are those of the key', async () => {
    const setting = await createSetting(NO_GRIND);
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    // The nibbles 1..16: a true proof of another program.
    const forged = await settingOf(toyInstance(HEIGHTS, 1, 1), NO_GRIND);
    const underForgedKey = await proveIn(forged);
    assertAccepted(verdictIn(forged, underForgedKey));
    assertRejected(verdictIn(setting, underForgedKey), 'QUOTIENT_MISMATCH');
    // Claims the honest key in the transcript, and opens the forged tree.
    const claimed = await proveIn(forged, { transcript: instead(LABEL.KEY, keyDigest(setting.key)) });
    assertRejected(verdictIn(setting, claimed), 'TREE_OPENING', { tree: 'preprocessed' });
    assertRejected(
      verdictIn(setting, await proveIn(setting), { ...setting.key, preprocessedLogHeights: [5] }),
      'HEIGHT_NOT_OF_KEY',
      { table: 'nibble', expected: 5, got: 4 },
    );
    assertRejected(
      verdictIn(setting, await proveIn(setting), { ...setting.key, preprocessedLogHeights: [8] }),
      'KEY_MALFORMED',
      { code: 'PREPROCESSED_HEIGHT' },
    );
    assertRejected(
      verdictIn(setting, await proveIn(setting), { ...setting.key, preprocessedLogHeights: [] }),
      'KEY_MALFORMED',
      { code: 'PREPROCESSED_COUNT' },
    );
  });

  it('T6: the sums are bound before the challenges that check them', async () => {
    const setting = await createSetting(NO_GRIND);
    const honest = await proveIn(setting);
    assertAccepted(verdictIn(setting, honest));
    const proof = decodeIn(setting, honest);
    // Moves one from a table's sum to another's, so that the total stays 0.
    const moved = withWord(withWord(proof.sums, 0), extension.DEGREE, MODULUS - 1);
    assertRejected(verdictIn(setting, encodeWith(proof, { sums: moved })), 'QUOTIENT_MISMATCH');
    const unbound = await proveIn(setting, { transcript: without(LABEL.SUMS) });
    assertRejected(verdictIn(setting, unbound), 'QUOTIENT_MISMATCH');
    assertRejected(
      verdictIn(setting, encodeWith(decodeIn(setting, unbound), { sums: moved })),
      'QUOTIENT_MISMATCH',
    );
  });

  it('T6: the sum of an absent table is 0, and has no words in a proof', async () => {
    const absent = await settingOf(toyInstance({ walk: 5, square: undefined, pulse: 4 }), NO_GRIND);
    const bound: Uint32Array[] = [];
    const recording = createCheatingTranscript({
      absorb: (label, words) => {
        if (label === LABEL.SUMS) bound.push(Uint32Array.from(words));
        return words;
      },
    });
    const honest = await proveIn(absent, { transcript: recording });
    assertAccepted(verdictIn(absent, honest));
    const proof = decodeIn(absent, honest);
    // `walk`, `nibble`, and `square`, which is absent.
    assert.deepEqual(bound, [Uint32Array.of(...proof.sums, ...extension.ZERO)]);
    const words = bound[0]!;
    // The absent table takes what is missing from the sums of the others.
    const taken = withWord(words, 2 * extension.DEGREE, MODULUS - 1);
    const sums = withWord(proof.sums, 0);
    assertRejected(verdictIn(absent, encodeWith(proof, { sums: taken })), 'TRAILING_BYTES');
    assertRejected(verdictIn(absent, encodeWith(proof, { sums })), 'SUM_NOT_ZERO');
    const lying = await proveIn(absent, { transcript: instead(LABEL.SUMS, taken) });
    assertRejected(verdictIn(absent, lying), 'QUOTIENT_MISMATCH');
    assertRejected(verdictIn(absent, encodeWith(decodeIn(absent, lying), { sums })), 'SUM_NOT_ZERO');
    // Bound without the absent table's place: other challenges.
    const short = await proveIn(absent, { transcript: instead(LABEL.SUMS, proof.sums) });
    assertRejected(verdictIn(absent, short), 'QUOTIENT_MISMATCH');
  });

  it('T7: the openings of two matrices cannot be exchanged, joined or split', async () => {
    const setting = await createSetting(ONE_QUERY, TALL);
    const messages: Uint32Array[] = [];
    const recording = createCheatingTranscript({
      absorb: (label, words) => {
        if (label === LABEL.OPENINGS) messages.push(Uint32Array.from(words));
        return words;
      },
    });
    const honest = await proveIn(setting, { transcript: recording });
    assertAccepted(verdictIn(setting, honest));
    const proof = decodeIn(setting, honest);
    const shape = proofShape(toySystem, ONE_QUERY, proof.logHeights);
    const matrices = shape.trees.flatMap((tree) => tree.matrices);
    assert.deepEqual(
      messages.map(({ length }) => length),
      matrices.map(({ columns, nextColumns }) => extension.DEGREE * (columns + nextColumns)),
    );
    assert.deepEqual(Uint32Array.of(...messages.flatMap((words) => [...words])), proof.openings);

    // The quotients of two tables have one width.
    const [left, right] = matrices.filter(({ phase }) => phase === 'quotient');
    const wordsOf = ({ firstOpening, columns }: { firstOpening: number; columns: number }): Uint32Array =>
      proof.openings.slice(firstOpening * extension.DEGREE, (firstOpening + columns) * extension.DEGREE);
    const openings = proof.openings.slice();
    openings.set(wordsOf(left!), right!.firstOpening * extension.DEGREE);
    openings.set(wordsOf(right!), left!.firstOpening * extension.DEGREE);
    assertRejected(verdictIn(setting, encodeWith(proof, { openings })), 'QUOTIENT_MISMATCH');

    // The same words bound in another order, or cut into other messages.
    const boundAs = (replaced: readonly (ArrayLike<number> | undefined)[]) => {
      let position = 0;
      return createCheatingTranscript({
        absorb: (label, words) => (label === LABEL.OPENINGS ? replaced[position++] : words),
      });
    };
    const [first, second, ...rest] = messages;
    const joined = Uint32Array.of(...first!, ...second!);
    for (const replaced of [
      [second!, first!, ...rest],
      [undefined, joined, ...rest],
      [joined.subarray(0, 5), joined.subarray(5), ...rest],
      [...messages.map(() => undefined).slice(1), proof.openings],
    ])
      assertRejected(
        verdictIn(setting, await proveIn(setting, { transcript: boundAs(replaced) })),
        'TREE_OPENING',
      );
    assertAccepted(verdictIn(setting, await proveIn(setting, { transcript: boundAs(messages) })));
  });

  it('T7: openings chosen after the batching challenges are rejected', async () => {
    const setting = await createSetting(ONE_QUERY, TALL);
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    // Two values at zeta * g that no constraint reads are changed so that their weighted sum stays the same.
    const challenges: extension.Extension[] = [];
    const transcript = createCheatingTranscript({
      squeeze: (label, words) => {
        if (label === LABEL.BATCH) challenges.push(extension.read(words, 0));
        return words;
      },
    });
    const proof = decodeIn(setting, await proveIn(setting, { transcript }));
    const shape = proofShape(toySystem, ONE_QUERY, proof.logHeights);
    const matrix = shape.trees[1]!.matrices.find(({ slot }) => slot === SLOT.walk)!;
    const weights = tensorWeights(challenges);
    const [firstUnread, secondUnread] = [2, 3];
    const weightAt = (column: number): extension.Extension =>
      weights[8 * matrix.firstBlock + 8 * Math.ceil(matrix.columns / 8) + column]!;
    const change = extension.ONE;
    const counter = extension.negate(
      extension.multiply(
        extension.multiply(change, weightAt(firstUnread)),
        extension.inverse(weightAt(secondUnread)),
      ),
    );
    const openings = proof.openings.slice();
    for (const [column, difference] of [
      [firstUnread, change],
      [secondUnread, counter],
    ] as const) {
      const offset = extension.DEGREE * (matrix.firstOpening + matrix.columns + column);
      extension.write(openings, offset, extension.add(extension.read(openings, offset), difference));
    }
    assert.notDeepEqual(openings, proof.openings);
    assertRejected(verdictIn(setting, encodeWith(proof, { openings })), 'TREE_OPENING');
    const unbound = await proveIn(setting, { transcript: without(LABEL.OPENINGS) });
    assertRejected(verdictIn(setting, unbound), 'TREE_OPENING');
  });

  it('T8: nothing can be changed after a later challenge', async () => {
    const setting = await createSetting(ONE_QUERY, TALL);
    const proof = decodeIn(setting, await proveIn(setting));
    assertAccepted(verdictIn(setting, encodeWith(proof, {})));
    // A final polynomial that agrees at the one place where it is checked: p(y) + c * (y - y_q).
    const logRows = ONE_QUERY.logFinalLength + ONE_QUERY.logBlowup;
    const queryBits = TALL.walk + ONE_QUERY.logBlowup;
    const indices: number[] = [];
    const transcript = createCheatingTranscript({
      squeeze: (label, words) => {
        if (label === LABEL.QUERY) indices.push((words[0]! % 2 ** 24) >> (24 - queryBits));
        return words;
      },
    });
    await proveIn(setting, { transcript });
    const point = power(rootOfUnity(logRows), reverseBits(indices[0]! >> (queryBits - logRows), logRows));
    const finalPolynomial = withWord(withWord(proof.finalPolynomial, 0, MODULUS - point), extension.DEGREE);
    assertRejected(verdictIn(setting, encodeWith(proof, { finalPolynomial })), 'TREE_OPENING');
    const unbound = await proveIn(setting, { transcript: without(LABEL.FINAL_POLYNOMIAL) });
    assertRejected(verdictIn(setting, unbound), 'TREE_OPENING');
    // Commitments: not bound, or exchanged afterwards.
    for (const [label, reason] of [
      [LABEL.MAIN_CAP, 'QUOTIENT_MISMATCH'],
      [LABEL.LOGUP_CAP, 'QUOTIENT_MISMATCH'],
      [LABEL.QUOTIENT_CAP, 'QUOTIENT_MISMATCH'],
      [LABEL.FOLD_CAP, 'TREE_OPENING'],
    ] as const)
      assertRejected(verdictIn(setting, await proveIn(setting, { transcript: without(label) })), reason);
    assertRejected(
      verdictIn(setting, encodeWith(proof, { mainCap: withWord(proof.mainCap, 0) })),
      'QUOTIENT_MISMATCH',
    );
    assertRejected(
      verdictIn(setting, encodeWith(proof, { logUpCap: withWord(proof.logUpCap, 0) })),
      'QUOTIENT_MISMATCH',
    );
    assertRejected(
      verdictIn(setting, encodeWith(proof, { quotientCap: withWord(proof.quotientCap, 0) })),
      'QUOTIENT_MISMATCH',
    );
    for (const layer of proof.foldCaps.keys()) {
      const foldCaps = withEntry(proof.foldCaps, layer, withWord(proof.foldCaps[layer]!, 0));
      assertRejected(verdictIn(setting, encodeWith(proof, { foldCaps })), 'TREE_OPENING');
    }
  });

  it('T9: weaker parameters are another key, never a field of the proof', async () => {
    const groundOnce = { ...GROUND, queries: 1 };
    // Demanded with one query, so that all lengths are known; proved with less.
    for (const [demanded, weaker, reason] of [
      [NO_GRIND, { ...NO_GRIND, queries: 1 }, 'QUOTIENT_MISMATCH'],
      [NO_GRIND, { ...NO_GRIND, name: 'TEST_ONLY_OTHER_NAME' }, 'QUOTIENT_MISMATCH'],
      [ONE_QUERY, { ...ONE_QUERY, logBlowup: 2 }, 'QUERY_COUNTS_MALFORMED'],
      [ONE_QUERY, { ...ONE_QUERY, logFinalLength: 2 }, 'TRAILING_BYTES'],
      [groundOnce, { ...groundOnce, grinding: NO_GRIND.grinding }, 'TRUNCATED'],
      [GROUND, { ...GROUND, grinding: { ...GROUND.grinding, query: 1 } }, 'LOOKUP_GRIND'],
    ] as const) {
      const setting = await createSetting(demanded);
      assertAccepted(verdictIn(setting, await proveIn(setting)));
      const weakSetting = await createSetting(weaker);
      const bytes = await proveIn(weakSetting);
      assertAccepted(verdictIn(weakSetting, bytes));
      assertRejected(verdictIn(setting, bytes), reason);
      // Handing the verifier the weaker key does not help: the policy names profiles by digest.
      assertRejected(verdictIn(setting, bytes, weakSetting.key), 'TEST_ONLY_PROFILE');
    }
  });

  it('T10: every proof of work is checked, at its place and before its challenge', async () => {
    const setting = await createSetting(GROUND);
    const honest = await proveIn(setting);
    assertAccepted(verdictIn(setting, honest));
    const proof = decodeIn(setting, honest);
    const { nonces } = proof;
    const otherNonces = decodeIn(
      setting,
      await proveIn(await createSetting(GROUND, HEIGHTS), {
        transcript: instead(LABEL.STATEMENT, [1]),
      }),
    ).nonces;
    for (const [site, reason] of [
      ['lookup', 'LOOKUP_GRIND'],
      ['deep', 'DEEP_GRIND'],
      ['batch', 'BATCH_GRIND'],
      ['query', 'QUERY_GRIND'],
    ] as const) {
      const elsewhere = site === 'lookup' ? nonces.query : nonces.lookup;
      for (const nonce of [nonces[site]! + 1, elsewhere, otherNonces[site]]) {
        const bytes = encodeWith(proof, { nonces: { ...nonces, [site]: nonce } });
        assertRejected(verdictIn(setting, bytes), reason);
      }
    }
    for (const [layer, nonce] of nonces.folds.entries()) {
      const folds = withEntry(nonces.folds, layer, nonce + 1);
      assertRejected(verdictIn(setting, encodeWith(proof, { nonces: { ...nonces, folds } })), 'FOLD_GRIND', {
        layer,
      });
    }
    // Left out: the bytes lack a word. Found, but bound only after the challenge, that is not at all: other challenges.
    assertRejected(
      verdictIn(setting, encodeWith(proof, { nonces: { ...nonces, lookup: undefined } })),
      'TRUNCATED',
    );
    for (const [label, reason] of [
      [LABEL.LOGUP_GRIND, 'DEEP_GRIND'],
      [LABEL.DEEP_GRIND, 'QUOTIENT_MISMATCH'],
      [LABEL.BATCH_GRIND, 'FOLD_GRIND'],
      [LABEL.FOLD_GRIND, 'FOLD_GRIND'],
    ] as const) {
      const transcript = createCheatingTranscript({ leavesOutGrind: (got) => got === label });
      assertRejected(verdictIn(setting, await proveIn(setting, { transcript })), reason);
    }
  });

  it('T11: lists are bound with label and length', () => {
    const stateAfter = (...messages: [number, number[]][]): Uint32Array => {
      const transcript = createTranscript();
      for (const [label, words] of messages) transcript.absorb(label, words);
      return transcript.state();
    };
    const base = stateAfter([LABEL.SUMS, [5, 7]]);
    assert.deepEqual(base, stateAfter([LABEL.SUMS, [5, 7]]));
    for (const [what, other] of [
      ['zeros appended', stateAfter([LABEL.SUMS, [5, 7, 0, 0]])],
      ['zeros up to a block', stateAfter([LABEL.SUMS, [5, 7, 0, 0, 0, 0, 0, 0]])],
      ['split', stateAfter([LABEL.SUMS, [5]], [LABEL.SUMS, [7]])],
      ['element moved to the neighbour', stateAfter([LABEL.SUMS, [5, 7]], [LABEL.SUMS, []])],
      ['another label', stateAfter([LABEL.OPENINGS, [5, 7]])],
    ] as const)
      assert.notDeepEqual(base, other, what);
    assert.notDeepEqual(
      stateAfter([LABEL.LOGUP_CAP, [1, 2]], [LABEL.SUMS, [3]]),
      stateAfter([LABEL.LOGUP_CAP, [1]], [LABEL.SUMS, [2, 3]]),
    );
  });

  it('T12: no message erases what was bound before it', () => {
    for (const length of [8, 16, 17, 1000]) {
      const states = [1, 2].map((first) => {
        const transcript = createTranscript();
        transcript.absorb(LABEL.KEY, [first]);
        transcript.absorb(LABEL.OPENINGS, new Uint32Array(length).fill(7));
        return transcript.state();
      });
      assert.notDeepEqual(states[0], states[1], `${length} words`);
    }
    // A challenge is the state itself, and the state moves on with every one.
    const transcript = createTranscript();
    const first = transcript.squeeze(LABEL.ALPHA);
    assert.deepEqual(first, transcript.state());
    assert.notDeepEqual(first, transcript.squeeze(LABEL.ALPHA));
  });

  it('T13: a layer, a tree or a program cannot stand for another', async () => {
    const setting = await createSetting(ONE_QUERY, TALL);
    const proof = decodeIn(setting, await proveIn(setting));
    assertAccepted(verdictIn(setting, encodeWith(proof, {})));
    const [first, second, ...rest] = proof.foldCaps;
    const swapped = encodeWith(proof, { foldCaps: [second!, first!, ...rest] });
    assertRejected(verdictIn(setting, swapped), 'TREE_OPENING');
    // The same rows have other leaf digests in each tree.
    const rows = { logRows: 1, columns: [Uint32Array.of(1, 2)], nextColumns: 0 };
    const digests = Object.values(LEAF_TAG).map((tag) => leafDigests([rows], 1, tag).join());
    assert.equal(new Set(digests).size, digests.length);
    // A proof of the same machine with another program, that is with other preprocessed columns.
    const keys = await Promise.all(
      [0, 1].map((firstNibble) =>
        generateKey(createReferenceBackend(), toySystem, ONE_QUERY, toyPreprocessed(firstNibble)),
      ),
    );
    assertAccepted(verdictIn(setting, encodeWith(proof, {}), keys[0]!.verifyingKey));
    assertRejected(verdictIn(setting, encodeWith(proof, {}), keys[1]!.verifyingKey), 'QUOTIENT_MISMATCH');
  });

  it('T14: every challenge varies in all five coordinates, and one from the base field is rejected', async () => {
    const setting = await createSetting(NO_GRIND);
    const sampled = new Map<number, Uint32Array[]>();
    for (const seed of [1, 2, 3]) {
      const transcript = createCheatingTranscript({
        squeeze: (label, words) => {
          sampled.set(label, [...(sampled.get(label) ?? []), words]);
          return words;
        },
      });
      const { traces } = toyInstance(HEIGHTS, seed);
      const bytes = await proveIn(setting, { transcript, traces });
      assertAccepted(verdictIn(setting, bytes));
    }
    const { ALPHA, BETA, LAMBDA, ZETA, BATCH, FOLD } = LABEL;
    for (const label of [ALPHA, BETA, LAMBDA, ZETA, BATCH, FOLD]) {
      const challenges = sampled.get(label) ?? [];
      assert.ok(challenges.length >= 3);
      for (let coordinate = 0; coordinate < extension.DEGREE; coordinate++) {
        const values = challenges.map((words) => words[coordinate]);
        assert.equal(new Set(values).size, challenges.length, `label ${label}, coordinate ${coordinate}`);
        assert.ok(!values.includes(0), `label ${label}, coordinate ${coordinate}`);
      }
    }
    for (const [label, reason] of [
      [ALPHA, 'QUOTIENT_MISMATCH'],
      [BETA, 'QUOTIENT_MISMATCH'],
      [LAMBDA, 'QUOTIENT_MISMATCH'],
      [BATCH, 'DEEP_MISMATCH'],
      [FOLD, 'FOLD_MISMATCH'],
    ] as const) {
      const transcript = createCheatingTranscript({
        squeeze: (got, words) => (got === label ? Uint32Array.of(words[0]!, 0, 0, 0, 0, 0, 0, 0) : words),
      });
      assertRejected(verdictIn(setting, await proveIn(setting, { transcript })), reason);
    }
  });

  it('T15: challenges of one proof are of no use in another', async () => {
    const setting = await createSetting(NO_GRIND);
    const sampled = new Map<number, Uint32Array>();
    const recording = createCheatingTranscript({
      squeeze: (label, words) => {
        sampled.set(label, words);
        return words;
      },
    });
    assertAccepted(verdictIn(setting, await proveIn(setting, { transcript: recording })));
    // A second proof that shares the LogUp challenges of the first instead of committing before it gets its own.
    const { traces } = toyInstance(HEIGHTS, 9);
    const sharing = createCheatingTranscript({
      squeeze: (label, words) =>
        label === LABEL.ALPHA || label === LABEL.BETA ? sampled.get(label)! : words,
    });
    assertRejected(
      verdictIn(setting, await proveIn(setting, { transcript: sharing, traces })),
      'QUOTIENT_MISMATCH',
    );
    assertAccepted(verdictIn(setting, await proveIn(setting, { traces })));
    assert.ok(
      !verify(setting.key, TOY_STATEMENT, new Uint8Array(0), {
        acceptedProfileDigests: [profileDigest(NO_GRIND)],
      }).ok,
    );
  });
});
