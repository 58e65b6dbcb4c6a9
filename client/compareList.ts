/**
 * Whether a block proof is about a given inclusion list. The proof binds the digest of a list, which may be the digest of no list:
 * only whoever computes it from a list knows that the proof is about this one.
 * Source: docs/spec/block.md, section Why nothing else can be proved.
 */
import { transferAccess } from '../chain/blockInput.ts';
import { buildInclusionList } from '../chain/inclusionList.ts';
import { inclusionListDigest, type ListedTransfer } from '../programs/block/blockStatement.ts';
import { ClientError } from './errors.ts';
import { formatDigest, isSameDigest } from './jsonFields.ts';
import type { FileVerdict } from './verifyFile.ts';

/**
 * The verdict on a proof file, turned when a block that it shows has another inclusion list, or does not say which.
 * Every block that the file shows must have this list.
 */
export function compareList(verdict: FileVerdict, list: readonly ListedTransfer[]): FileVerdict {
  if (!verdict.ok) return verdict;
  const blocks = [...verdict.leaves.entries()].filter(([, { program }]) => program === 'block');
  if (blocks.length === 0) return reject('LIST_NOT_STATED', { program: verdict.program });
  for (const [leaf, { claim }] of blocks) {
    if (claim?.program !== 'block') return reject('LIST_NOT_STATED', { leaf });
    const { columnCount, transactionCount, listDigest } = claim.summary;
    if (transactionCount !== list.length)
      return reject('LIST_MISMATCH', {
        leaf,
        field: 'transactionCount',
        expected: list.length,
        got: transactionCount,
      });
    const outside = list.findIndex(({ column }) => column >= columnCount);
    if (outside >= 0)
      return reject('LIST_MISMATCH', { leaf, field: 'columnCount', transaction: outside, got: columnCount });
    const expected = inclusionListDigest(list, columnCount);
    if (!isSameDigest(expected, listDigest))
      return reject('LIST_MISMATCH', {
        leaf,
        field: 'listDigest',
        expected: formatDigest(expected),
        got: formatDigest(listDigest),
      });
  }
  return verdict;
}

/**
 * Derives the columns of a list anew: what `partition` gives for K columns, numbered by their place among those that have transactions.
 * Source: docs/spec/partition.md, section 4. Throws: ClientError 'PARTITION_MISMATCH' naming the first transaction in another column.
 */
export function requirePartition(list: readonly ListedTransfer[], columnCount: number): void {
  const transfers = list.map((transfer, blockIndex) => ({ ...transfer, blockIndex }));
  const { columnOf } = buildInclusionList(transfers, transferAccess, columnCount);
  const used = [...new Set(columnOf)].toSorted((left, right) => left - right);
  const placeOf = new Map(used.map((column, place) => [column, place]));
  for (const [transaction, { column }] of list.entries()) {
    const expected = placeOf.get(columnOf[transaction] ?? -1) ?? -1;
    if (expected !== column)
      throw new ClientError('PARTITION_MISMATCH', {
        transaction,
        columns: columnCount,
        expected,
        got: column,
      });
  }
}

function reject(
  reason: 'LIST_MISMATCH' | 'LIST_NOT_STATED',
  details: Readonly<Record<string, string | number>>,
): FileVerdict {
  return { ok: false, reason, details };
}
