/** What a block proof claims, in sentences, and what it does not. */
import { describeGasCap, TRANSFER_CAVEATS } from '../column/describe.ts';
import type { BlockStatement, BlockSummary } from './blockStatement.ts';

const WEI_PER_ETHER = 10n ** 18n;

/** Exact, without trailing zeros. */
function ether(wei: bigint): string {
  const fraction = (wei % WEI_PER_ETHER).toString().padStart(18, '0').replace(/0+$/, '');
  return `${wei / WEI_PER_ETHER}${fraction === '' ? '' : `.${fraction}`} ether`;
}

/** A count and what is counted, in the plural where it is not one. */
export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** The claims that the summary alone carries; who knows the list and the access list compares their digests. */
export function describeBlock(summary: BlockSummary): string[] {
  const { columnCount, transactionCount, executedCount, itemCount } = summary;
  const skipped = transactionCount - executedCount;
  const { gasUsed, blockGasLimit } = summary;
  return [
    `Block ${summary.blockNumber} of chain ${summary.chainId}, base fee ${summary.baseFeePerGasWei} wei, coinbase ${summary.coinbase}, gas limit ${blockGasLimit}, ${describeGasCap(summary.transactionGasCap)}.`,
    `${counted(columnCount, 'column')} with exactly the ${counted(transactionCount, 'transaction')} of the inclusion list that has the stated digest, each once, in its column, in the order of the list.`,
    skipped === 0
      ? `All ${executedCount} executed.`
      : `${executedCount} executed; ${skipped} skipped, each for the reason that the statement names.`,
    `The columns list ${counted(itemCount, 'leaf').replace('leafs', 'leaves')} of the state, no two of them the same, each of a sender or recipient, and take the claimed pre-values to the post-values.`,
    `Gas ${gasUsed}${gasUsed > blockGasLimit ? ', which is above the gas limit of the block: each column starts with all of it' : ''}; priority fees ${ether(summary.priorityFeesWei)}, due to the coinbase once; burned ${ether(summary.burnedWei)}.`,
  ];
}

/** The transactions that were not executed, with the reasons. */
export function describeSkipped({ transfers }: BlockStatement): string[] {
  return transfers.flatMap(({ status, column, from, nonce }, transaction) =>
    status === 'executed'
      ? []
      : [
          `Transaction ${transaction} of the list (column ${column}, sender ${from}, nonce ${nonce}) was skipped: ${status}.`,
        ],
  );
}

/** What a block proof does not say. */
export const BLOCK_CAVEATS: readonly string[] = [
  ...TRANSFER_CAVEATS,
  'It does not say who attested to the inclusion list. It speaks of a list only if you computed the list digest from that list yourself: a digest alone may be the digest of no list.',
];
