/**
 * An independent execution of a block's plain transfers by `@ethereumjs/vm`, from the same changed pre-state as the columns
 * (the code of recipients removed), with senders recovered from the signatures.
 */
import { createBlock } from '@ethereumjs/block';
import { Common, getPresetChainConfig } from '@ethereumjs/common';
import { createTx, normalizeTxParams, type TypedTransaction } from '@ethereumjs/tx';
import { Account, createAddressFromString, hexToBytes, type PrefixedHexString } from '@ethereumjs/util';
import { createVM, runTx } from '@ethereumjs/vm';
import type { BlockFile, BlockTransaction } from '../chain/blockFile.ts';
import { preAccounts, selectTransfers } from '../chain/blockInput.ts';
import type { BlockStatement } from '../programs/block/blockStatement.ts';
import { unpackBasicData } from '../programs/column/statement.ts';
import { recoverSender } from './recoverSender.ts';

/** An address and two quantities after the block. */
export interface PostAccount {
  readonly nonce: bigint;
  readonly balanceWei: bigint;
}

export interface IndependentRun {
  /** For each plain transfer in block order: undefined when executed, else why the VM refused it. */
  readonly refusals: readonly (string | undefined)[];
  readonly accounts: ReadonlyMap<string, PostAccount>;
  /** By the transfers that were executed. */
  readonly gasUsed: bigint;
}

function signedTransaction(transaction: BlockTransaction, common: Common): TypedTransaction {
  // The file's own form, with the parsed quantities written back as JSON-RPC has them.
  const rpc = Object.fromEntries(
    Object.entries(transaction).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? `0x${value.toString(16)}` : value,
    ]),
  );
  return createTx(normalizeTxParams(rpc), { common, freeze: false });
}

export function commonOf(file: BlockFile): Common {
  if (file.chainId !== 1)
    throw new Error(`the independent execution knows mainnet only, got chain ${file.chainId}`);
  const common = new Common({ chain: getPresetChainConfig('mainnet') });
  common.setHardforkBy({ blockNumber: file.block.number, timestamp: file.block.timestamp });
  return common;
}

/** Runs the plain transfers in block order; those that fail validation are skipped. */
export async function runIndependently(file: BlockFile): Promise<IndependentRun> {
  const common = commonOf(file);
  const vm = await createVM({ common });
  const { transfers } = selectTransfers(file, (transaction) => recoverSender(transaction, common));
  const recipients = new Set(transfers.map(({ to }) => to));
  const before = preAccounts(file, transfers, recipients);
  const miner = file.prestate[file.block.miner];
  if (!before.some(({ address }) => address === file.block.miner)) {
    before.push({
      address: file.block.miner,
      nonce: miner?.nonce ?? 0n,
      balanceWei: miner?.balance ?? 0n,
      code: '0x',
    });
  }
  for (const { address, nonce, balanceWei, code } of before) {
    if (nonce === 0n && balanceWei === 0n && code === '0x') continue;
    const key = createAddressFromString(address);
    await vm.stateManager.putAccount(key, new Account(nonce, balanceWei));
    if (code !== '0x') await vm.stateManager.putCode(key, hexToBytes(code as PrefixedHexString));
  }
  const block = createBlock(
    {
      header: {
        number: file.block.number,
        timestamp: file.block.timestamp,
        gasLimit: file.block.gasLimit,
        coinbase: createAddressFromString(file.block.miner),
        ...(file.block.baseFeePerGas === undefined ? {} : { baseFeePerGas: file.block.baseFeePerGas }),
      },
    },
    { common, skipConsensusFormatValidation: true },
  );
  const refusals: (string | undefined)[] = [];
  let gasUsed = 0n;
  for (const { blockIndex, gasLimit } of transfers) {
    const transaction = file.block.transactions[blockIndex];
    if (transaction === undefined) throw new TypeError(`the block has no transaction ${blockIndex}`);
    const gasLeft = file.block.gasLimit - gasUsed;
    const outcome = await runOrRefusal(async () => {
      // `runTx` compares with the block's gas limit only, the comparison with what is left of it is that of `runBlock`.
      if (gasLimit > gasLeft) throw new Error(`gas limit ${gasLimit} of ${gasLeft} that the block has left`);
      return runTx(vm, { tx: signedTransaction(transaction, common), block });
    });
    refusals.push(outcome.refusal);
    gasUsed += outcome.gasUsed;
  }
  const accounts = new Map<string, PostAccount>();
  for (const { address } of before) {
    const account = await vm.stateManager.getAccount(createAddressFromString(address));
    accounts.set(address, { nonce: account?.nonce ?? 0n, balanceWei: account?.balance ?? 0n });
  }
  return { refusals, accounts, gasUsed };
}

