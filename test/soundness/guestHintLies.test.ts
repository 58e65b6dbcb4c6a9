/**
 * Group G: lies about every hint of every guest program. For each hint a declaration says what pins its words; provers that are
 * bound by the constraints alone tell other words, and put frames where they like. What ends states what the declaration allows.
 * The words and values are a sample: the seed is printed.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildProgram, type ProgramBuilder } from '../../machine/builder.ts';
import type { HintFunctions } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { HINT as AGGREGATE_HINT } from '../../programs/aggregate/hintNames.ts';
import { type SystemLayout, systemLayout } from '../../programs/aggregate/layout.ts';
import { openingRows } from '../../programs/aggregate/tables.ts';
import { aggregateHints, childWitness } from '../../programs/aggregate/witness.ts';
import { blockStatementDigest } from '../../programs/block/blockStatement.ts';
import { HINT as BLOCK_HINT } from '../../programs/block/hintNames.ts';
import { blockHints } from '../../programs/block/hints.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { HINT as COLUMN_HINT, columnHints } from '../../programs/column/hints.ts';
import { columnStatementDigest } from '../../programs/column/statement.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { compress, DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { blocksOf } from '../../stark/proof/shape.ts';
import {
  blockOf,
  childrenOf,
  inner,
  leafOf,
  smallColumn,
  standInHints,
  UNVERIFIED_PROGRAM,
  witnessOf,
} from '../support/block.ts';
import { createSetting, ONE_QUERY, proveIn } from '../support/cheating.ts';
import { addressOf, COLUMN_PROGRAM, columnOf, ETHER, transferOf } from '../support/column.ts';
import { guestProgramFor } from '../support/guestVerifier.ts';
import {
  type Declaration,
  type Guest,
  honestRun,
  moveFrames,
  refuseOtherRepresentatives,
  tellLies,
} from '../support/hintLies.ts';
import { createRandom } from '../support/random.ts';
import { toldColumn } from '../support/toldColumn.ts';
import { SLOT } from '../support/toySystems.ts';
import { hiddenSum, hiddenSumStatement, hints as tutorialHints } from '../support/tutorialProgram.ts';

const SEED = 20_261_129;
console.log(`seed ${SEED}`);
const random = createRandom(SEED);

const STOPS: Declaration = { pinned: 'stops' };
const STATES: Declaration = { pinned: 'states' };

/** Tells lies and moves frames; both sides of a moved frame are met. */
function attack(guest: Guest, wordsEach: number, liesEach: number, moves: number): void {
  const { lies } = tellLies(guest, random, wordsEach, liesEach);
  assert.ok(lies > 0);
  refuseOtherRepresentatives(guest);
  const { refused } = moveFrames(guest, random, moves);
  assert.ok(moves === 0 || refused > 0, 'no frame lies where it must not');
}

