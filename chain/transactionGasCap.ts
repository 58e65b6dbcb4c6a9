/**
 * The highest gas limit that a transaction of a block may have: 2^24 from Osaka on.
 * Source: EIP-7825.
 */

/** Unix times in seconds at which Osaka is active. Source: EIP-7607, and go-ethereum `params/config.go`. */
const OSAKA_TIME_OF_CHAIN: ReadonlyMap<number, bigint> = new Map([
  // mainnet
  [1, 1_764_798_551n],
  // sepolia
  [11_155_111, 1_760_427_360n],
  // holesky
  [17_000, 1_759_308_480n],
  // hoodi
  [560_048, 1_761_677_592n],
]);

const OSAKA_GAS_CAP = 1n << 24n;
/** What no cap is written as: gas limits of transactions are below 2^64. */
const NO_GAS_CAP = (1n << 64n) - 1n;

/** Chains whose fork times are not known here have no cap. */
export function transactionGasCap(chainId: number, blockTime: bigint): bigint {
  const osakaTime = OSAKA_TIME_OF_CHAIN.get(chainId);
  return osakaTime !== undefined && blockTime >= osakaTime ? OSAKA_GAS_CAP : NO_GAS_CAP;
}
