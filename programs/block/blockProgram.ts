/**
 * The block program: verifies aggregates, opens their trees down to the columns, and merges the columns into one block. The
 * layout of the digests is that of blockStatement.ts; the argument that nothing else can be proved is in docs/spec/block.md.
 */
import type { Row, Value, Word } from '../../machine/builder/values.ts';
import { buildProgram, type ProgramBuilder } from '../../machine/builder.ts';
import type { Program } from '../../machine/program.ts';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import type { AirSystem } from '../../stark/air/air.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { INNER, type Profile } from '../../stark/profile.ts';
import { AGGREGATE_TAG, AGGREGATE_VERSION, ENTRY_MARK } from '../aggregate/aggregateStatement.ts';
import { defineChildVerifier, type VerifyNextChild } from '../aggregate/childVerifier.ts';
import { CHAIN_KIND, COLUMN_TAG, COLUMN_VERSION } from '../column/statement.ts';
import { BLOCK_CHAIN, BLOCK_TAG, BLOCK_VERSION, RESERVED_ROWS } from './blockStatement.ts';
import { HINT } from './hintNames.ts';

/** Constants of the program: whose proofs it believes. */
export interface BlockProgramKeys {
  /** K: digest of the aggregate program's key, under which every child is proved. */
  readonly aggregateKeyDigest: Uint32Array;
  /** Digests of the keys under which columns are proved; at least one. */
  readonly columnKeyDigests: readonly Uint32Array[];
}

/** Segments of the read-write memory: by node, by leaf, then by column. All cells hold pointers to rows. */
const SEGMENT = { NODE: 0, LEAF: 1, COUNTS: 2, PRE_VALUES: 3, POST_VALUES: 4 } as const;
const WORD_ROWS = 2;
const HEADER_ROWS = 6 * WORD_ROWS;
const TRANSFER_ROWS = 16;
/** In the first row of a column's statement: tag, version and kind, then these counts. */
const TRANSFER_COUNT = 3;
const EXECUTED_COUNT = 5;

function constantRow(program: ProgramBuilder, words: ArrayLike<number>): Row {
  return program.row(Array.from(words));
}

function blockRow(program: ProgramBuilder, kind: number, ...counts: readonly Value[]): Row {
  return program.row([BLOCK_TAG, BLOCK_VERSION, kind, ...counts]);
}

/** Checks that the key is K, takes the statement C(K, L) apart, and puts L where the nodes to be opened are. */
function openChild(
  program: ProgramBuilder,
  verifyNextChild: VerifyNextChild,
  aggregateKey: Row,
  child: Value,
): void {
  const { keyDigest, statement } = verifyNextChild();
  program.assertRowsEqual(keyDigest, aggregateKey);
  const entries = program.hintRows(HINT.CHILD_ENTRIES, [child], 1);
  program.compress(aggregateKey, entries, statement);
  program.ramInitialise(SEGMENT.NODE, child, program.addressOf(entries));
}

/** How many nodes and leaves have been found. */
type Found = { readonly nodes: Value; readonly leaves: Value };

/**
 * Opens the L of a node: its entries are hints whose digest is L. Inner entries join the nodes that are still to be opened,
 * leaves are proofs under one of the columns' keys.
 */
function openNode(
  program: ProgramBuilder,
  marks: { readonly inner: Row; readonly leaf: Row },
  columnKeys: readonly Row[],
  node: Value,
  found: Found,
): Found {
  const entries = program.rowAt(program.ramFinalise(SEGMENT.NODE, node));
  const count = program.hintValue(HINT.ENTRY_COUNT, [node]);
  const start = program.row([AGGREGATE_TAG, AGGREGATE_VERSION, count]);
  const { digest, nodes, leaves } = program.repeat(
    count,
    { digest: start, ...found },
    ({ digest, nodes, leaves }, { remaining }) => {
      const [isInner, keyNumber] = program.hint(HINT.ENTRY, [node, remaining], 2);
      const opened = program.hintRows(HINT.ENTRY_ROW, [node, remaining], 1);
      return program.ifNonzero<{ digest: Row; nodes: Value; leaves: Value }>(
        isInner,
        () => {
          program.ramInitialise(SEGMENT.NODE, nodes, program.addressOf(opened));
          const marked = program.compress(digest, marks.inner);
          return { digest: program.compress(marked, opened), nodes: program.add(nodes, 1), leaves };
        },
        () => {
          program.ramInitialise(SEGMENT.LEAF, leaves, program.addressOf(opened));
          const marked = program.compress(digest, marks.leaf);
          const keyed = program.compress(marked, chosenRow(program, columnKeys, keyNumber));
          return { digest: program.compress(keyed, opened), nodes, leaves: program.add(leaves, 1) };
        },
      );
    },
  );
  program.assertRowsEqual(digest, entries);
  return { nodes, leaves };
}

