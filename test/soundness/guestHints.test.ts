/**
 * Group G: hints that lie to the guest verifier, each against one check. Of an honest proof every index verifies, so a prover
 * that opens another index than the transcript asks for, and lies about one step from the squeezed word to the index and its
 * point, passes every check but the one that binds this step. The same for the sum of an absent table, for which a proof has
 * no words but a hint does, and for a level of heights below every table.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { buildProgram } from '../../machine/builder.ts';
import { MachineError } from '../../machine/errors.ts';
import type { HintFunctions } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { HINT } from '../../programs/aggregate/hintNames.ts';
import { aggregateHints, type ChildWitness, childWitness } from '../../programs/aggregate/witness.ts';
import { assertCanonicalParts, fromBits, UPPER_BIT, UPPER_BITS } from '../../programs/aggregate/words.ts';
import * as extension from '../../stark/field/extension.ts';
import {
  inverse,
  MODULUS,
  multiply,
  power,
  reverseBits,
  rootOfUnity,
  subtract,
} from '../../stark/field/koalaBear.ts';
import { extendColumn } from '../../stark/field/ntt.ts';
import { foldLeaf } from '../../stark/foldLeaf.ts';
import { keyDigest } from '../../stark/keys.ts';
import type { Profile } from '../../stark/profile.ts';
import { decodeProof } from '../../stark/proof/codec.ts';
import { createTranscript, LABEL } from '../../stark/transcript.ts';
import { replayTranscript } from '../../stark/verifier/challenges.ts';
import {
  assertRejected,
  createCheatingTranscript,
  createSetting,
  NO_GRIND,
  nativeVerdictIn,
  ONE_QUERY,
  proveIn,
  type Setting,
  withCell,
} from '../support/cheating.ts';
import { guestProgramFor } from '../support/guestVerifier.ts';
import { createRandom } from '../support/random.ts';
import { SLOT } from '../support/toySystems.ts';

/** Four digests in a cap, so that the cap's bits are hints of their own; layers of 8, 4 and 2 elements; a last stretch. */
const PROFILE: Profile = { ...ONE_QUERY, name: 'TEST_ONLY_ONE_QUERY_CAP', logCap: 2 };
const HEIGHTS = { walk: 8, nibble: 5, square: 3, pulse: undefined };
const LOG_ROWS = HEIGHTS.walk + PROFILE.logBlowup;
const UNIT = 2 ** (UPPER_BIT - LOG_ROWS);

/** What the prover says instead of the truth; what it leaves open is what belongs to the index that it opens. */
interface Lie {
  /** The index that is opened. */
  readonly opened: number;
  readonly index?: number;
  readonly rest?: number;
  readonly point?: number;
  readonly upper?: number;
  /** The bits of the upper part, which are none. */
  readonly upperBits?: readonly number[];
  /** The digest of the cap. */
  readonly cap?: number;
}

function pointOf(index: number): number {
  return power(rootOfUnity(UPPER_BIT), reverseBits(index * UNIT, UPPER_BIT));
}

function bitsOf(word: number, count: number): number[] {
  return Array.from({ length: count }, (_, bit) => (word >>> bit) & 1);
}

/**
 * The witness of a proof with one query that opens another index than the transcript asks for: what was opened stands under the
 * latter, whichever index is asked for.
 */
function filedUnder(witness: ChildWitness, index: number, tallestLogRows: number): ChildWitness {
  type Tree = ChildWitness['foldTrees'][number];
  const at = (logRows: number): number => index >>> (tallestLogRows - logRows);
  const refile = (tree: Tree): Tree => ({
    logCap: tree.logCap,
    leafRow: (logRows) => tree.leafRow(logRows, at(logRows)),
    siblings: (logRows, nextLogRows) => tree.siblings(logRows, nextLogRows, at(logRows)),
  });
  return {
    ...witness,
    phaseTrees: witness.phaseTrees.map((tree) => (tree === undefined ? undefined : refile(tree))),
    foldTrees: witness.foldTrees.map(refile),
  };
}

