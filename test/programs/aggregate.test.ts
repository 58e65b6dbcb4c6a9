/**
 * The aggregate program against the native verifier, on proofs of the toy machine: what one accepts the other accepts, what
 * one rejects the other cannot run past.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { execute } from '../../machine/executor.ts';
import { extensionTable } from '../../machine/extension/table.ts';
import type { HintFunction, HintFunctions, Program } from '../../machine/program.ts';
import { CALL_TABLES, DEFAULT_LIMITS } from '../../machine/system.ts';
import {
  buildAggregateProgram,
  buildTestOnlyAggregateProgram,
} from '../../programs/aggregate/aggregateProgram.ts';
import {
  type AggregateEntry,
  aggregateStatement,
  entriesDigest,
} from '../../programs/aggregate/aggregateStatement.ts';
import { type ChildShape, childShape } from '../../programs/aggregate/childShape.ts';
import { AggregationError } from '../../programs/aggregate/errors.ts';
import { HINT } from '../../programs/aggregate/hintNames.ts';
import { prepareAggregate } from '../../programs/aggregate/prepare.ts';
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
import { decodeProof } from '../../stark/proof/codec.ts';
import type { LogHeights } from '../../stark/proof/shape.ts';
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
import { createRandom } from '../support/random.ts';
import { SLOT, type ToyHeights } from '../support/toySystems.ts';

const CHEAT_HEIGHTS: ToyHeights = { walk: 5, square: 3, pulse: 4 };

const AGGREGATE_KEY = Uint32Array.of(11, 12, 13, 14, 15, 16, 17, 18);

/** The machine's tables and the extension table. */
const TABLES = [...CALL_TABLES, extensionTable];

function run(program: Program, hints: HintFunctions): ExecutionTrace {
  return execute(program, TABLES, hints, DEFAULT_LIMITS);
}

interface Subject {
  readonly setting: Setting;
  readonly shapes: readonly ChildShape[];
  readonly program: Program;
  readonly bytes: Uint8Array;
  readonly child: Child;
}

function logHeightsOf({ walk, nibble, square, pulse }: ToyHeights): LogHeights {
  return [walk, nibble ?? 4, square, pulse];
}

async function createSubject(profile: Profile, heights: ToyHeights): Promise<Subject> {
  const setting = await createSetting(profile, heights);
  return subjectOf(setting, heights, await proveIn(setting));
}

function subjectOf(setting: Setting, heights: ToyHeights, bytes: Uint8Array): Subject {
  const shape = childShape(setting.instance.system, setting.profile, logHeightsOf(heights));
  return {
    setting,
    shapes: [shape],
    program: buildTestOnlyAggregateProgram([shape]),
    bytes,
    child: { key: setting.key, statement: setting.instance.statement, proofBytes: bytes, inner: undefined },
  };
}

function witnessOf(shapes: readonly ChildShape[], child: Child): ChildWitness {
  const witnessed = childWitness(shapes, child);
  assert.ok(witnessed.ok);
  return witnessed.witness;
}

function leafOf({ key, statement }: Child): AggregateEntry {
  return { kind: 'leaf', keyDigest: keyDigest(key), statement };
}

