/** Whether the columns that children show make the block of an inclusion list. Runs in the checker's thread. */
import { assembleBlock } from '../../programs/block/blockInput.ts';
import {
  type BlockSummary,
  blockSummaryDigest,
  type ListedTransfer,
  summarizeBlock,
} from '../../programs/block/blockStatement.ts';
import { BlockError, type BlockErrorCode } from '../../programs/block/errors.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { parseColumnInput } from '../../programs/column/input.ts';
import type { ColumnStatement } from '../../programs/column/statement.ts';
import { Problem, type ProblemCode } from '../problems.ts';
import { type Refusal, readEnvelope, refusalOf } from '../proofRequest.ts';
import type { BlockParts } from './nodeInput.ts';

/** A column that a child shows: what it says, or the body of its proof request, which leads to the same. */
export interface ShownColumn {
  readonly child: number;
  readonly said:
    | { readonly kind: 'claim'; readonly claim: ColumnStatement }
    | { readonly kind: 'inputs'; readonly json: Uint8Array };
}

export interface BlockTask {
  /** In the order of their numbers. */
  readonly columns: readonly ShownColumn[];
  readonly list: readonly ListedTransfer[];
}

export type BlockCheck =
  | {
      readonly ok: true;
      readonly block: {
        readonly digest: Uint32Array;
        readonly summary: BlockSummary;
        readonly parts: BlockParts;
      };
    }
  | Refusal;

/** What a caller is told; anything else is `block-refused`. */
const PROBLEM_OF: Readonly<Partial<Record<BlockErrorCode, ProblemCode>>> = {
  MALFORMED_INPUT: 'malformed-request',
  QUANTITY_RANGE: 'malformed-request',
  OTHER_CHAIN: 'other-block',
  OTHER_BLOCK: 'other-block',
  OTHER_BASE_FEE: 'other-base-fee',
  OTHER_COINBASE: 'other-block',
  OTHER_BLOCK_GAS_LIMIT: 'other-block',
  OTHER_TRANSACTION_GAS_CAP: 'other-block',
  ACCESS_OVERLAP: 'access-overlap',
  LIST_COLUMN: 'column-missing',
  TRANSACTION_MISSING: 'transaction-missing',
  TRANSACTION_TWICE: 'transaction-twice',
  TRANSACTION_NOT_LISTED: 'transaction-not-listed',
  TRANSACTION_ORDER: 'transaction-order',
  WRONG_COLUMN: 'wrong-column',
};

export function blockProblem(
  { code, message, details }: BlockError,
  childOf: (column: number) => number | undefined,
): Problem {
  const { column, other } = details;
  const child = typeof column === 'number' ? childOf(column) : undefined;
  const otherChild = typeof other === 'number' ? childOf(other) : undefined;
  return new Problem(PROBLEM_OF[code] ?? 'block-refused', message, {
    ...(child === undefined ? {} : { child }),
    ...(otherChild === undefined ? {} : { otherChild }),
    blockError: code,
    ...details,
  });
}

/** Throws: Problem naming the child. */
export function blockOf(
  columns: readonly ColumnStatement[],
  list: readonly ListedTransfer[],
  childOf: (column: number) => number | undefined,
): Extract<BlockCheck, { readonly ok: true }>['block'] {
  try {
    const summary = summarizeBlock(assembleBlock(columns, list));
    return { digest: blockSummaryDigest(summary), summary, parts: { columns, list } };
  } catch (error) {
    if (error instanceof BlockError) throw blockProblem(error, childOf);
    throw error;
  }
}

export function checkBlock({ columns, list }: BlockTask): BlockCheck {
  try {
    const statements = columns.map(({ said }) =>
      // These inputs have been proved, or accepted to be.
      said.kind === 'claim' ? said.claim : executeColumn(parseColumnInput(readEnvelope(said.json).inputs)),
    );
    return { ok: true, block: blockOf(statements, list, (column) => columns[column]?.child) };
  } catch (error) {
    return refusalOf(error);
  }
}
