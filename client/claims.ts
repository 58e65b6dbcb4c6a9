/**
 * What proofs of each program say, in a form that people read: the typed statement behind a digest, as JSON and in words. A file's claim is
 * believed only after its digest has been recomputed and compared with the statement that the proof shows.
 */
import { blockSummaryToJson, parseBlockSummary } from '../programs/block/blockJson.ts';
import { type BlockSummary, blockSummaryDigest } from '../programs/block/blockStatement.ts';
import { BLOCK_CAVEATS, counted, describeBlock } from '../programs/block/describe.ts';
import { BlockError } from '../programs/block/errors.ts';
import { COLUMN_CAVEATS, describeGasCap, OVERLAP_CAVEAT } from '../programs/column/describe.ts';
import {
  HEADER_QUANTITIES,
  MAXIMUM_TRANSFERS,
  QUANTITY_BITS,
  TRANSFER_QUANTITIES,
  transferBits,
} from '../programs/column/input.ts';
import {
  type AccessListItem,
  type ColumnStatement,
  columnStatementDigest,
  SLOT_LIMIT,
  type StatedTransfer,
  TRANSFER_STATUSES,
  unpackBasicData,
} from '../programs/column/statement.ts';
import { type Fields, listOf, objectOf, quantityOf, refuse } from './jsonFields.ts';

export interface ColumnClaim {
  readonly program: 'column';
  readonly statement: ColumnStatement;
}

/** What a block's statement binds: the digests of its lists stand for the lists. */
export interface BlockClaim {
  readonly program: 'block';
  readonly summary: BlockSummary;
}

export type Claim = ColumnClaim | BlockClaim;

const ADDRESS = /^0x[0-9a-f]{40}$/;
const COLUMN_QUANTITIES = [...HEADER_QUANTITIES, 'gasUsed', 'priorityFeesWei', 'burnedWei'] as const;

/** What a proof of the program does not say, for whoever reads only the output. */
export const CAVEATS: Readonly<Record<string, string>> = {
  column: COLUMN_CAVEATS.join(' '),
  block: BLOCK_CAVEATS.join(' '),
  aggregate: `An aggregate says that each leaf has a valid proof under its key; it does not say that leaves differ. ${OVERLAP_CAVEAT}`,
};

function addressOf(value: unknown, path: string): string {
  if (typeof value !== 'string' || !ADDRESS.test(value))
    throw refuse(path, '0x and 40 lower-case hex digits', value);
  return value;
}

/** A quantity below 2^bits. */
function boundedOf(value: unknown, path: string, bits: number): bigint {
  const quantity = quantityOf(value, path);
  if (quantity >> BigInt(bits) !== 0n) throw refuse(path, `a quantity below 2^${bits}`, value);
  return quantity;
}

function transferOf(value: unknown, path: string): StatedTransfer {
  const fields = objectOf(value, path, [...TRANSFER_QUANTITIES, 'from', 'to', 'status']);
  const quantity = (name: (typeof TRANSFER_QUANTITIES)[number]): bigint =>
    boundedOf(fields[name], `${path}.${name}`, transferBits(name));
  const status = TRANSFER_STATUSES.find((known) => known === fields['status']);
  if (status === undefined) throw refuse(`${path}.status`, TRANSFER_STATUSES.join(', '), fields['status']);
  return {
    chainId: quantity('chainId'),
    from: addressOf(fields['from'], `${path}.from`),
    to: addressOf(fields['to'], `${path}.to`),
    nonce: quantity('nonce'),
    gasLimit: quantity('gasLimit'),
    maxFeePerGasWei: quantity('maxFeePerGasWei'),
    maxPriorityFeePerGasWei: quantity('maxPriorityFeePerGasWei'),
    valueWei: quantity('valueWei'),
    status,
  };
}

function accessListItemOf(value: unknown, path: string): AccessListItem {
  const fields = objectOf(value, path, ['address', 'slot', 'preValue', 'postValue']);
  const slot = quantityOf(fields['slot'], `${path}.slot`);
  if (slot >= SLOT_LIMIT) throw refuse(`${path}.slot`, 'a slot from 0 to 2^96 - 2', fields['slot']);
  return {
    address: addressOf(fields['address'], `${path}.address`),
    slot,
    preValue: boundedOf(fields['preValue'], `${path}.preValue`, QUANTITY_BITS),
    postValue: boundedOf(fields['postValue'], `${path}.postValue`, QUANTITY_BITS),
  };
}

/** Throws: ClientError 'FIELD'. */
export function parseClaim(value: unknown, path: string): Claim {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse(path, 'an object', value);
  const { program, ...fields } = value as Fields;
  if (program === 'column') return parseColumnClaim(fields, path);
  if (program === 'block') return parseBlockClaim(fields, path);
  throw refuse(`${path}.program`, 'column or block', program);
}

function parseBlockClaim(fields: Fields, path: string): BlockClaim {
  try {
    const summary = parseBlockSummary(fields);
    const { columnCount, transactionCount } = summary;
    if (columnCount === 0) throw refuse(`${path}.columnCount`, 'at least 1 column', columnCount);
    if (transactionCount < columnCount)
      throw refuse(`${path}.transactionCount`, 'a transaction for each column', transactionCount);
    return { program: 'block', summary };
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    const { field, expected } = error.details;
    throw refuse(
      String(field).replace(/^block\b/, path),
      String(expected ?? 'a quantity in range'),
      error.code,
    );
  }
}

