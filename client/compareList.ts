/**
 * Whether a block proof is about a given inclusion list. The proof binds the digest of a list, which may be the digest of no list:
 * only whoever computes it from a list knows that the proof is about this one.
 * Source: docs/spec/block.md, section Why nothing else can be proved.
 */
import { inclusionListDigest, type ListedTransfer } from '../programs/block/blockStatement.ts';
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

function reject(
  reason: 'LIST_MISMATCH' | 'LIST_NOT_STATED',
  details: Readonly<Record<string, string | number>>,
): FileVerdict {
  return { ok: false, reason, details };
}