/** A transaction that the VM will not run throws; one that runs but fails does not and would be a mistake here. */
async function runOrRefusal(
  run: () => ReturnType<typeof runTx>,
): Promise<{ readonly refusal: string | undefined; readonly gasUsed: bigint }> {
  try {
    const { execResult, totalGasSpent } = await run();
    if (execResult.exceptionError !== undefined) {
      throw new TypeError(`a plain transfer failed in execution: ${execResult.exceptionError.error}`);
    }
    return { refusal: undefined, gasUsed: totalGasSpent };
  } catch (error) {
    if (error instanceof TypeError || !(error instanceof Error)) throw error;
    return { refusal: error.message, gasUsed: 0n };
  }
}

/** Every difference between the columns' post-values and the independent ones, the coinbase after its fees. */
export function differences(
  run: IndependentRun,
  posts: ReadonlyMap<string, PostAccount>,
  coinbase: { readonly address: string; readonly balanceBeforeWei: bigint; readonly feesWei: bigint },
): string[] {
  const found: string[] = [];
  const compare = (address: string, got: PostAccount | undefined, expected: PostAccount): void => {
    if (got === undefined) found.push(`${address}: no post-value`);
    else if (got.nonce !== expected.nonce || got.balanceWei !== expected.balanceWei) {
      found.push(
        `${address}: nonce ${got.nonce}, balance ${got.balanceWei}; expected ${expected.nonce}, ${expected.balanceWei}`,
      );
    }
  };
  for (const [address, expected] of run.accounts) {
    const post = posts.get(address);
    if (address !== coinbase.address) compare(address, post, expected);
    else {
      const balanceWei = (post?.balanceWei ?? coinbase.balanceBeforeWei) + coinbase.feesWei;
      compare(address, { nonce: post?.nonce ?? expected.nonce, balanceWei }, expected);
    }
  }
  for (const address of posts.keys()) {
    if (!run.accounts.has(address)) found.push(`${address}: touched by the columns only`);
  }
  return found;
}

/** Every difference between a block's statement and the independent execution: transfer by transfer, account by account, and the sums. */
export async function compareBlock(
  file: BlockFile,
  coinbase: string,
  block: BlockStatement,
): Promise<{ readonly accounts: number; readonly differences: readonly string[] }> {
  const run = await runIndependently(file);
  const posts = new Map<string, PostAccount>();
  for (const { address, postValue } of block.accessList) {
    const { nonce, balanceWei } = unpackBasicData(postValue);
    posts.set(address, { nonce, balanceWei });
  }
  const found = differences(run, posts, {
    address: coinbase,
    balanceBeforeWei: file.prestate[coinbase]?.balance ?? 0n,
    feesWei: block.priorityFeesWei,
  });
  if (block.transfers.length !== run.refusals.length)
    found.push(`${block.transfers.length} transactions, expected ${run.refusals.length}`);
  for (const [transaction, { status }] of block.transfers.entries()) {
    const refusal = run.refusals[transaction];
    if ((status === 'executed') !== (refusal === undefined))
      found.push(`transaction ${transaction}: ${status}, expected ${refusal ?? 'executed'}`);
  }
  const burnedWei = run.gasUsed * (file.block.baseFeePerGas ?? 0n);
  for (const [name, got, expected] of [
    ['gas', block.gasUsed, run.gasUsed],
    ['burned wei', block.burnedWei, burnedWei],
  ] as const)
    if (got !== expected) found.push(`${name}: ${got}, expected ${expected}`);
  return { accounts: run.accounts.size, differences: found };
}