/** The row of this number; a number that none has gives the last. */
function chosenRow(program: ProgramBuilder, rows: readonly Row[], number: Value, first = 0): Row {
  if (first === rows.length - 1) return rows[first]!;
  return program.ifEqual<{ row: Row }>(
    number,
    first,
    () => ({ row: rows[first]! }),
    () => ({ row: chosenRow(program, rows, number, first + 1) }),
  ).row;
}

/** The first rows of a column's chains, with its counts. */
function openColumn(
  program: ProgramBuilder,
  column: Value,
): { readonly transfers: Value; readonly items: Value; readonly executed: Value } {
  const [transfers, items, executed] = program.hint(HINT.COLUMN_COUNTS, [column], 3);
  program.assertNonzero(transfers);
  const columnRow = (kind: number, ...counts: readonly Value[]): Value =>
    program.addressOf(program.row([COLUMN_TAG, COLUMN_VERSION, kind, ...counts]));
  program.ramInitialise(SEGMENT.COUNTS, column, columnRow(CHAIN_KIND.STATEMENT, transfers, items, executed));
  program.ramInitialise(SEGMENT.PRE_VALUES, column, columnRow(CHAIN_KIND.PRE_VALUES, items));
  program.ramInitialise(SEGMENT.POST_VALUES, column, columnRow(CHAIN_KIND.POST_VALUES, items));
  return { transfers, items, executed };
}

type Merge = { readonly previousKey: Word; readonly preValues: Row; readonly postValues: Row };

/** The next item of the merged access list, which is the next one of its column too. */
function mergeItem(program: ProgramBuilder, remaining: Value, merge: Merge): Merge {
  const column = program.hintValue(HINT.ITEM_COLUMN, [remaining]);
  const item = program.hintRows(HINT.ITEM, [remaining], 3 * WORD_ROWS);
  const key = program.wordCheck(item);
  // Strictly ascending over all columns: no leaf of the state is listed by two.
  program.assertWordLess(merge.previousKey, key);

  const postValue = program.rowAfter(item, 2 * WORD_ROWS);
  const absorbPreValue = (digest: Row): Row => program.chain(digest, item, 2 * WORD_ROWS);
  const absorbPostValue = (digest: Row): Row => program.chain(digest, postValue, WORD_ROWS);
  const preValues = program.rowAt(program.ramRead(SEGMENT.PRE_VALUES, column));
  program.ramWrite(SEGMENT.PRE_VALUES, column, program.addressOf(absorbPreValue(preValues)));
  const postValues = program.rowAt(program.ramRead(SEGMENT.POST_VALUES, column));
  program.ramWrite(SEGMENT.POST_VALUES, column, program.addressOf(absorbPostValue(postValues)));
  return {
    previousKey: key,
    preValues: absorbPreValue(merge.preValues),
    postValues: absorbPostValue(merge.postValues),
  };
}

/** What every column adds to, from column to column. */
type Totals = {
  readonly list: Row;
  readonly skipped: Row;
  readonly gasUsed: Word;
  readonly priorityFees: Word;
  readonly burned: Word;
};

