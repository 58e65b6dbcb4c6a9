/** The hints of the block program: what the host supplies and the program checks. The children's own are those of programs/aggregate. */
export const HINT = {
  /** Of children. */
  CHILD_COUNT: 'block: child count',
  /** 1 row: L of the given child. */
  CHILD_ENTRIES: 'block: child entries',
  /** Of nodes of all trees, the children among them. */
  NODE_COUNT: 'block: node count',
  /** Of entries of the given node. */
  ENTRY_COUNT: 'block: entry count',
  /** 2 words: 1 for an inner entry, else 0; the number of the leaf's key. Given: the node, and the entries that remain. */
  ENTRY: 'block: entry',
  /** 1 row: L of an inner entry, or the statement of a leaf. */
  ENTRY_ROW: 'block: entry row',
  /** 12 rows: the header of every column. */
  BLOCK: 'block: header',
  /** 3 words: transfers, items, executed transfers of the given column. */
  COLUMN_COUNTS: 'block: column counts',
  /** 1 word: the column of the item with so many remaining. */
  ITEM_COLUMN: 'block: item column',
  /** 6 rows: key, pre-value, post-value. */
  ITEM: 'block: item',
  /** 1 word: the leaf that shows the given column. */
  COLUMN_LEAF: 'block: column leaf',
  /** 7 rows: gas, priority fees, burn, digest of the transfers. */
  COLUMN_SUMS: 'block: column sums',
  /** 17 rows of the transfers' digest: of the given column, with so many remaining. */
  TRANSFER: 'block: transfer',
  /** 1 row: the digest of the list's order. */
  ORDER: 'block: order',
} as const;