describe('G: hints about query indices', () => {
  let setting: Setting;
  let word = 0;
  let index = 0;
  before(async () => {
    setting = await createSetting(PROFILE, HEIGHTS);
    const hints = hintsFor(await witnessOf(await proveIn(setting)));
    const honest: HintFunctions = {
      ...hints,
      [HINT.query](inputs, memory) {
        word = inputs[0]!;
        return hints[HINT.query]!(inputs, memory);
      },
    };
    run(guestProgramFor(setting.key), honest);
    index = Math.floor((word % 2 ** UPPER_BIT) / UNIT);
  });

  function hintsFor(witness: ChildWitness): HintFunctions {
    return aggregateHints(new Uint32Array(8), [witness]);
  }

  async function witnessOf(proofBytes: Uint8Array): Promise<ChildWitness> {
    const { key, profile, instance } = setting;
    const witnessed = childWitness(key.system, [profile], {
      key,
      statement: instance.statement,
      proofBytes,
      inner: undefined,
    });
    assert.ok(witnessed.ok);
    return witnessed.witness;
  }

  /** The hints of a prover that tells a lie; its proof is honest but for the index that it opens. */
  async function lyingHints(lie: Lie): Promise<HintFunctions> {
    const transcript = createCheatingTranscript({
      squeeze: (label, words) =>
        label === LABEL.QUERY ? words.map((each, query) => (query === 0 ? lie.opened * UNIT : each)) : words,
    });
    const bytes = await proveIn(setting, { transcript });
    assert.equal(nativeVerdictIn(setting, bytes).ok, lie.opened === index);
    const witness = await witnessOf(bytes);
    const honest = hintsFor(filedUnder(witness, index, LOG_ROWS));
    const upper = Math.floor(word / 2 ** UPPER_BIT);
    return {
      ...honest,
      [HINT.query]: () => [
        lie.index ?? lie.opened,
        lie.rest ?? word % UNIT,
        lie.point ?? pointOf(lie.opened),
      ],
      [HINT.bits]: ([, first, count]) =>
        first === UPPER_BIT
          ? (lie.upperBits ?? bitsOf(lie.upper ?? upper, count!))
          : bitsOf(lie.cap ?? lie.opened >>> (LOG_ROWS - PROFILE.logCap), count!),
    };
  }

  async function assertRefused(name: string, lie: Lie, code: string, file: RegExp): Promise<void> {
    const hints = await lyingHints(lie);
    assert.throws(
      () => run(guestProgramFor(setting.key), hints),
      (error) => {
        assert.ok(error instanceof MachineError, `${name}: ${String(error)}`);
        assert.equal(error.code, code, `${name}: ${String(error)}`);
        assert.match(error.location?.source ?? '', file, `${name}: ${String(error)}`);
        return true;
      },
      name,
    );
  }

  it('G2: another index than the transcript asks for is not opened', async () => {
    run(guestProgramFor(setting.key), await lyingHints({ opened: index }));
    const below = index - 1;
    const above = (index + 1) % 2 ** LOG_ROWS;
    const rest = word % UNIT;
    const upper = Math.floor(word / 2 ** UPPER_BIT);
    assert.ok(index > 0 && upper > 0);
    await assertRefused('another index', { opened: below }, 'RELATION_FAILED', /\/words\.ts:/);
    await assertRefused(
      'the rest makes up',
      { opened: below, rest: rest + UNIT },
      'CALL_FAILED',
      /\/queries\.ts:/,
    );
    await assertRefused(
      'the rest is negative',
      { opened: above, rest: subtract(rest, UNIT) },
      'CALL_FAILED',
      /\/queries\.ts:/,
    );
    // The opened rows are those of the index modulo the number of rows, or of the cap's first quarter.
    await assertRefused(
      'the upper bits make up',
      { opened: index, index: index + 2 ** LOG_ROWS, upper: upper - 1 },
      'CALL_FAILED',
      /\/queries\.ts:/,
    );
    const missing = multiply(subtract(word, below * UNIT + rest), inverse(2 ** UPPER_BIT));
    await assertRefused(
      'a bit makes up that is none',
      { opened: below, upperBits: [missing, 0, 0, 0, 0, 0, 0] },
      'RELATION_FAILED',
      /\/words\.ts:/,
    );
    await assertRefused(
      'the index is a fraction',
      { opened: below, index: multiply(word % 2 ** UPPER_BIT, inverse(UNIT)), rest: 0 },
      'CALL_FAILED',
      /\/queries\.ts:/,
    );
    await assertRefused(
      'another digest of the cap',
      { opened: index, cap: (index >>> (LOG_ROWS - PROFILE.logCap)) ^ 1 },
      'CALL_FAILED',
      /\/queries\.ts:/,
    );
  });

  it('G3: the point belongs to the index', async () => {
    // Minus the point has the same square; a root of higher order leaves the point of the tallest height as it is.
    const fresh = rootOfUnity(UPPER_BIT - LOG_ROWS);
    for (const [name, lie] of [
      ['of another index', { opened: index, point: pointOf(index ^ 1) }],
      ['minus the point', { opened: index, point: MODULUS - pointOf(index) }],
      ['of the same height', { opened: index, point: multiply(pointOf(index), fresh) }],
      ['zero', { opened: index, point: 0 }],
    ] as const) {
      const hints = await lyingHints(lie);
      assert.throws(() => run(guestProgramFor(setting.key), hints), MachineError, name);
    }
  });

  it('G4: a word has one decomposition', () => {
    const parts = buildProgram('parts', (program) => {
      const given = program.hintValue('word', []);
      const low = fromBits(program, given, 0, UPPER_BIT);
      assertCanonicalParts(program, given, low, fromBits(program, given, UPPER_BIT, UPPER_BITS));
    });
    /** As an integer below 2^31, whatever it is modulo p. */
    const isAccepted = (given: number, integer: number): boolean => {
      const hints: HintFunctions = {
        word: () => [given],
        [HINT.bits]: ([, first, count]) => bitsOf(Math.floor(integer / 2 ** first!), count!),
        [HINT.canonicalFactor]: ([low, distance]) => [
          distance === 0 ? 0 : multiply(low!, inverse(distance!)),
        ],
      };
      try {
        run(parts, hints);
        return true;
      } catch (error) {
        if (error instanceof MachineError) return false;
        throw error;
      }
    };
    for (const given of [0, 1, 2 ** 24 - 2, 2 ** 24, MODULUS - 2, MODULUS - 1])
      assert.ok(isAccepted(given, given), `${given}`);
    for (const given of [0, 1, UNIT - 1, 2 ** 24 - 2])
      assert.ok(!isAccepted(given, given + MODULUS), `${given} as ${given} + p`);
  });
});

