/**
 * What a transaction reads and writes, as keys. A key is a storage slot, or a whole account: its packed word of nonce,
 * balance and code size together with its code, which is one leaf of the state tree.
 * Source: docs/spec/partition.md, section 1.
 */

export interface AccessSet {
  /** Gas that the packing counts for this transaction. */
  readonly gas: number;
  /** Keys read and not changed; a key that is also written may stand here too. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** The key of an account; an address is '0x' and 40 lower-case hex digits. */
export function accountKey(address: string): string {
  return address;
}

/** The key of a storage slot; a slot is '0x' and 64 lower-case hex digits. */
export function slotKey(address: string, slot: string): string {
  return `${address}/${slot}`;
}

/** The accesses of one executed transaction, as an execution trace lists them. */
export interface ObservedAccess {
  readonly gasUsed: number;
  /** Wei that the transaction pays to the coinbase; included in the coinbase's balance change. */
  readonly feeWei: bigint;
  readonly slotReads: readonly { readonly address: string; readonly slot: string }[];
  readonly slotWrites: readonly { readonly address: string; readonly slot: string }[];
  readonly balanceChanges: readonly { readonly address: string; readonly deltaWei: bigint }[];
  readonly balanceReads: readonly string[];
  readonly nonceWrites: readonly string[];
  readonly codeReads: readonly string[];
  readonly codeWrites: readonly string[];
}

/**
 * The keys of an executed transaction. Fees are summed and credited after the block, so the coinbase's balance counts
 * as written only where more than the fee changes it.
 */
export function accessSetOf(access: ObservedAccess, coinbase: string): AccessSet {
  const reads = new Set<string>();
  const writes = new Set<string>();
  for (const { address, slot } of access.slotReads) reads.add(slotKey(address, slot));
  for (const { address, slot } of access.slotWrites) writes.add(slotKey(address, slot));
  for (const address of access.balanceReads) reads.add(accountKey(address));
  for (const address of access.codeReads) reads.add(accountKey(address));
  for (const address of access.nonceWrites) writes.add(accountKey(address));
  for (const address of access.codeWrites) writes.add(accountKey(address));
  for (const { address, deltaWei } of access.balanceChanges) {
    const withoutFee = address === coinbase ? deltaWei - access.feeWei : deltaWei;
    if (withoutFee !== 0n) writes.add(accountKey(address));
  }
  return { gas: access.gasUsed, reads: [...reads], writes: [...writes] };
}
