/**
 * The aggregate program against the native verifier, on proofs of the toy machine: what one accepts the other accepts, what
 * one rejects the other cannot run past.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import type { HintFunction, Program } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { buildTestOnlyAggregateProgram } from '../../programs/aggregate/aggregateProgram.ts';
import {
  type AggregateEntry,
  aggregateStatement,
  entriesDigest,
} from '../../programs/aggregate/aggregateStatement.ts';
import { AggregationError } from '../../programs/aggregate/errors.ts';
import { HINT } from '../../programs/aggregate/hintNames.ts';
import { MAXIMUM_CHILD_BYTES, prepareAggregate } from '../../programs/aggregate/prepare.ts';
import { runAggregate } from '../../programs/aggregate/run.ts';
import {
  aggregateHints,
  type Child,
  type ChildWitness,
  childWitness,
} from '../../programs/aggregate/witness.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { keyDigest } from '../../stark/keys.ts';
import { type Profile, profileDigest, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { LABEL } from '../../stark/transcript.ts';
import { productionPolicy } from '../../stark/verifier.ts';
import {
  assertAccepted,
  createCheatingTranscript,
  createSetting,
  GROUND,
  NO_GRIND,
  proveIn,
  type Setting,
  type TranscriptCheat,
  verdictIn,
  withCell,
} from '../support/cheating.ts';
import { guestProgramFor } from '../support/guestVerifier.ts';
import { createRandom } from '../support/random.ts';
import { SLOT, type ToyHeights, toySystem } from '../support/toySystems.ts';

const CHEAT_HEIGHTS: ToyHeights = { walk: 5, square: 3, pulse: 4 };

/** Of each of the three subjects. */
const MUTATIONS = 700;

const AGGREGATE_KEY = Uint32Array.of(11, 12, 13, 14, 15, 16, 17, 18);

interface Subject {
  readonly setting: Setting;
  readonly program: Program;
  readonly bytes: Uint8Array;
  readonly child: Child;
}

async function createSubject(profile: Profile, heights: ToyHeights): Promise<Subject> {
  const setting = await createSetting(profile, heights);
  return subjectOf(setting, await proveIn(setting));
}

function subjectOf(setting: Setting, bytes: Uint8Array): Subject {
  return {
    setting,
    program: guestProgramFor(setting.key),
    bytes,
    child: { key: setting.key, statement: setting.instance.statement, proofBytes: bytes, inner: undefined },
  };
}

function witnessOf(child: Child, profiles: readonly Profile[] = [child.key.profile]): ChildWitness {
  const witnessed = childWitness(toySystem, profiles, child);
  assert.ok(witnessed.ok);
  return witnessed.witness;
}

function leafOf({ key, statement }: Child): AggregateEntry {
  return { kind: 'leaf', keyDigest: keyDigest(key), statement };
}

/** Whether the program runs to its end over the child. */
function isAcceptedByProgram({ program }: Subject, child: Child): boolean {
  const witnessed = childWitness(toySystem, [child.key.profile], child);
  // There is no witness of what is no proof.
  if (!witnessed.ok) return false;
  try {
    run(program, aggregateHints(AGGREGATE_KEY, [witnessed.witness]));
    return true;
  } catch (error) {
    assert.ok(error instanceof MachineError, String(error));
    return false;
  }
}