/** Computes the column's statement, which is the one of its leaf, and adds its transfers and sums to the block's. */
function closeColumn(
  program: ProgramBuilder,
  header: Row,
  zeros: Row,
  column: Value,
  totals: Totals,
): Totals {
  const counts = program.rowAt(program.ramFinalise(SEGMENT.COUNTS, column));
  const preValues = program.rowAt(program.ramFinalise(SEGMENT.PRE_VALUES, column));
  const postValues = program.rowAt(program.ramFinalise(SEGMENT.POST_VALUES, column));
  const leaf = program.hintValue(HINT.COLUMN_LEAF, [column]);
  const statement = program.rowAt(program.ramFinalise(SEGMENT.LEAF, leaf));

  const sums = program.hintRows(HINT.COLUMN_SUMS, [column], 3 * WORD_ROWS + 1);
  const sum = (index: number): Word => program.wordCheck(program.rowAfter(sums, index * WORD_ROWS));
  const transfers = program.rowAfter(sums, 3 * WORD_ROWS);
  const withHeader = program.chain(counts, header, HEADER_ROWS);
  const withTransfers = program.chain(withHeader, sums, 3 * WORD_ROWS + 1);
  program.compress(withTransfers, program.compress(preValues, postValues), statement);

  // The list has the transfers' digest that the column would have without skipped ones.
  const transferCount = program.load(counts, TRANSFER_COUNT);
  const skippedCount = program.subtract(transferCount, program.load(counts, EXECUTED_COUNT));
  const { listed, skipped } = program.ifNonzero<{ listed: Row; skipped: Row }>(
    skippedCount,
    () => openTransfers(program, column, transferCount, transfers, zeros, totals.skipped),
    () => ({ listed: transfers, skipped: totals.skipped }),
  );
  return {
    list: program.compress(totals.list, listed),
    skipped,
    gasUsed: program.wordAdd(totals.gasUsed, sum(0)),
    priorityFees: program.wordAdd(totals.priorityFees, sum(1)),
    burned: program.wordAdd(totals.burned, sum(2)),
  };
}

/** Opens a column's transfers: with their statuses they have the given digest. Returns the digest without. */
function openTransfers(
  program: ProgramBuilder,
  column: Value,
  transferCount: Value,
  transfers: Row,
  zeros: Row,
  skippedBefore: Row,
): { listed: Row; skipped: Row } {
  const start = program.row([COLUMN_TAG, COLUMN_VERSION, CHAIN_KIND.TRANSFERS, transferCount]);
  const { stated, listed, skipped } = program.repeat(
    transferCount,
    { stated: start, listed: start, skipped: skippedBefore },
    ({ stated, listed, skipped }, { index, remaining }) => {
      const transfer = program.hintRows(HINT.TRANSFER, [column, remaining], TRANSFER_ROWS + 1);
      const status = program.load(program.rowAfter(transfer, TRANSFER_ROWS), 0);
      return {
        stated: program.chain(stated, transfer, TRANSFER_ROWS + 1),
        listed: program.compress(program.chain(listed, transfer, TRANSFER_ROWS), zeros),
        skipped: program.ifNonzero<{ skipped: Row }>(
          status,
          () => ({ skipped: program.compress(skipped, program.row([column, index, status])) }),
          () => ({ skipped }),
        ).skipped,
      };
    },
  );
  program.assertRowsEqual(stated, transfers);
  return { listed, skipped };
}