function parseColumnClaim(value: Fields, path: string): ColumnClaim {
  const fields = objectOf(value, path, ['coinbase', 'transfers', 'accessList', ...COLUMN_QUANTITIES]);
  const quantity = (name: (typeof COLUMN_QUANTITIES)[number]): bigint =>
    boundedOf(fields[name], `${path}.${name}`, QUANTITY_BITS);
  const transfers = listOf(fields['transfers'], `${path}.transfers`, MAXIMUM_TRANSFERS);
  // The program has a proof of no transfers too, and it says nothing.
  if (transfers.length === 0)
    throw refuse(`${path}.transfers`, `1 to ${MAXIMUM_TRANSFERS} transfers`, fields['transfers']);
  const accessList = listOf(fields['accessList'], `${path}.accessList`, 2 * MAXIMUM_TRANSFERS);
  return {
    program: 'column',
    statement: {
      chainId: quantity('chainId'),
      blockNumber: quantity('blockNumber'),
      baseFeePerGasWei: quantity('baseFeePerGasWei'),
      coinbase: addressOf(fields['coinbase'], `${path}.coinbase`),
      blockGasLimit: quantity('blockGasLimit'),
      transactionGasCap: quantity('transactionGasCap'),
      transfers: transfers.map((each, index) => transferOf(each, `${path}.transfers.${index}`)),
      accessList: accessList.map((each, index) => accessListItemOf(each, `${path}.accessList.${index}`)),
      gasUsed: quantity('gasUsed'),
      priorityFeesWei: quantity('priorityFeesWei'),
      burnedWei: quantity('burnedWei'),
    },
  };
}

/** The form that `parseClaim` reads. */
export function claimToJson(claim: Claim): Readonly<Record<string, unknown>> {
  const { program } = claim;
  if (program === 'block') return { program, ...blockSummaryToJson(claim.summary) };
  const { statement } = claim;
  return {
    program,
    ...Object.fromEntries(COLUMN_QUANTITIES.map((name) => [name, statement[name].toString()])),
    coinbase: statement.coinbase,
    transfers: statement.transfers.map((transfer) => ({
      ...Object.fromEntries(TRANSFER_QUANTITIES.map((name) => [name, transfer[name].toString()])),
      from: transfer.from,
      to: transfer.to,
      status: transfer.status,
    })),
    accessList: statement.accessList.map(({ address, slot, preValue, postValue }) => ({
      address,
      slot: slot.toString(),
      preValue: preValue.toString(),
      postValue: postValue.toString(),
    })),
  };
}

/** The statement that a proof of the claim shows. */
export function claimDigest(claim: Claim): Uint32Array {
  return claim.program === 'block'
    ? blockSummaryDigest(claim.summary)
    : columnStatementDigest(claim.statement);
}

const WEI_PER_GWEI = 10n ** 9n;
const WEI_PER_ETHER = 10n ** 18n;

function decimals(value: bigint, unit: bigint): string {
  const digits = unit.toString().length - 1;
  const fraction = (value % unit).toString().padStart(digits, '0').replace(/0+$/, '');
  return fraction === '' ? (value / unit).toString() : `${value / unit}.${fraction}`;
}

/** What the claim says, in a line or a few; of a column with `accounts`, also one for each account that it changes. */
export function describeClaim(claim: Claim, detail: 'summary' | 'accounts'): string[] {
  if (claim.program === 'block') return describeBlock(claim.summary);
  const { statement } = claim;
  const { chainId, blockNumber, baseFeePerGasWei, transfers, accessList, gasUsed } = statement;
  const counts = new Map<string, number>();
  for (const { status } of transfers) counts.set(status, (counts.get(status) ?? 0) + 1);
  const executed = counts.get('executed') ?? 0;
  counts.delete('executed');
  const reasons = [...counts].map(([status, count]) => `${count} ${status}`).join(', ');
  const skipped = transfers.length - executed;
  const summary =
    `column of block ${blockNumber} on chain ${chainId}, base fee ${decimals(baseFeePerGasWei, WEI_PER_GWEI)} gwei, coinbase ${statement.coinbase}, gas limit ${statement.blockGasLimit}, ${describeGasCap(statement.transactionGasCap)}: ` +
    `${counted(transfers.length, 'transfer')}, ${executed} executed, ${skipped} not executable${skipped === 0 ? '' : ` (${reasons})`}; ` +
    `${counted(accessList.length, 'account')}; gas ${gasUsed}, priority fees ${decimals(statement.priorityFeesWei, WEI_PER_ETHER)} ETH, ` +
    `burned ${decimals(statement.burnedWei, WEI_PER_ETHER)} ETH`;
  if (detail === 'summary') return [summary];
  return [
    summary,
    ...accessList.flatMap(({ address, preValue, postValue }) => {
      if (preValue === postValue) return [];
      const [before, after] = [unpackBasicData(preValue), unpackBasicData(postValue)];
      return [
        `  ${address}: claimed nonce ${before.nonce} -> ${after.nonce}, claimed balance ${decimals(before.balanceWei, WEI_PER_ETHER)} -> ${decimals(after.balanceWei, WEI_PER_ETHER)} ETH`,
      ];
    }),
  ];
}