describe('the aggregate program', () => {
  const subjects: Subject[] = [];
  before(async () => {
    subjects.push(
      await createSubject(NO_GRIND, { walk: 5, square: 3, pulse: 4 }),
      await createSubject(TEST_ONLY_LEAF, { walk: 6, square: undefined, pulse: 5 }),
      await createSubject(NO_GRIND, { walk: 4, square: 4, pulse: undefined }),
    );
  });

  it('R57: states what its children state, in their order', () => {
    for (const { program, child } of subjects) {
      const other = { ...child, statement: child.statement.map((word) => word + 1) };
      const witness = witnessOf(child);
      for (const count of [1, 3]) {
        const children = Array.from({ length: count }, () => witness);
        const { statement } = run(program, aggregateHints(AGGREGATE_KEY, children));
        const entries = Array.from({ length: count }, () => leafOf(child));
        assert.deepEqual(statement, aggregateStatement(AGGREGATE_KEY, entries));
        assert.notDeepEqual(statement, aggregateStatement(AGGREGATE_KEY, [...entries, leafOf(child)]));
        assert.notDeepEqual(
          statement,
          aggregateStatement(AGGREGATE_KEY, [leafOf(other), ...entries.slice(1)]),
        );
      }
    }
  });

  it('R52: agrees with the native verifier on mutated proofs', () => {
    const random = createRandom(2026);
    for (const subject of subjects) {
      const { setting, bytes, child } = subject;
      assertAccepted(verdictIn(setting, bytes));
      assert.ok(isAcceptedByProgram(subject, child));
      for (let mutation = 0; mutation < MUTATIONS; mutation++) {
        const proofBytes = bytes.slice();
        const view = new DataView(proofBytes.buffer);
        const offset = 4 * random.below(bytes.length / 4);
        view.setUint32(
          offset,
          (view.getUint32(offset, true) + 1 + random.below(MODULUS - 1)) % MODULUS,
          true,
        );
        const native = verdictIn(setting, proofBytes);
        assert.equal(
          isAcceptedByProgram(subject, { ...child, proofBytes }),
          native.ok,
          `word ${offset / 4}: ${native.ok ? 'accepted' : native.reason}`,
        );
      }
    }
  });

  it('agrees with the native verifier on provers that cheat at the transcript', async () => {
    const setting = await createSetting(GROUND, CHEAT_HEIGHTS);
    const subject = subjectOf(setting, await proveIn(setting));
    const { KEY, STATEMENT, HEIGHTS, MAIN_CAP, LOGUP_CAP, SUMS, QUOTIENT_CAP } = LABEL;
    const { OPENINGS, FOLD_CAP, FINAL_POLYNOMIAL } = LABEL;
    const messages = [
      KEY,
      STATEMENT,
      HEIGHTS,
      MAIN_CAP,
      LOGUP_CAP,
      SUMS,
      QUOTIENT_CAP,
      OPENINGS,
      FOLD_CAP,
      FINAL_POLYNOMIAL,
    ];
    const cheats: TranscriptCheat[] = [
      ...messages.map((cheated) => ({
        absorb: (label: number, words: ArrayLike<number>) => (label === cheated ? undefined : words),
      })),
      ...[LABEL.ALPHA, LABEL.BETA, LABEL.LAMBDA, LABEL.ZETA, LABEL.BATCH, LABEL.FOLD, LABEL.QUERY].map(
        (cheated) => ({
          squeeze: (label: number, honest: Uint32Array) =>
            label === cheated ? Uint32Array.of(7, 6, 5, 4, 3, 2, 1, 0) : honest,
        }),
      ),
      ...[LABEL.LOGUP_GRIND, LABEL.DEEP_GRIND, LABEL.BATCH_GRIND, LABEL.FOLD_GRIND, LABEL.QUERY_GRIND].map(
        (cheated) => ({ leavesOutGrind: (label: number) => label === cheated }),
      ),
    ];
    for (const [number, cheat] of cheats.entries()) {
      const proofBytes = await proveIn(setting, { transcript: createCheatingTranscript(cheat) });
      assert.equal(verdictIn(setting, proofBytes).ok, false, `cheat ${number}`);
      assert.ok(!isAcceptedByProgram(subject, { ...subject.child, proofBytes }), `cheat ${number}`);
    }
  });

  it('agrees with the native verifier on false traces', async () => {
    const { setting, child } = subjects[0]!;
    const subject = subjects[0]!;
    for (const [slot, column] of [
      [SLOT.walk, 0],
      [SLOT.walk, 3],
      [SLOT.square, 1],
      [SLOT.pulse, 8],
    ] as const) {
      const traces = withCell(setting.instance.traces, slot, column, 3, 9);
      const proofBytes = await proveIn(setting, { traces });
      assert.equal(verdictIn(setting, proofBytes).ok, false);
      assert.ok(!isAcceptedByProgram(subject, { ...child, proofBytes }));
    }
  });

  it('verifies children under different profiles and of different heights', () => {
    const profiles = [NO_GRIND, TEST_ONLY_LEAF];
    const program = buildTestOnlyAggregateProgram(profiles, toySystem);
    const children = [2, 0, 1, 0].map((number) => subjects[number]!.child);
    const witnesses = children.map((child) => witnessOf(child, profiles));
    const { statement } = run(program, aggregateHints(AGGREGATE_KEY, witnesses));
    assert.deepEqual(statement, aggregateStatement(AGGREGATE_KEY, children.map(leafOf)));
    // The code of another profile does not take a proof; a number beyond the last names the last.
    run(program, aggregateHints(AGGREGATE_KEY, [{ ...witnesses[2]!, profileNumber: 7 }]));
    assert.throws(
      () => run(program, aggregateHints(AGGREGATE_KEY, [{ ...witnesses[2]!, profileNumber: 0 }])),
      MachineError,
    );
    const witnessed = childWitness(toySystem, [TEST_ONLY_LEAF], subjects[0]!.child);
    assert.ok(!witnessed.ok && witnessed.reason === 'PROFILE_NOT_VERIFIED');
  });

  it('R56: cannot be run for no child', () => {
    const { program } = subjects[0]!;
    assert.throws(() => run(program, aggregateHints(AGGREGATE_KEY, [])), {
      name: 'MachineError',
      code: 'DIVISION_BY_ZERO',
    });
  });

  it('R55, R56: the host names the child that cannot be aggregated', () => {
    const { child, setting } = subjects[0]!;
    const policy = { acceptedProfileDigests: [profileDigest(setting.profile)] };
    const ownKey = keyDigest(child.key);
    const broken = { ...child, proofBytes: child.proofBytes.slice(4) };
    const inner = { kind: 'inner', entries: [leafOf(child)] } as const;
    const other = subjects[1]!.child;
    const huge = { ...child, proofBytes: new Uint8Array(MAXIMUM_CHILD_BYTES + 1) };
    const both = { acceptedProfileDigests: [setting.profile, TEST_ONLY_LEAF].map(profileDigest) };
    const verifiable = { system: toySystem, profiles: [setting.profile] };
    for (const [key, children, accepted, code, details] of [
      [AGGREGATE_KEY, [], policy, 'NO_ENTRIES', {}],
      [AGGREGATE_KEY, [child, child], policy, 'DUPLICATE_CHILD', { child: 1, first: 0 }],
      [AGGREGATE_KEY, [child, broken], policy, 'CHILD_REJECTED', { child: 1, reason: 'BAD_MAGIC' }],
      [
        AGGREGATE_KEY,
        [child],
        productionPolicy(),
        'CHILD_REJECTED',
        { child: 0, reason: 'TEST_ONLY_PROFILE' },
      ],
      [AGGREGATE_KEY, [{ ...child, inner }], policy, 'NOT_AN_AGGREGATE', { child: 0 }],
      [ownKey, [child], policy, 'UNDECLARED_AGGREGATE', { child: 0 }],
      [ownKey, [{ ...child, inner }], policy, 'STATEMENT_MISMATCH', { child: 0 }],
      [AGGREGATE_KEY, [other], policy, 'CHILD_REJECTED', { child: 0, reason: 'TEST_ONLY_PROFILE' }],
      [AGGREGATE_KEY, [child, other], both, 'PROFILE_NOT_VERIFIED', { child: 1 }],
      [AGGREGATE_KEY, [child, huge], policy, 'CHILD_TOO_LARGE', { child: 1, got: MAXIMUM_CHILD_BYTES + 1 }],
    ] as const)
      assert.throws(
        () => prepareAggregate(key, children, accepted, verifiable),
        (error) => {
          assert.ok(error instanceof AggregationError, String(error));
          assert.equal(error.code, code);
          for (const [name, value] of Object.entries(details)) assert.equal(error.details[name], value, code);
          return true;
        },
      );
    const prepared = prepareAggregate(AGGREGATE_KEY, [child], policy, verifiable);
    assert.deepEqual(prepared.statement, aggregateStatement(AGGREGATE_KEY, [leafOf(child)]));
  });

  it('names the child and the line that a failed run stopped at', () => {
    const { program, child, bytes } = subjects[0]!;
    const proofBytes = bytes.slice();
    proofBytes[bytes.length - 4]! ^= 1;
    const witnesses = [child, { ...child, proofBytes }].map((each) => witnessOf(each));
    assert.throws(
      () => runAggregate(run, program, AGGREGATE_KEY, witnesses),
      (error) =>
        error instanceof AggregationError &&
        error.code === 'CHILD_NOT_VERIFIED' &&
        error.details['child'] === 1 &&
        /^aggregate\/queries\.ts:\d+$/.test(String(error.details['source'])),
    );
    runAggregate(run, program, AGGREGATE_KEY, witnesses.slice(0, 1));
  });

  it('R54: binds key and statement of a child', () => {
    const subject = subjects[0]!;
    const { child } = subject;
    const otherStatement = { ...child, statement: child.statement.map((word) => word + 1) };
    assert.ok(!isAcceptedByProgram(subject, otherStatement));
    const cap = child.key.preprocessedCap.map((word) => (word + 1) % MODULUS);
    assert.ok(!isAcceptedByProgram(subject, { ...child, key: { ...child.key, preprocessedCap: cap } }));
  });

  it('R53: takes a child under its own key as inner only, and only one that says C(K, L)', () => {
    const { program, child } = subjects[0]!;
    const witness = witnessOf(child);
    const ownKey = keyDigest(child.key);
    // The toy's statement is not C(K, L) for a known L: neither kind of entry can be stated.
    assert.throws(() => run(program, aggregateHints(ownKey, [witness])), { code: 'RELATION_FAILED' });
    const entries = [leafOf(child)];
    const asInner = { ...witness, innerDigest: entriesDigest(entries) };
    assert.throws(() => run(program, aggregateHints(ownKey, [asInner])), { code: 'CELL_CONFLICT' });
    // Under another key it is no inner child, whatever the hint says.
    assert.throws(() => run(program, aggregateHints(AGGREGATE_KEY, [asInner])), { code: 'RELATION_FAILED' });
  });

  it('R58: takes no hint that does not fit', () => {
    const { program, child } = subjects[1]!;
    const honest = (): ReturnType<typeof aggregateHints> => aggregateHints(AGGREGATE_KEY, [witnessOf(child)]);
    run(program, honest());
    const addTo =
      (place: number, difference: number) =>
      (words: number[]): number[] =>
        words.map((word, index) => (index === place ? (word + difference + MODULUS) % MODULUS : word));
    // The first word of every hint, of every kind. What proves nothing but a range takes any siblings, and a statement under
    // another K is another statement.
    const free: readonly string[] = [
      HINT.anySiblings,
      HINT.aggregateKey,
      HINT.childCount,
      HINT.nextChild,
      HINT.innerDigest,
    ];
    const tampered: [string, (words: number[]) => number[]][] = Object.values(HINT)
      .filter((name) => !free.includes(name))
      .map((name) => [name, addTo(0, 1)]);
    tampered.push(
      // Bits that still add up to the word; rests and upper bits that do.
      [
        HINT.bits,
        (bits) =>
          bits.map((bit, place) =>
            place === 0 ? (bit + MODULUS - 2) % MODULUS : place === 1 ? bit + 1 : bit,
          ),
      ],
      [
        HINT.wordParts,
        ([middle, upper]) => [(middle! + 2 ** 21) % MODULUS, (upper! + MODULUS - 1) % MODULUS],
      ],
      [HINT.query, addTo(1, 1)],
      [HINT.query, addTo(2, 1)],
      [HINT.unitFactors, (factors) => factors.map(() => 0)],
      [HINT.place, addTo(0, 2 ** 3)],
      [HINT.heightCount, addTo(0, -1)],
    );
    for (const [name, tamper] of tampered) {
      const hints = honest();
      let isAsked = false;
      const given: HintFunction = (inputs, memory) => {
        isAsked = true;
        return tamper(Array.from(hints[name]!(inputs, memory)));
      };
      assert.throws(() => run(program, { ...hints, [name]: given }), MachineError, name);
      assert.ok(isAsked, name);
    }
  });

  it('R58: does not take a second decomposition of a word', () => {
    // Words below 2^24 - 1 have two decompositions into 31 bits: their own, and that of the word + p.
    const { program, child } = subjects[1]!;
    const other = (word: number): number => (word + MODULUS < 2 ** 31 ? word + MODULUS : word ^ (2 ** 30));
    for (const name of [HINT.bits, HINT.wordParts]) {
      const honest = aggregateHints(AGGREGATE_KEY, [witnessOf(child)]);
      const hints = {
        ...honest,
        [name]: (([word, ...rest], memory) =>
          honest[name]!([other(word!), ...rest], memory)) satisfies HintFunction,
      };
      assert.throws(() => run(program, hints), { code: 'RELATION_FAILED' }, name);
    }
  });
});