describe('G: hints about tables that are absent', () => {
  async function witnessIn({ key, instance }: Setting, proofBytes: Uint8Array): Promise<ChildWitness> {
    const { statement } = instance;
    const child = { key, statement, proofBytes, inner: undefined };
    const witnessed = childWitness(key.system, [key.profile], child);
    assert.ok(witnessed.ok);
    return witnessed.witness;
  }

  it('G5: an absent table has no sum that balances the others', async () => {
    const heights = { walk: 5, square: undefined, pulse: 4 };
    const setting = await createSetting(ONE_QUERY, heights);
    // One nibble is served once too often.
    const traces = withCell(setting.instance.traces, SLOT.nibble, 0, 3, 1000);
    let balanced = new Uint32Array(0);
    const transcript = createCheatingTranscript({
      absorb(label, words) {
        if (label !== LABEL.SUMS) return words;
        balanced = Uint32Array.from(words);
        const sums = [0, 1].map((position) => extension.read(balanced, position * extension.DEGREE));
        const missing = extension.subtract(extension.ZERO, extension.add(sums[0]!, sums[1]!));
        assert.ok(!extension.isZero(missing));
        balanced.set(missing, 2 * extension.DEGREE);
        return balanced;
      },
    });
    const bytes = await proveIn(setting, { transcript, traces });
    assert.equal(nativeVerdictIn(setting, bytes).ok, false);
    const { key, instance, profile } = setting;
    const decoded = decodeProof(bytes, key);
    assert.ok(decoded.ok);
    const { proof, shape, trees } = decoded;
    const replayed = replayTranscript(
      createTranscript(),
      keyDigest(key),
      instance.statement,
      proof,
      shape,
      trees,
      profile,
    );
    assert.ok(replayed.ok);
    const witness = filedUnder(
      await witnessIn(setting, bytes),
      replayed.challenges.queryIndices[0]!,
      trees.logRows,
    );
    const sums = new Uint32Array(5 * 8);
    sums.set(balanced);
    const hints = { ...aggregateHints(new Uint32Array(8), [witness]), [HINT.sums]: () => sums };
    assert.throws(
      () => run(guestProgramFor(key), hints),
      (error) =>
        error instanceof MachineError &&
        error.code === 'RELATION_FAILED' &&
        /^aggregate\/verifyChild\.ts:/.test(error.location?.source ?? ''),
    );
  });

  it('G6: absent tables at the level -1 do not stand in for one that is left out', async () => {
    const setting = await createSetting(NO_GRIND, { walk: 6, nibble: 6, square: undefined, pulse: 4 });
    const witness = await witnessIn(setting, await proveIn(setting));
    let asked = 0;
    const hints: HintFunctions = {
      ...aggregateHints(new Uint32Array(8), [witness]),
      [HINT.heightCount]: () => [2],
      [HINT.nextHeight]: () => [[6, MODULUS - 1][asked++]!],
    };
    assert.throws(
      () => run(guestProgramFor(setting.key), hints),
      (error) =>
        error instanceof MachineError &&
        error.code === 'CALL_FAILED' &&
        /^aggregate\/words\.ts:/.test(error.location?.source ?? ''),
    );
  });
});

