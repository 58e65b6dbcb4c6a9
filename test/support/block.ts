/**
 * Blocks for tests: small columns, their inclusion list, trees above them, and runs of the block program with a stand-in for the
 * verification of children: it believes the key and the statement that it is told.
 */
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import type { HintFunctions, Program } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { type AggregateEntry, aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import { assembleBlock } from '../../programs/block/blockInput.ts';
import { type BlockProgramKeys, emitBlockProgram } from '../../programs/block/blockProgram.ts';
import {
  type BlockStatement,
  type ListedTransfer,
  orderDigest,
} from '../../programs/block/blockStatement.ts';
import { type BlockWitness, blockHints, mergeOrder, walkTrees } from '../../programs/block/hints.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import type { ColumnInput } from '../../programs/column/input.ts';
import { type ColumnStatement, columnStatementDigest } from '../../programs/column/statement.ts';
import { accountOf, addressOf, columnOf, transferOf } from './column.ts';
import { createRandom } from './random.ts';

const random = createRandom(424_242);
export const KEYS: BlockProgramKeys = {
  aggregateKeyDigest: random.words(8),
  columnKeyDigests: [random.words(8), random.words(8)],
};
export const COLUMN_KEY = KEYS.columnKeyDigests[0]!;

const CHILD_KEY = 'TEST_ONLY child key';
const CHILD_STATEMENT = 'TEST_ONLY child statement';

/** The block program around children that nobody verifies. */
export const UNVERIFIED_PROGRAM: Program = emitBlockProgram(
  'TEST_ONLY block without verification',
  KEYS,
  (program) => () => ({
    keyDigest: program.hintRows(CHILD_KEY, [], 1),
    statement: program.hintRows(CHILD_STATEMENT, [], 1),
  }),
);

export interface StandInChild {
  readonly keyDigest: Uint32Array;
  readonly statement: Uint32Array;
}

/** The children of these trees under K. */
export function childrenOf(trees: BlockWitness['trees'], key = KEYS.aggregateKeyDigest): StandInChild[] {
  return trees.map((entries) => ({ keyDigest: key, statement: aggregateStatement(key, entries) }));
}

export function standInHints(children: readonly StandInChild[]): HintFunctions {
  let [keys, statements] = [0, 0];
  const childAt = (number: number): StandInChild => {
    const child = children[number];
    if (child === undefined) throw new RangeError(`there is no child ${number}`);
    return child;
  };
  return {
    [CHILD_KEY]: () => childAt(keys++).keyDigest,
    [CHILD_STATEMENT]: () => childAt(statements++).statement,
  };
}

/** Runs the program; some hints replaced. Throws: MachineError. */
export function runBlock(
  witness: BlockWitness,
  replaced: HintFunctions = {},
  children: readonly StandInChild[] = childrenOf(witness.trees),
): ExecutionTrace {
  return run(UNVERIFIED_PROGRAM, { ...blockHints(witness), ...standInHints(children), ...replaced });
}

export function leafOf(column: ColumnStatement, keyDigest: Uint32Array = COLUMN_KEY): AggregateEntry {
  return { kind: 'leaf', keyDigest, statement: columnStatementDigest(column) };
}

export function inner(...entries: readonly AggregateEntry[]): AggregateEntry {
  return { kind: 'inner', entries };
}

export interface TestBlock {
  readonly columns: readonly ColumnStatement[];
  readonly list: readonly ListedTransfer[];
  readonly statement: BlockStatement;
  readonly witness: BlockWitness;
}

/** The witness of columns with one leaf each, in trees that hold the leaves in any order. */
export function witnessOf(
  columns: readonly ColumnStatement[],
  list: readonly ListedTransfer[],
  trees: BlockWitness['trees'] = [columns.map((column) => leafOf(column))],
): BlockWitness {
  const leaves = walkTrees(trees).leaves.map(({ statement }) => String(statement));
  return {
    trees,
    columnKeyDigests: KEYS.columnKeyDigests,
    columns,
    leafOf: columns.map((column) => leaves.indexOf(String(columnStatementDigest(column)))),
    itemColumns: mergeOrder(columns),
    order: orderDigest(list.map(({ column }) => column)),
  };
}

/** Takes the transactions of the columns in turn. */
export function interleaved(columns: readonly ColumnStatement[]): ListedTransfer[] {
  const longest = Math.max(...columns.map(({ transfers }) => transfers.length));
  return Array.from({ length: longest }, (_, place) =>
    columns.flatMap(({ transfers }, column) => {
      const transfer = transfers[place];
      if (transfer === undefined) return [];
      const { status: _status, ...fields } = transfer;
      return [{ ...fields, column }];
    }),
  ).flat();
}

export function blockOf(inputs: readonly ColumnInput[], trees?: BlockWitness['trees']): TestBlock {
  const columns = inputs.map(executeColumn);
  const list = interleaved(columns);
  return {
    columns,
    list,
    statement: assembleBlock(columns, list),
    witness: witnessOf(columns, list, trees),
  };
}

/** A column on the accounts seed, seed + 1: `transferCount` transfers between them, those at `skipped` not executable. */
export function smallColumn(
  seed: number,
  transferCount: number,
  skipped: readonly number[] = [],
): ColumnInput {
  let nonce = 7n;
  const transfers = Array.from({ length: transferCount }, (_, index) => {
    const isSkipped = skipped.includes(index);
    const transfer = transferOf({
      from: addressOf(seed),
      to: addressOf(seed + 1),
      nonce: isSkipped ? nonce + 1n : nonce,
      valueWei: BigInt(1000 * seed + index),
    });
    if (!isSkipped) nonce += 1n;
    return transfer;
  });
  return columnOf(transfers, { accounts: [accountOf(seed), accountOf(seed + 1)] });
}
