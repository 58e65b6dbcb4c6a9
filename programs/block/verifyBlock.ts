/**
 * The outermost verifier of a block: what a final proof shows, under keys that were published beforehand.
 *
 * A block proof is shrunk by the aggregate program under its own key K: one child, a leaf under the block program's key. That
 * proof is the one child of the aggregate program under the `final` profile, an inner one: the program's hinted K is the same.
 * Source: docs/spec/block.md, section Compression.
 */
import { isCanonical } from '../../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { keyDigest, readKey, type VerifyingKey } from '../../stark/keys.ts';
import { type VerifierPolicy, verify } from '../../stark/verifier.ts';
import { type AggregateEntry, aggregateStatement } from '../aggregate/aggregateStatement.ts';
import { ADDRESS, HEADER_QUANTITIES, QUANTITY_BITS } from '../column/input.ts';
import { type BlockSummary, blockSummaryDigest } from './blockStatement.ts';
import { BLOCK_ERRORS, type BlockErrorCode, type BlockErrorDetails } from './errors.ts';

/** What the verifier knows beforehand, from where such things are published. */
export interface BlockPolicy {
  /** Digest of the aggregate program's key under the final profile. */
  readonly finalKeyDigest: Uint32Array;
  /** K: digest of the aggregate program's key under the inner profile. */
  readonly aggregateKeyDigest: Uint32Array;
  /** Digest of the block program's key; K and the columns' keys are constants of that program. */
  readonly blockKeyDigest: Uint32Array;
  /** For the final proof itself. */
  readonly verifier: VerifierPolicy;
}

export type BlockVerdict =
  | { readonly ok: true; readonly blockDigest: Uint32Array }
  | {
      readonly ok: false;
      readonly code: BlockErrorCode;
      readonly sentence: string;
      readonly details: BlockErrorDetails;
    };

function refuse(code: BlockErrorCode, details: BlockErrorDetails = {}): BlockVerdict {
  return { ok: false, code, sentence: BLOCK_ERRORS[code], details };
}

/** What the shrunk proof says: one leaf, the block proof. */
export function shrunkEntries(blockKeyDigest: Uint32Array, blockDigest: Uint32Array): AggregateEntry[] {
  return [{ kind: 'leaf', keyDigest: blockKeyDigest, statement: blockDigest }];
}

/** What the final proof says: one inner entry, the shrunk proof. */
export function finalEntries(blockKeyDigest: Uint32Array, blockDigest: Uint32Array): AggregateEntry[] {
  return [{ kind: 'inner', entries: shrunkEntries(blockKeyDigest, blockDigest) }];
}

/** The statement of the final proof: C(K, L) of a tree of two levels with the block proof as its leaf. Throws: AggregationError. */
export function finalStatement(
  { aggregateKeyDigest, blockKeyDigest }: Pick<BlockPolicy, 'aggregateKeyDigest' | 'blockKeyDigest'>,
  blockDigest: Uint32Array,
): Uint32Array {
  return aggregateStatement(aggregateKeyDigest, finalEntries(blockKeyDigest, blockDigest));
}

const isDigest = (words: Uint32Array): boolean => words.length === DIGEST_WORDS && words.every(isCanonical);

/**
 * Whether the final proof shows the block of this summary. Does not throw on a bad proof, key or summary: names the first check
 * that fails, and for a proof the verifier's own reason.
 */
export function verifyBlock(
  key: VerifyingKey,
  summary: BlockSummary,
  proofBytes: Uint8Array,
  policy: BlockPolicy,
): BlockVerdict {
  const digests = {
    finalKeyDigest: policy.finalKeyDigest,
    aggregateKeyDigest: policy.aggregateKeyDigest,
    blockKeyDigest: policy.blockKeyDigest,
    listDigest: summary.listDigest,
    skippedDigest: summary.skippedDigest,
    preValuesDigest: summary.preValuesDigest,
    postValuesDigest: summary.postValuesDigest,
  };
  for (const [field, digest] of Object.entries(digests))
    if (!isDigest(digest)) return refuse('DIGEST_MALFORMED', { field });
  const malformed = malformedQuantity(summary);
  if (malformed !== undefined) return refuse('QUANTITY_RANGE', { field: malformed });

  // Only a key that passes has a digest.
  const read = readKey(key);
  if (!read.ok) return refuse('KEY_MALFORMED', { fault: read.fault.code, ...read.fault.details });
  const got = keyDigest(read.key);
  if (!policy.finalKeyDigest.every((word, index) => word === got[index]))
    return refuse('KEY_MISMATCH', { got: got.join(' ') });
  const blockDigest = blockSummaryDigest(summary);
  const verdict = verify(read.key, finalStatement(policy, blockDigest), proofBytes, policy.verifier);
  if (!verdict.ok) return refuse('PROOF_REJECTED', { reason: verdict.reason, ...verdict.details });
  return { ok: true, blockDigest };
}

const SUMMARY_QUANTITIES = [...HEADER_QUANTITIES, 'gasUsed', 'priorityFeesWei', 'burnedWei'] as const;

/** The first field that has no row in the statement: C reduces modulo p, so a count of p or more would have two names. */
function malformedQuantity(summary: BlockSummary): string | undefined {
  const { columnCount, transactionCount, executedCount, itemCount } = summary;
  const counts = { columnCount, transactionCount, executedCount, itemCount };
  const count = Object.entries(counts).find(
    ([, each]) => !Number.isInteger(each) || each < 0 || !isCanonical(each),
  )?.[0];
  if (count !== undefined) return count;
  if (!ADDRESS.test(summary.coinbase)) return 'coinbase';
  return SUMMARY_QUANTITIES.find(
    (name) => summary[name] < 0n || summary[name] >> BigInt(QUANTITY_BITS) !== 0n,
  );
}