describe('G: hints about the final polynomial', () => {
  it('G7: there are no coefficients behind the last', async () => {
    // A column that is no polynomial: with one query nothing but the final polynomial tells.
    const random = createRandom(7);
    let columns = 0;
    const extend: typeof extendColumn = (column, logBlowup) =>
      columns++ === 2 ? random.words(column.length << logBlowup) : extendColumn(column, logBlowup);
    const heights = { walk: 5, square: 2, pulse: 4 };
    const setting = await createSetting(ONE_QUERY, heights, { extend });
    const bytes = await proveIn(setting);
    assertRejected(nativeVerdictIn(setting, bytes), 'FINAL_MISMATCH');
    const { key, instance, profile } = setting;
    const { statement } = instance;
    const decoded = decodeProof(bytes, key);
    assert.ok(decoded.ok);
    const { proof, shape, trees } = decoded;
    const digest = keyDigest(key);
    const replayed = replayTranscript(createTranscript(), digest, statement, proof, shape, trees, profile);
    assert.ok(replayed.ok);
    const { queryIndices, folds } = replayed.challenges;

    // What the folds lead to, and the fifth coefficient, absorbed nowhere, that makes up for it.
    const { logHeight, logArity } = shape.folds.at(-1)!;
    const logRows = profile.logFinalLength + profile.logBlowup;
    const last = queryIndices[0]! >>> (trees.logRows - logRows);
    const { rows } = proof.foldOpenings.at(-1)!;
    const values = Array.from({ length: 2 ** logArity }, (_, place) =>
      extension.read(rows, place * extension.DEGREE),
    );
    const carried = foldLeaf(values, last, logHeight + profile.logBlowup, folds.at(-1)!);
    const point = power(rootOfUnity(logRows), reverseBits(last, logRows));
    const [constant, slope] = [0, 1].map((each) =>
      extension.read(proof.finalPolynomial, each * extension.DEGREE),
    );
    const value = extension.add(constant!, extension.multiplyByBase(slope!, point));
    const missing = extension.multiplyByBase(extension.subtract(carried, value), inverse(power(point, 4)));
    const words = new Uint32Array(8 * extension.DEGREE);
    words.set(proof.finalPolynomial);
    words.set(missing, 4 * extension.DEGREE);

    const witnessed = childWitness(key.system, [profile], {
      key,
      statement,
      proofBytes: bytes,
      inner: undefined,
    });
    assert.ok(witnessed.ok);
    const hints = {
      ...aggregateHints(new Uint32Array(8), [witnessed.witness]),
      [HINT.finalPolynomial]: () => words,
    };
    assert.throws(
      () => run(guestProgramFor(key), hints),
      (error) =>
        error instanceof MachineError &&
        error.code === 'RELATION_FAILED' &&
        /^aggregate\/verifyChild\.ts:/.test(error.location?.source ?? ''),
    );
  });
});
