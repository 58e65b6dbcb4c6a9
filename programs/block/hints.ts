/**
 * What the host tells the block program about the trees and the columns. Nothing here is trusted; the program checks what it
 * uses.
 * Source: docs/spec/block.md.
 */
import type { HintFunctions } from '../../machine/program.ts';
import {
  type AggregateEntry,
  createEntriesDigest,
  type LeafEntry,
  readTree,
} from '../aggregate/aggregateStatement.ts';
import {
  type AccessListItem,
  accessKey,
  type ColumnStatement,
  headerRows,
  limbsOf,
  transferRows,
  transfersDigest,
} from '../column/statement.ts';
import { HINT } from './hintNames.ts';

export interface BlockWitness {
  /** What lies below each child. */
  readonly trees: readonly (readonly AggregateEntry[])[];
  readonly columnKeyDigests: readonly Uint32Array[];
  readonly columns: readonly ColumnStatement[];
  /** For each column the leaf that shows it, by its place in `walkTrees`. */
  readonly leafOf: readonly number[];
  /** The column of each item, in the order of the merged access list. */
  readonly itemColumns: readonly number[];
  /** `orderDigest` of the inclusion list. */
  readonly order: Uint32Array;
}

/** The nodes and leaves of trees in the order in which the program opens them: the roots, then the entries of node after node. */
export function walkTrees(trees: readonly (readonly AggregateEntry[])[]): {
  readonly nodes: readonly (readonly AggregateEntry[])[];
  readonly leaves: readonly LeafEntry[];
} {
  const nodes = [...trees];
  const leaves: LeafEntry[] = [];
  // Nodes join the end while the loop runs.
  for (const entries of nodes)
    for (const entry of entries) {
      if (entry.kind === 'inner') nodes.push(entry.entries);
      else leaves.push(entry);
    }
  return { nodes, leaves };
}

/** The columns of the merged access list's items: always the column whose next item has the least key. */
export function mergeOrder(columns: readonly ColumnStatement[]): number[] {
  return columns
    .flatMap(({ accessList }, column) =>
      accessList.map(({ address, slot }) => ({ key: accessKey(address, slot), column })),
    )
    .sort((left, right) =>
      left.key < right.key ? -1 : left.key > right.key ? 1 : left.column - right.column,
    )
    .map(({ column }) => column);
}

function joined(...parts: readonly Uint32Array[]): Uint32Array {
  const words = new Uint32Array(parts.reduce((count, part) => count + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    words.set(part, offset);
    offset += part.length;
  }
  return words;
}

function itemRows({ address, slot, preValue, postValue }: AccessListItem): Uint32Array {
  return joined(limbsOf(accessKey(address, slot)), limbsOf(preValue), limbsOf(postValue));
}

/** The items in the order in which the columns are named, each column's from its first on. */
function mergedItems(columns: readonly ColumnStatement[], itemColumns: readonly number[]): AccessListItem[] {
  const next = columns.map(() => 0);
  return itemColumns.map((column) => {
    const place = next[column] ?? 0;
    next[column] = place + 1;
    return present(columns[column]?.accessList[place], `item ${place} of column ${column}`);
  });
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RangeError(`there is no ${what}`);
  return value;
}

function at<T>(values: readonly T[], index: number | undefined, what: string): T {
  return present(values[index ?? -1], `${what} ${index}`);
}

/** Counted from the end, as loops name their place. */
function atRemaining<T>(values: readonly T[], remaining: number | undefined, what: string): T {
  return at(values, values.length - (remaining ?? 0), what);
}

/** The hints that make the program prove the block of this witness, but for those of the children's proofs. */
export function blockHints(witness: BlockWitness): HintFunctions {
  const { columnKeyDigests, columns, leafOf, itemColumns } = witness;
  const trees = witness.trees.map((tree) => readTree(tree).entries);
  const digestOf = createEntriesDigest();
  const { nodes } = walkTrees(trees);
  const items = mergedItems(columns, itemColumns);
  const keyNames = columnKeyDigests.map(String);
  const entryAt = ([node, remaining]: readonly number[]): AggregateEntry =>
    atRemaining(at(nodes, node, 'node'), remaining, 'entry');
  const first = present(columns[0], 'column 0');

  return {
    [HINT.CHILD_COUNT]: () => [trees.length],
    [HINT.CHILD_ENTRIES]: ([child]) => digestOf(at(trees, child, 'child')),
    [HINT.NODE_COUNT]: () => [nodes.length],
    [HINT.ENTRY_COUNT]: ([node]) => [at(nodes, node, 'node').length],
    [HINT.ENTRY]: (inputs) => {
      const entry = entryAt(inputs);
      return entry.kind === 'inner' ? [1, 0] : [0, Math.max(0, keyNames.indexOf(String(entry.keyDigest)))];
    },
    [HINT.ENTRY_ROW]: (inputs) => {
      const entry = entryAt(inputs);
      return entry.kind === 'inner' ? digestOf(entry.entries) : entry.statement;
    },
    [HINT.BLOCK]: () => joined(...headerRows(first)),
    [HINT.COLUMN_COUNTS]: ([column]) => {
      const { transfers, accessList } = at(columns, column, 'column');
      return [
        transfers.length,
        accessList.length,
        transfers.filter(({ status }) => status === 'executed').length,
      ];
    },
    [HINT.ITEM_COLUMN]: ([remaining]) => [atRemaining(itemColumns, remaining, 'item')],
    [HINT.ITEM]: ([remaining]) => itemRows(atRemaining(items, remaining, 'item')),
    [HINT.COLUMN_LEAF]: ([column]) => [at(leafOf, column, 'column')],
    [HINT.COLUMN_SUMS]: ([column]) => {
      const { gasUsed, priorityFeesWei, burnedWei, transfers } = at(columns, column, 'column');
      return joined(
        limbsOf(gasUsed),
        limbsOf(priorityFeesWei),
        limbsOf(burnedWei),
        transfersDigest(transfers),
      );
    },
    [HINT.TRANSFER]: ([column, remaining]) =>
      joined(...transferRows(atRemaining(at(columns, column, 'column').transfers, remaining, 'transfer'))),
    [HINT.ORDER]: () => witness.order,
  };
}
