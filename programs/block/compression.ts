/**
 * How a block proof becomes small: the aggregate program runs twice, each time over one child. The heights are chosen so that every
 * block's final proof has tables of the same heights.
 * Source: docs/spec/block.md, section Compression.
 */
import type { LeastHeights } from '../../machine/padding.ts';
import type { VerifyingKey } from '../../stark/keys.ts';
import type { LogHeights } from '../../stark/proof/shape.ts';
import type { Child } from '../aggregate/witness.ts';
import { BlockError } from './errors.ts';
import { shrunkEntries } from './verifyBlock.ts';

/**
 * Log heights of the shrunk proof's tables: room for the verification of any block proof. Performance, not security: the
 * verification of a proof of these heights fits FINAL_HEIGHTS.
 */
export const SHRUNK_HEIGHTS: LeastHeights = { cpu: 16, program: 15, memory: 16, hash: 15, extension: 15 };

/** Log heights of the final proof's tables. They decide its size, not its soundness. */
export const FINAL_HEIGHTS: LeastHeights = { cpu: 15, program: 15, memory: 15, hash: 14, extension: 14 };

/** A proof and the statement that it shows. */
export interface ProvedStatement {
  readonly key: VerifyingKey;
  readonly statement: Uint32Array;
  readonly proofBytes: Uint8Array;
}

/** The block proof as the one child of the shrunk proof. */
export function childOfShrunk({ key, statement, proofBytes }: ProvedStatement): Child {
  return { key, statement, proofBytes, inner: undefined };
}

/** The shrunk proof as the one child of the final proof. */
export function childOfFinal(
  { key, statement, proofBytes }: ProvedStatement,
  blockKeyDigest: Uint32Array,
  blockDigest: Uint32Array,
): Child {
  return {
    key,
    statement,
    proofBytes,
    inner: { kind: 'inner', entries: shrunkEntries(blockKeyDigest, blockDigest) },
  };
}

/**
 * Tables of other heights than the pinned ones would make a proof of another size. `tableNames` in slot order.
 * Throws: BlockError 'HEIGHT_NOT_PINNED'.
 */
export function requirePinned(
  tableNames: readonly string[],
  logHeights: LogHeights,
  pinned: LeastHeights,
): void {
  for (const [slot, table] of tableNames.entries()) {
    const [expected, got] = [pinned[table], logHeights[slot]];
    if (expected !== got)
      throw new BlockError('HEIGHT_NOT_PINNED', {
        table,
        expected: expected ?? 'absent',
        got: got ?? 'absent',
      });
  }
}