describe('the mechanism', () => {
  const digestOf = (words: readonly number[]): Uint32Array =>
    compress(Uint32Array.of(words[0] ?? 0, 0, 0, 0, 0, 0, 0, 0), new Uint32Array(8));

  /** States C(a), and asks for b, of which it asserts something or not. */
  function toy(
    declarations: Guest['declarations'],
    check: (program: ProgramBuilder, b: ReturnType<ProgramBuilder['hintValue']>) => void,
  ): Guest {
    return {
      program: buildProgram('toy', (program) => {
        const a = program.hintValue('a', []);
        check(program, program.hintValue('b', []));
        program.compress(program.row([a]), program.row([]), program.statement);
      }),
      hints: (): HintFunctions => ({ a: () => [5], b: () => [3] }),
      names: ['a', 'b'],
      declarations,
      statementOf: (told) => digestOf(told.get('a')?.[0] ?? []),
    };
  }
  const asserted = (program: ProgramBuilder, b: ReturnType<ProgramBuilder['hintValue']>): void =>
    program.assertEqual(program.multiply(b, b), 9);
  const exactly = (program: ProgramBuilder, b: ReturnType<ProgramBuilder['hintValue']>): void =>
    program.assertEqual(b, 3);

  it('passes hints that are pinned, stated or declared free', () => {
    attack(toy({ a: STATES, b: STOPS }, exactly), 9, 9, 0);
    const free = { why: 'nothing reads it', isFree: () => true };
    attack(
      toy({ a: STATES, b: { pinned: 'stops', free } }, () => {}),
      9,
      9,
      0,
    );
  });

  it('finds a hint that has no declaration', () => {
    assert.throws(() => attack(toy({ a: STATES }, exactly), 9, 9, 0), /the hint 'b' is not declared/);
  });

  it('finds a declared hint that no assertion pins', () => {
    assert.throws(
      () =>
        attack(
          toy({ a: STATES, b: STOPS }, () => {}),
          9,
          9,
          0,
        ),
      /a word that nothing pins: b/,
    );
  });

  it('finds a hint that two values satisfy', () => {
    const guest = toy({ a: STATES, b: STOPS }, asserted);
    const lyingOnce: Guest = { ...guest, hints: () => ({ a: () => [5], b: () => [MODULUS - 3] }) };
    const other: Guest = { ...lyingOnce, hints: () => ({ a: () => [MODULUS - 3], b: () => [3] }) };
    // Another hint says p - 3: it is told of b in one of these lies.
    assert.throws(() => tellLies(other, createRandom(1), 9, 9), /a word that nothing pins: b/);
  });

  it('finds a statement that a stopped word should not move, and one that is false', () => {
    assert.throws(() => attack(toy({ a: STOPS, b: STOPS }, exactly), 9, 9, 0), /with another statement: a/);
    const guest = toy({ a: STATES, b: STOPS }, exactly);
    const honest = digestOf([5]);
    assert.throws(
      () => tellLies({ ...guest, statementOf: () => honest }, random, 9, 9),
      /a false statement: a/,
    );
  });

  it('finds a hint that is declared, but not asked, and a free word that is pinned', () => {
    const missing = toy({ a: STATES, b: STOPS, c: STOPS }, exactly);
    assert.throws(() => honestRun(missing), /the hint 'c' is declared, but not asked/);
    const free = { why: 'nothing reads it', isFree: () => true };
    assert.throws(
      () => attack(toy({ a: STATES, b: { pinned: 'stops', free } }, exactly), 9, 9, 0),
      /no lie shows/,
    );
  });

  it('finds a program that a frame changes', () => {
    const moved = buildProgram('toy', (program) => {
      const rows = program.allocateRows(1);
      program.store(rows, 0, 1);
      program.store(program.statement, 1, program.addressOf(rows));
      for (const word of [0, 2, 3, 4, 5, 6, 7]) program.store(program.statement, word, 0);
    });
    const guest: Guest = {
      program: moved,
      hints: () => ({}),
      names: [],
      declarations: {},
      statementOf: () => honest,
    };
    const honest = Uint32Array.of(0, 16, 0, 0, 0, 0, 0, 0);
    assert.throws(() => moveFrames(guest, random, 40), /frames at/);
  });
});

/** The toy machine's table that the child leaves out. */
const ABSENT_SLOT = SLOT.pulse;
/** Sums of the toy machine's interacting tables, five words each, in whole rows. */
const ABSORBED_SUM_WORDS = 16;

