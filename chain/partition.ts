/**
 * Cuts a list of transactions into columns that do not touch each other's state: conflict classes by union-find, then
 * the classes into columns, the largest first. A pure function of its arguments: every node derives the same columns.
 * Source: docs/spec/partition.md, sections 2 and 3.
 */
import type { AccessSet } from './accessSet.ts';
import { ChainError } from './errors.ts';

/** Transactions that cannot be separated. */
export interface ConflictClass {
  /** Indices into the list, ascending. */
  readonly transactions: readonly number[];
  readonly gas: number;
}

export interface Partition {
  readonly columnCount: number;
  /** In order of their first transaction. */
  readonly classes: readonly ConflictClass[];
  /** The column of each transaction. */
  readonly columnOf: readonly number[];
  /** The transactions of each column, ascending; a column may be empty. */
  readonly columns: readonly (readonly number[])[];
  readonly gasOfColumn: readonly number[];
}

/** Arbitrary; far above any number of provers. */
const MAXIMUM_COLUMNS = 65535;

/** Throws: ChainError COLUMN_COUNT, GAS. */
export function partition(accesses: readonly AccessSet[], columnCount: number): Partition {
  if (!Number.isInteger(columnCount) || columnCount < 1 || columnCount > MAXIMUM_COLUMNS) {
    throw new ChainError('COLUMN_COUNT', { expected: `1..${MAXIMUM_COLUMNS}`, got: columnCount });
  }
  checkGas(accesses);
  const classes = conflictClasses(accesses);
  const columnOf = new Array<number>(accesses.length).fill(0);
  const gasOfColumn = new Array<number>(columnCount).fill(0);
  // Classes stand in the order of their first transaction and the sort is stable, which settles ties.
  for (const conflictClass of classes.toSorted((left, right) => right.gas - left.gas)) {
    const column = indexOfLeast(gasOfColumn);
    gasOfColumn[column] = (gasOfColumn[column] ?? 0) + conflictClass.gas;
    for (const transaction of conflictClass.transactions) columnOf[transaction] = column;
  }
  const columns: number[][] = Array.from({ length: columnCount }, () => []);
  columnOf.forEach((column, transaction) => {
    columns[column]?.push(transaction);
  });
  return { columnCount, classes, columnOf, columns, gasOfColumn };
}

/** Classes of the transitive closure of "one writes a key that the other reads or writes". */
export function conflictClasses(accesses: readonly AccessSet[]): ConflictClass[] {
  const writtenKeys = new Set<string>();
  for (const { writes } of accesses) for (const key of writes) writtenKeys.add(key);

  const parents = accesses.map((_, transaction) => transaction);
  const firstWithKey = new Map<string, number>();
  accesses.forEach(({ reads, writes }, transaction) => {
    for (const keys of [reads, writes]) {
      for (const key of keys) {
        // Readers of a key that somebody writes all meet that writer; readers of any other key do not meet.
        if (!writtenKeys.has(key)) continue;
        const first = firstWithKey.get(key);
        if (first === undefined) firstWithKey.set(key, transaction);
        else unite(parents, first, transaction);
      }
    }
  });

  const members = new Map<number, number[]>();
  accesses.forEach((_, transaction) => {
    const root = findRoot(parents, transaction);
    const group = members.get(root);
    if (group === undefined) members.set(root, [transaction]);
    else group.push(transaction);
  });
  return [...members.values()].map((transactions) => ({
    transactions,
    gas: transactions.reduce((sum, transaction) => sum + (accesses[transaction]?.gas ?? 0), 0),
  }));
}

/** The smaller root wins, so a root is always the first transaction of its class. */
function unite(parents: number[], left: number, right: number): void {
  const leftRoot = findRoot(parents, left);
  const rightRoot = findRoot(parents, right);
  parents[Math.max(leftRoot, rightRoot)] = Math.min(leftRoot, rightRoot);
}

function findRoot(parents: number[], transaction: number): number {
  let node = transaction;
  for (;;) {
    const parent = parents[node] ?? node;
    if (parent === node) return node;
    const grandparent = parents[parent] ?? parent;
    parents[node] = grandparent;
    node = grandparent;
  }
}

function indexOfLeast(values: readonly number[]): number {
  let least = 0;
  values.forEach((value, index) => {
    if (value < (values[least] ?? 0)) least = index;
  });
  return least;
}

function checkGas(accesses: readonly AccessSet[]): void {
  let sum = 0;
  for (const { gas } of accesses) {
    if (!Number.isSafeInteger(gas) || gas < 0) {
      throw new ChainError('GAS', { expected: 'an integer from 0 to 2^53 - 1', got: gas });
    }
    sum += gas;
  }
  if (!Number.isSafeInteger(sum)) throw new ChainError('GAS', { expected: 'a sum below 2^53', got: sum });
}
