/** What a node of a tree is proved from: the input of its job, in a form that threads can hand over. */
import type { AggregateEntry } from '../../programs/aggregate/aggregateStatement.ts';
import type { ListedTransfer } from '../../programs/block/blockStatement.ts';
import type { ColumnStatement } from '../../programs/column/statement.ts';
import type { NodeRole } from './tree.ts';

/** A proof that a node verifies. */
export interface NodeChild {
  readonly program: string;
  readonly profile: string;
  /** 8 words. */
  readonly statement: Uint32Array;
  readonly proof: Uint8Array;
  /** What lies below an aggregate; undefined for any other program. */
  readonly entries: readonly AggregateEntry[] | undefined;
}

/** What the block program knows besides its children. */
export interface BlockParts {
  /** By number. */
  readonly columns: readonly ColumnStatement[];
  readonly list: readonly ListedTransfer[];
}

export interface NodeInput {
  readonly role: NodeRole;
  readonly children: readonly NodeChild[];
  /** Of a node with the role `block`. */
  readonly block: BlockParts | undefined;
}