/** Whether the program runs to its end over the child. */
function isAcceptedByProgram({ program, shapes }: Subject, child: Child): boolean {
  const witnessed = childWitness(shapes, child);
  // No witness has another shape than the program's.
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
    for (const { program, shapes, child } of subjects) {
      const other = { ...child, statement: child.statement.map((word) => word + 1) };
      const witness = witnessOf(shapes, child);
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
      for (let mutation = 0; mutation < 100; mutation++) {
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
    const subject = subjectOf(setting, CHEAT_HEIGHTS, await proveIn(setting));
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

  it('verifies children of different shapes', () => {
    const shapes = subjects.flatMap((subject) => subject.shapes);
    const program = buildTestOnlyAggregateProgram(shapes);
    const children = [2, 0, 1, 0].map((number) => subjects[number]!.child);
    const witnesses = children.map((child) => witnessOf(shapes, child));
    const { statement } = run(program, aggregateHints(AGGREGATE_KEY, witnesses));
    assert.deepEqual(statement, aggregateStatement(AGGREGATE_KEY, children.map(leafOf)));
    // The code of another shape does not take a proof; a number beyond the last names the last.
    run(program, aggregateHints(AGGREGATE_KEY, [{ ...witnesses[0]!, shapeNumber: 7 }]));
    for (const shapeNumber of [0, 1])
      assert.throws(
        () => run(program, aggregateHints(AGGREGATE_KEY, [{ ...witnesses[0]!, shapeNumber }])),
        MachineError,
      );
    const witnessed = childWitness(subjects[0]!.shapes, subjects[1]!.child);
    assert.ok(!witnessed.ok && witnessed.reason === 'SHAPE_NOT_OFFERED');
    assert.throws(() => buildAggregateProgram(shapes), /TEST_ONLY/);
  });

  it('R56: cannot be run for no child', () => {
    const { program } = subjects[0]!;
    assert.throws(() => run(program, aggregateHints(AGGREGATE_KEY, [])), {
      name: 'MachineError',
      code: 'DIVISION_BY_ZERO',
    });
  });

  it('R55, R56: the host names the child that cannot be aggregated', () => {
    const { shapes, child, setting } = subjects[0]!;
    const policy = { acceptedProfileDigests: [profileDigest(setting.profile)] };
    const ownKey = keyDigest(child.key);
    const broken = { ...child, proofBytes: child.proofBytes.slice(4) };
    const inner = { kind: 'inner', entries: [leafOf(child)] } as const;
    const other = subjects[2]!.child;
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
      [AGGREGATE_KEY, [other], policy, 'SHAPE_NOT_OFFERED', { child: 0 }],
    ] as const)
      assert.throws(
        () => prepareAggregate(key, shapes, children, accepted),
        (error) => {
          assert.ok(error instanceof AggregationError, String(error));
          assert.equal(error.code, code);
          for (const [name, value] of Object.entries(details)) assert.equal(error.details[name], value, code);
          return true;
        },
      );
    const prepared = prepareAggregate(AGGREGATE_KEY, shapes, [child], policy);
    assert.deepEqual(prepared.statement, aggregateStatement(AGGREGATE_KEY, [leafOf(child)]));
  });

  it('names the child and the line that a failed run stopped at', () => {
    const { program, shapes, child, bytes } = subjects[0]!;
    const proofBytes = bytes.slice();
    proofBytes[bytes.length - 4]! ^= 1;
    const witnesses = [child, { ...child, proofBytes }].map((each) => witnessOf(shapes, each));
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
    const { program, shapes, child } = subjects[0]!;
    const witness = witnessOf(shapes, child);
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
    const { program, shapes, child } = subjects[1]!;
    const tampered: Readonly<Record<string, (words: number[]) => number[]>> = {
      // The bits still add up to the word.
      [HINT.bits]: (bits) =>
        bits.map((bit, place) =>
          place === 0 ? bit + 2 : place === 1 ? bit - 1 + (bit === 0 ? MODULUS : 0) : bit,
        ),
      [HINT.canonicalFactor]: ([factor]) => [(factor! + 1) % MODULUS],
      [HINT.unitFactors]: (factors) => factors.map(() => 0),
      [HINT.siblings]: (words) => words.map((word, place) => (place === 0 ? (word + 1) % MODULUS : word)),
      [HINT.leafRow]: (words) => words.map((word, place) => (place === 0 ? (word + 1) % MODULUS : word)),
      [HINT.nonce]: ([nonce]) => [nonce! + 1],
      [HINT.isInner]: ([isInner]) => [1 - isInner!],
      [HINT.statement]: (words) => words.map((word) => word + 1),
    };
    run(program, aggregateHints(AGGREGATE_KEY, [witnessOf(shapes, child)]));
    for (const [name, tamper] of Object.entries(tampered)) {
      const honest = aggregateHints(AGGREGATE_KEY, [witnessOf(shapes, child)]);
      const hints = {
        ...honest,
        [name]: (...given: Parameters<HintFunction>) => tamper(Array.from(honest[name]!(...given))),
      };
      assert.throws(() => run(program, hints), MachineError, name);
    }
  });

  it('R58: does not take a second decomposition of a word', () => {
    const { program, shapes, child, setting } = subjects[1]!;
    const honest = aggregateHints(AGGREGATE_KEY, [witnessOf(shapes, child)]);
    let replaced = 0;
    const hints = {
      ...honest,
      [HINT.bits]: ([word, lowZeros]: readonly number[]) => {
        // word + p still fits into 31 bits for the smallest words only.
        const other = word! + MODULUS < 2 ** 31 ? word! + MODULUS : word! ^ (2 ** 30);
        replaced++;
        return Array.from({ length: 31 - lowZeros! }, (_, bit) => (other >>> (lowZeros! + bit)) & 1);
      },
    };
    assert.throws(() => run(program, hints), { code: 'RELATION_FAILED' });
    assert.equal(replaced, 1);
    assert.ok(decodeProof(child.proofBytes, setting.key).ok);
  });
});