function emitMain(program: ProgramBuilder, keys: BlockProgramKeys, verifyNextChild: VerifyNextChild): void {
  // 1. The children: proofs under K.
  const aggregateKey = constantRow(program, keys.aggregateKeyDigest);
  const childCount = program.hintValue(HINT.CHILD_COUNT, []);
  program.repeat(childCount, {}, (_, { index }) => {
    openChild(program, verifyNextChild, aggregateKey, index);
    return {};
  });

  // 2. The trees below them: their leaves are the columns.
  const marks = { inner: program.row([ENTRY_MARK.INNER]), leaf: program.row([ENTRY_MARK.LEAF]) };
  const columnKeys = keys.columnKeyDigests.map((digest) => constantRow(program, digest));
  const nodeCount = program.hintValue(HINT.NODE_COUNT, []);
  const found = program.repeat(
    nodeCount,
    { nodes: childCount, leaves: program.constant(0) as Value },
    (state, { index }) => ({ ...openNode(program, marks, columnKeys, index, state) }),
  );
  program.assertEqual(found.nodes, nodeCount);
  const columnCount = found.leaves;
  program.assertNonzero(columnCount);

  // 3. The columns' counts.
  const zero = program.constant(0) as Value;
  const counts = program.repeat(
    columnCount,
    { transfers: zero, items: zero, executed: zero },
    (sums, { index }) => {
      const column = openColumn(program, index);
      return {
        transfers: program.add(sums.transfers, column.transfers),
        items: program.add(sums.items, column.items),
        executed: program.add(sums.executed, column.executed),
      };
    },
  );

  // 4. The access lists, merged.
  const zeroWord = program.wordConstant(0n);
  const merged = program.repeat(
    counts.items,
    {
      previousKey: zeroWord,
      preValues: blockRow(program, BLOCK_CHAIN.PRE_VALUES, counts.items),
      postValues: blockRow(program, BLOCK_CHAIN.POST_VALUES, counts.items),
    },
    (merge, { remaining }) => ({ ...mergeItem(program, remaining, merge) }),
  );

  // 5. The columns' statements, the list and the sums.
  const header = program.hintRows(HINT.BLOCK, [], HEADER_ROWS);
  const zeros = program.row([]);
  const skippedCount = program.subtract(counts.transfers, counts.executed);
  const totals = program.repeat(
    columnCount,
    {
      list: program.compress(
        blockRow(program, BLOCK_CHAIN.LIST, counts.transfers, columnCount),
        program.hintRows(HINT.ORDER, [], 1),
      ),
      skipped: blockRow(program, BLOCK_CHAIN.SKIPPED, skippedCount),
      gasUsed: zeroWord,
      priorityFees: zeroWord,
      burned: zeroWord,
    },
    (state, { index }) => ({ ...closeColumn(program, header, zeros, index, state) }),
  );

  // 6. The statement.
  let digest = blockRow(
    program,
    BLOCK_CHAIN.STATEMENT,
    columnCount,
    counts.transfers,
    counts.executed,
    counts.items,
  );
  digest = program.chain(digest, header, HEADER_ROWS);
  for (const word of [totals.gasUsed, totals.priorityFees, totals.burned])
    digest = program.chain(digest, program.rowAt(word.pointer), WORD_ROWS);
  for (const row of [totals.list, totals.skipped, merged.preValues, merged.postValues])
    digest = program.compress(digest, row);
  for (let reserved = 1; reserved < RESERVED_ROWS; reserved++) digest = program.compress(digest, zeros);
  program.compress(digest, zeros, program.statement);
}

/**
 * The program around any verification of children; only with the one of `buildBlockProgram` do its proofs mean something.
 * Throws: RangeError without a column key, or with a digest that has not 8 words.
 */
export function emitBlockProgram(
  name: string,
  keys: BlockProgramKeys,
  verifierOf: (program: ProgramBuilder) => VerifyNextChild,
): Program {
  if (keys.columnKeyDigests.length === 0)
    throw new RangeError('a block program needs at least one column key');
  for (const digest of [keys.aggregateKeyDigest, ...keys.columnKeyDigests])
    if (digest.length !== DIGEST_WORDS) throw new RangeError(`a key digest has ${digest.length} words`);
  return buildProgram(name, (program) => emitMain(program, keys, verifierOf(program)));
}

/** The block program over proofs of this machine under these profiles. */
function emitVerifyingProgram(
  name: string,
  keys: BlockProgramKeys,
  system: AirSystem,
  profiles: readonly Profile[],
): Program {
  return emitBlockProgram(name, keys, (program) => defineChildVerifier(program, system, profiles));
}

/** The block program: its children are proofs of the machine under the `inner` profile, as all of the aggregate program's are. */
export function buildBlockProgram(keys: BlockProgramKeys): Program {
  return emitVerifyingProgram('block', keys, COLONNADE_MACHINE, [INNER]);
}

/** As `buildBlockProgram`, for children of any machine and profile: another program, under a key of its own. */
export function buildTestOnlyBlockProgram(
  keys: BlockProgramKeys,
  system: AirSystem,
  profiles: readonly Profile[],
): Program {
  return emitVerifyingProgram('TEST_ONLY block', keys, system, profiles);
}