/** Of the verifier of one toy child: all words are those of a proof that verifies. */
const aggregateDeclarations = ({ phases }: SystemLayout): Guest['declarations'] => ({
  [AGGREGATE_HINT.aggregateKey]: STATES,
  [AGGREGATE_HINT.childCount]: STOPS,
  [AGGREGATE_HINT.nextChild]: {
    pinned: 'stops',
    free: { why: 'there is one profile, and a number beyond the last names the last', isFree: () => true },
  },
  [AGGREGATE_HINT.isInner]: STOPS,
  [AGGREGATE_HINT.innerDigest]: { pinned: 'not asked', why: 'the child is a leaf' },
  [AGGREGATE_HINT.heights]: STOPS,
  [AGGREGATE_HINT.heightCount]: STOPS,
  [AGGREGATE_HINT.nextHeight]: STOPS,
  [AGGREGATE_HINT.preprocessedCap]: STOPS,
  [AGGREGATE_HINT.statement]: STOPS,
  [AGGREGATE_HINT.mainCap]: STOPS,
  [AGGREGATE_HINT.logUpCap]: STOPS,
  [AGGREGATE_HINT.sums]: {
    pinned: 'stops',
    free: {
      why: 'words behind the last row that is absorbed fill the last group that is unpacked',
      isFree: ({ word }) => word >= ABSORBED_SUM_WORDS,
    },
  },
  [AGGREGATE_HINT.quotientCap]: STOPS,
  [AGGREGATE_HINT.openings]: {
    pinned: 'stops',
    free: {
      why: 'words behind the last row that is absorbed fill the last group that is unpacked; an absent table has no openings',
      isFree({ word, inputs: [number, slot] }) {
        const matrix = phases
          .find((phase) => phase.number === number)
          ?.matrices.find((each) => each.slot === slot);
        if (word === 0) return slot === ABSENT_SLOT;
        if (matrix === undefined) return false;
        const { columns, nextColumns } = matrix;
        const absorbed = DIGEST_WORDS * blocksOf(DEGREE * (columns + nextColumns));
        return word >= absorbed && word < DIGEST_WORDS * openingRows(matrix);
      },
    },
  },
  [AGGREGATE_HINT.foldCap]: STOPS,
  [AGGREGATE_HINT.finalPolynomial]: STOPS,
  [AGGREGATE_HINT.nonce]: { pinned: 'not asked', why: 'the profile has no proof of work' },
  [AGGREGATE_HINT.query]: STOPS,
  [AGGREGATE_HINT.bits]: STOPS,
  [AGGREGATE_HINT.leafRows]: STOPS,
  [AGGREGATE_HINT.siblings]: STOPS,
  [AGGREGATE_HINT.capSiblings]: STOPS,
  [AGGREGATE_HINT.coset]: STOPS,
  [AGGREGATE_HINT.foldSiblings]: STOPS,
  [AGGREGATE_HINT.place]: STOPS,
  [AGGREGATE_HINT.anySiblings]: {
    pinned: 'stops',
    free: { why: 'the path proves nothing but the range of its index', isFree: () => true },
  },
  [AGGREGATE_HINT.wordParts]: { pinned: 'not asked', why: 'the profile has no proof of work' },
  [AGGREGATE_HINT.canonicalFactor]: STOPS,
  [AGGREGATE_HINT.unitFactors]: STOPS,
});

function honestStatement(program: Guest['program'], hints: () => HintFunctions): Uint32Array {
  return run(program, hints()).statement;
}

