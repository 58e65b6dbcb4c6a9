/**
 * The JSON forms of a block's summary and of an inclusion list: quantities are decimal or 0x-hexadecimal strings, counts are
 * numbers, a digest is '0x' and 8 words of 8 hex digits, in order. Unknown fields are refused.
 * Source: docs/spec/block.md.
 */
import { isCanonical } from '../../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import {
  ADDRESS,
  HEADER_QUANTITIES,
  QUANTITY,
  QUANTITY_BITS,
  TRANSFER_QUANTITIES,
  transferBits,
} from '../column/input.ts';
import type { BlockSummary, ListedTransfer } from './blockStatement.ts';
import { BlockError } from './errors.ts';

const DIGEST = /^0x[0-9a-f]{64}$/;
const WORD_DIGITS = 8;

const COUNTS = ['columnCount', 'transactionCount', 'executedCount', 'itemCount'] as const;
const SUMMARY_QUANTITIES = [...HEADER_QUANTITIES, 'gasUsed', 'priorityFeesWei', 'burnedWei'] as const;
const DIGESTS = ['listDigest', 'skippedDigest', 'preValuesDigest', 'postValuesDigest'] as const;

type Fields = Readonly<Record<string, unknown>>;

function malformed(field: string, expected: string): BlockError {
  return new BlockError('MALFORMED_INPUT', { field, expected });
}

function fieldsOf(value: unknown, names: readonly string[], where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed(where, 'an object');
  const fields = value as Fields;
  for (const name of names) if (!Object.hasOwn(fields, name)) throw malformed(`${where}.${name}`, 'a value');
  for (const name of Object.keys(fields))
    if (!names.includes(name)) throw malformed(`${where}.${name}`, 'no such field');
  return fields;
}

function quantityOf(fields: Fields, name: string, where: string, bits: number): bigint {
  const text = fields[name];
  if (typeof text !== 'string' || !QUANTITY.test(text))
    throw malformed(`${where}.${name}`, 'a decimal or 0x-hexadecimal string without leading zeros');
  const quantity = BigInt(text);
  if (quantity >> BigInt(bits) !== 0n)
    throw new BlockError('QUANTITY_RANGE', { field: `${where}.${name}`, got: text });
  return quantity;
}

function countOf(fields: Fields, name: string, where: string): number {
  const count = fields[name];
  if (typeof count !== 'number' || !isCanonical(count))
    throw malformed(`${where}.${name}`, 'an integer from 0 to p - 1');
  return count;
}

function digestOf(fields: Fields, name: string, where: string): Uint32Array {
  const text = fields[name];
  if (typeof text !== 'string' || !DIGEST.test(text))
    throw malformed(`${where}.${name}`, '0x and 64 lower-case hex digits: 8 words of 8 digits');
  const words = Uint32Array.from({ length: DIGEST_WORDS }, (_, index) =>
    Number.parseInt(text.slice(2 + WORD_DIGITS * index, 2 + WORD_DIGITS * (index + 1)), 16),
  );
  if (!words.every(isCanonical)) throw malformed(`${where}.${name}`, 'words below the modulus');
  return words;
}

function digestText(words: Uint32Array): string {
  return `0x${[...words].map((word) => word.toString(16).padStart(WORD_DIGITS, '0')).join('')}`;
}

function addressOf(fields: Fields, name: string, where: string): string {
  const text = fields[name];
  if (typeof text !== 'string' || !ADDRESS.test(text.toLowerCase()))
    throw malformed(`${where}.${name}`, '0x and 40 hex digits');
  return text.toLowerCase();
}

/** Throws: BlockError 'MALFORMED_INPUT', 'QUANTITY_RANGE' naming the first field. */
export function parseBlockSummary(value: unknown): BlockSummary {
  const fields = fieldsOf(value, [...COUNTS, ...SUMMARY_QUANTITIES, 'coinbase', ...DIGESTS], 'block');
  const quantity = (name: (typeof SUMMARY_QUANTITIES)[number]): bigint =>
    quantityOf(fields, name, 'block', QUANTITY_BITS);
  const count = (name: (typeof COUNTS)[number]): number => countOf(fields, name, 'block');
  const digest = (name: (typeof DIGESTS)[number]): Uint32Array => digestOf(fields, name, 'block');
  return {
    chainId: quantity('chainId'),
    blockNumber: quantity('blockNumber'),
    baseFeePerGasWei: quantity('baseFeePerGasWei'),
    coinbase: addressOf(fields, 'coinbase', 'block'),
    blockGasLimit: quantity('blockGasLimit'),
    transactionGasCap: quantity('transactionGasCap'),
    columnCount: count('columnCount'),
    transactionCount: count('transactionCount'),
    executedCount: count('executedCount'),
    itemCount: count('itemCount'),
    gasUsed: quantity('gasUsed'),
    priorityFeesWei: quantity('priorityFeesWei'),
    burnedWei: quantity('burnedWei'),
    listDigest: digest('listDigest'),
    skippedDigest: digest('skippedDigest'),
    preValuesDigest: digest('preValuesDigest'),
    postValuesDigest: digest('postValuesDigest'),
  };
}

/** What `parseBlockSummary` reads. */
export function blockSummaryToJson(summary: BlockSummary): Record<string, string | number> {
  return {
    ...Object.fromEntries(SUMMARY_QUANTITIES.map((name) => [name, summary[name].toString()])),
    coinbase: summary.coinbase,
    ...Object.fromEntries(COUNTS.map((name) => [name, summary[name]])),
    ...Object.fromEntries(DIGESTS.map((name) => [name, digestText(summary[name])])),
  };
}

/** The transactions of an inclusion list with their columns. Throws: BlockError 'MALFORMED_INPUT', 'QUANTITY_RANGE'. */
export function parseBlockList(value: unknown): ListedTransfer[] {
  if (!Array.isArray(value)) throw malformed('list', 'a list');
  return value.map((each: unknown, index) => {
    const where = `list.${index}`;
    const fields = fieldsOf(each, [...TRANSFER_QUANTITIES, 'from', 'to', 'column'], where);
    const quantity = (name: (typeof TRANSFER_QUANTITIES)[number]): bigint =>
      quantityOf(fields, name, where, transferBits(name));
    return {
      chainId: quantity('chainId'),
      from: addressOf(fields, 'from', where),
      to: addressOf(fields, 'to', where),
      nonce: quantity('nonce'),
      gasLimit: quantity('gasLimit'),
      maxFeePerGasWei: quantity('maxFeePerGasWei'),
      maxPriorityFeePerGasWei: quantity('maxPriorityFeePerGasWei'),
      valueWei: quantity('valueWei'),
      column: countOf(fields, 'column', where),
    };
  });
}

/** What `parseBlockList` reads. */
export function blockListToJson(list: readonly ListedTransfer[]): Record<string, string | number>[] {
  return list.map((transfer) => ({
    ...Object.fromEntries(TRANSFER_QUANTITIES.map((name) => [name, transfer[name].toString()])),
    from: transfer.from,
    to: transfer.to,
    column: transfer.column,
  }));
}