describe('G: lies about hints', () => {
  it('the tutorial: numbers and their count are stated', () => {
    attack(
      {
        program: hiddenSum,
        hints: () => tutorialHints,
        names: [],
        declarations: { count: STATES, value: STATES },
        statementOf(told) {
          const numbers = (told.get('value') ?? []).map(([value]) => value!);
          const [count] = told.get('count')![0]!;
          if (numbers.length !== count) return undefined;
          const row = (word: number): Uint32Array => Uint32Array.of(word, 0, 0, 0, 0, 0, 0, 0);
          const digest = numbers.reduce((state, value) => compress(state, row(value)), row(count));
          return hiddenSumStatement(
            digest,
            numbers.reduce((sum, value) => (sum + value) % MODULUS, 0),
          );
        },
      },
      9,
      9,
      50,
    );
  });

  it('the column: all that is hinted is hashed, and what is hashed is true', () => {
    const input = columnOf([
      transferOf(),
      transferOf({ from: addressOf(2), to: addressOf(3), nonce: 9n }),
      transferOf({ from: addressOf(1), to: addressOf(1), valueWei: ETHER / 2n }),
      transferOf({ from: addressOf(3), to: addressOf(2), chainId: 5n }),
      transferOf({ from: addressOf(3), to: addressOf(2), gasLimit: 20_000n }),
    ]);
    const statement = executeColumn(input);
    attack(
      {
        program: COLUMN_PROGRAM,
        hints: () => columnHints(statement),
        names: Object.values(COLUMN_HINT),
        declarations: {
          [COLUMN_HINT.BLOCK]: STATES,
          [COLUMN_HINT.COUNTS]: STATES,
          [COLUMN_HINT.ITEM]: STATES,
          [COLUMN_HINT.TRANSFER]: STATES,
          [COLUMN_HINT.AMOUNTS]: STATES,
          [COLUMN_HINT.CLAIMS]: STATES,
        },
        statementOf(told) {
          const column = toldColumn(told);
          return column && columnStatementDigest(column);
        },
      },
      70,
      3,
      400,
    );
  });

  it('the block: the column statements fix all but the order of the list', () => {
    const block = blockOf([smallColumn(0, 2), smallColumn(10, 3, [1]), smallColumn(20, 1)]);
    const [first, second, third] = block.columns.map((column) => leafOf(column));
    const witness = witnessOf(block.columns, block.list, [[inner(first!, second!)], [third!]]);
    const childHints = Object.keys(standInHints([]));
    attack(
      {
        program: UNVERIFIED_PROGRAM,
        hints: () => ({ ...blockHints(witness), ...standInHints(childrenOf(witness.trees)) }),
        names: [...Object.values(BLOCK_HINT), ...childHints],
        declarations: {
          ...Object.fromEntries(Object.values(BLOCK_HINT).map((name) => [name, STOPS])),
          [BLOCK_HINT.ENTRY]: {
            pinned: 'stops',
            free: {
              why: 'an inner entry has no key, and numbers beyond the last key name the last',
              // Node 0 has one entry, an inner one; other numbers than 0 say so as well.
              isFree: ({ word, inputs, value }) => String(inputs) === '0,1' && (word === 1 || value !== 0),
            },
          },
          // The digest of an order that only the list's author knows.
          [BLOCK_HINT.ORDER]: STATES,
          // What the verification of children, left out here, binds.
          ...Object.fromEntries(childHints.map((name) => [name, STOPS])),
        },
        statementOf(told) {
          const order = told.get(BLOCK_HINT.ORDER)![0]!;
          return String(order) === String(witness.order) ? blockStatementDigest(block.statement) : undefined;
        },
      },
      60,
      2,
      200,
    );
  });

  it('the aggregate: the proof of a child is what verifies', async () => {
    const profile = { ...ONE_QUERY, name: 'TEST_ONLY_ONE_QUERY_CAP', logCap: 1 };
    const setting = await createSetting(profile, { walk: 6, square: 3, pulse: undefined });
    const proofBytes = await proveIn(setting);
    const { key, instance } = setting;
    const witnessed = childWitness(key.system, [profile], {
      key,
      statement: instance.statement,
      proofBytes,
      inner: undefined,
    });
    assert.ok(witnessed.ok);
    const aggregateKey = new Uint32Array(8);
    const program = guestProgramFor(key);
    const hints = (): HintFunctions => aggregateHints(aggregateKey, [witnessed.witness]);
    const honest = honestStatement(program, hints);
    attack(
      {
        program,
        hints,
        names: Object.values(AGGREGATE_HINT),
        declarations: aggregateDeclarations(systemLayout(key.system)),
        statementOf: (told) =>
          String(told.get(AGGREGATE_HINT.aggregateKey)![0]) === String(aggregateKey) ? honest : undefined,
      },
      12,
      2,
      60,
    );
  });
});
