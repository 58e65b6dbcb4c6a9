/**
 * What a column executes: its transfers in order and the accounts they touch, before the column. Plain types, a parser of
 * their JSON form, and the checks that refuse a job.
 * Source: docs/spec/column.md.
 */
import { ColumnError } from './errors.ts';

/** Addresses are '0x' and 40 lower-case hex digits; amounts are in wei. */
export interface ColumnTransfer {
  readonly chainId: bigint;
  readonly from: string;
  readonly to: string;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** The gas price where the transaction has one price only. */
  readonly maxFeePerGasWei: bigint;
  readonly maxPriorityFeePerGasWei: bigint;
  readonly valueWei: bigint;
}

export interface ColumnAccount {
  readonly address: string;
  readonly nonce: bigint;
  readonly balanceWei: bigint;
  /** '0x' where it has none. */
  readonly code: string;
}

/** What all columns of a block share. */
export interface ColumnHeader {
  readonly chainId: bigint;
  readonly blockNumber: bigint;
  /** 0 for a block without a base fee. */
  readonly baseFeePerGasWei: bigint;
  /** Gets the priority fees of all columns after them, so it is no party of a transfer. */
  readonly coinbase: string;
  /** Every column starts with all of it. */
  readonly blockGasLimit: bigint;
  /** The highest gas limit of a transaction (EIP-7825); 2^64 - 1 where there is no cap. */
  readonly transactionGasCap: bigint;
}

export interface ColumnInput extends ColumnHeader {
  /** In the order of execution. */
  readonly transfers: readonly ColumnTransfer[];
  /** Every sender and recipient and nobody else, in any order. */
  readonly accounts: readonly ColumnAccount[];
}

/** Transfers are counted in one limb. */
export const MAXIMUM_TRANSFERS = 2 ** 16 - 1;
/** Of what a transaction or a header says: a whole word, but for the nonce, which stands above 128 bits of its word. */
export const QUANTITY_BITS = 256;
export const TRANSACTION_NONCE_BITS = 128;
const BALANCE_BITS = 128;
const ACCOUNT_NONCE_BITS = 64;
/** Bytes of a delegation's code, 0xef0100 and an address: EIP-7702. */
export const DELEGATION_BYTES = 23;
export const DELEGATION_PREFIX = '0xef0100';
const CODE_SIZE_BITS = 24;
/** 1..HIGHEST_PRECOMPILE and PRECOMPILE_P256: the precompiles of every fork up to Osaka. */
export const HIGHEST_PRECOMPILE = 0x11;
export const PRECOMPILE_P256 = 0x100;

export const ADDRESS = /^0x[0-9a-f]{40}$/;
const CODE = /^0x(?:[0-9a-f]{2})*$/;
/** A quantity in JSON: decimal or 0x-hexadecimal, without leading zeros. */
export const QUANTITY = /^(0|[1-9][0-9]{0,77}|0x(0|[1-9a-f][0-9a-f]{0,63}))$/;

export function codeBytes(account: Pick<ColumnAccount, 'code'>): number {
  return (account.code.length - 2) / 2;
}

/** Whether basic data has room for the account. */
export function fitsBasicData(account: Omit<ColumnAccount, 'address'>): boolean {
  return (
    account.nonce >> BigInt(ACCOUNT_NONCE_BITS) === 0n &&
    account.balanceWei >> BigInt(BALANCE_BITS) === 0n &&
    codeBytes(account) < 2 ** CODE_SIZE_BITS
  );
}

function checkQuantity(value: unknown, bits: number, field: string): void {
  if (typeof value !== 'bigint')
    throw new ColumnError('MALFORMED_INPUT', { field, expected: 'a bigint', got: typeof value });
  if (value < 0n || value >> BigInt(bits) !== 0n)
    throw new ColumnError('QUANTITY_RANGE', {
      field,
      expected: `0..2^${bits} - 1`,
      got: value.toString(),
    });
}

function checkAddress(value: unknown, field: string): void {
  if (typeof value !== 'string' || !ADDRESS.test(value))
    throw new ColumnError('MALFORMED_INPUT', { field, expected: '0x and 40 lower-case hex digits' });
}

/** Length first: a regular expression can run out of stack on a text of many megabytes. */
function checkCode(account: ColumnAccount, field: string): void {
  if (typeof account.code === 'string' && codeBytes(account) >= 2 ** CODE_SIZE_BITS)
    throw new ColumnError('QUANTITY_RANGE', {
      field,
      expected: `below 2^${CODE_SIZE_BITS} bytes`,
      got: codeBytes(account),
    });
  if (typeof account.code !== 'string' || !CODE.test(account.code))
    throw new ColumnError('MALFORMED_INPUT', { field, expected: '0x and bytes in hex' });
}

/** The integers of a header, in the order of its rows; the coinbase stands behind the third. */
export const HEADER_QUANTITIES = [
  'chainId',
  'blockNumber',
  'baseFeePerGasWei',
  'blockGasLimit',
  'transactionGasCap',
] as const;

/** The integers of a transfer. */
export const TRANSFER_QUANTITIES = [
  'chainId',
  'nonce',
  'gasLimit',
  'maxFeePerGasWei',
  'maxPriorityFeePerGasWei',
  'valueWei',
] as const;

/** How many bits an integer of a transfer has, in inputs, claims and inclusion lists alike. */
export function transferBits(name: (typeof TRANSFER_QUANTITIES)[number]): number {
  return name === 'nonce' ? TRANSACTION_NONCE_BITS : QUANTITY_BITS;
}

/** 1..HIGHEST_PRECOMPILE and PRECOMPILE_P256, in every fork alike. */
export function isPrecompile(address: string): boolean {
  const value = BigInt(address);
  return (value >= 1n && value <= BigInt(HIGHEST_PRECOMPILE)) || value === BigInt(PRECOMPILE_P256);
}

/** Checks everything that does not need execution. Throws: ColumnError of every kind but BALANCE_OVERFLOW. */
export function validateColumnInput(input: ColumnInput): void {
  for (const name of HEADER_QUANTITIES) checkQuantity(input[name], QUANTITY_BITS, name);
  checkAddress(input.coinbase, 'coinbase');
  if (input.transfers.length === 0) throw new ColumnError('EMPTY_COLUMN');
  if (input.transfers.length > MAXIMUM_TRANSFERS)
    throw new ColumnError('TOO_MANY_TRANSFERS', {
      expected: MAXIMUM_TRANSFERS,
      got: input.transfers.length,
    });

  const accounts = new Map<string, ColumnAccount>();
  for (const [index, account] of input.accounts.entries()) {
    const field = `accounts.${index}`;
    checkAddress(account.address, `${field}.address`);
    checkQuantity(account.nonce, ACCOUNT_NONCE_BITS, `${field}.nonce`);
    checkQuantity(account.balanceWei, BALANCE_BITS, `${field}.balanceWei`);
    checkCode(account, `${field}.code`);
    if (accounts.has(account.address))
      throw new ColumnError('DUPLICATE_ACCOUNT', { address: account.address });
    if (isPrecompile(account.address)) throw new ColumnError('PRECOMPILE', { address: account.address });
    accounts.set(account.address, account);
  }

  const withoutTransfer = new Set(accounts.keys());
  for (const [index, transfer] of input.transfers.entries()) {
    const field = `transfers.${index}`;
    checkAddress(transfer.from, `${field}.from`);
    checkAddress(transfer.to, `${field}.to`);
    for (const name of TRANSFER_QUANTITIES)
      checkQuantity(transfer[name], transferBits(name), `${field}.${name}`);
    for (const address of [transfer.from, transfer.to]) {
      if (address === input.coinbase)
        throw new ColumnError('COINBASE_IS_PARTY', { transfer: index, address });
      withoutTransfer.delete(address);
    }
    const [sender, recipient] = [transfer.from, transfer.to].map((address) => {
      const account = accounts.get(address);
      if (account === undefined) throw new ColumnError('MISSING_ACCOUNT', { transfer: index, address });
      return account;
    }) as [ColumnAccount, ColumnAccount];
    if (codeBytes(recipient) > 0)
      throw new ColumnError('RECIPIENT_HAS_CODE', { transfer: index, address: transfer.to });
    if (codeBytes(sender) === DELEGATION_BYTES)
      throw new ColumnError('DELEGATION', { transfer: index, address: transfer.from });
  }
  for (const address of withoutTransfer) throw new ColumnError('ACCOUNT_WITHOUT_TRANSFER', { address });
}

type Fields = Readonly<Record<string, unknown>>;

function fieldsOf(value: unknown, names: readonly string[], field: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ColumnError('MALFORMED_INPUT', { field, expected: 'an object' });
  const fields = value as Fields;
  for (const name of names)
    if (!Object.hasOwn(fields, name))
      throw new ColumnError('MALFORMED_INPUT', { field: `${field}.${name}`, expected: 'a value' });
  for (const name of Object.keys(fields))
    if (!names.includes(name))
      throw new ColumnError('MALFORMED_INPUT', { field: `${field}.${name}`, expected: 'no such field' });
  return fields;
}

function quantityOf(fields: Fields, name: string, field: string): bigint {
  const value = fields[name];
  if (typeof value !== 'string' || !QUANTITY.test(value))
    throw new ColumnError('MALFORMED_INPUT', {
      field: `${field}.${name}`,
      expected: 'a decimal or 0x-hexadecimal string without leading zeros',
    });
  return BigInt(value);
}

function textOf(fields: Fields, name: string, field: string): string {
  const value = fields[name];
  if (typeof value !== 'string')
    throw new ColumnError('MALFORMED_INPUT', { field: `${field}.${name}`, expected: 'a string' });
  return value.toLowerCase();
}

function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new ColumnError('MALFORMED_INPUT', { field: name, expected: 'a list' });
  return value;
}

function transferOf(value: unknown, field: string): ColumnTransfer {
  const fields = fieldsOf(value, [...TRANSFER_QUANTITIES, 'from', 'to'], field);
  const quantity = (name: (typeof TRANSFER_QUANTITIES)[number]): bigint => quantityOf(fields, name, field);
  return {
    chainId: quantity('chainId'),
    from: textOf(fields, 'from', field),
    to: textOf(fields, 'to', field),
    nonce: quantity('nonce'),
    gasLimit: quantity('gasLimit'),
    maxFeePerGasWei: quantity('maxFeePerGasWei'),
    maxPriorityFeePerGasWei: quantity('maxPriorityFeePerGasWei'),
    valueWei: quantity('valueWei'),
  };
}

function accountOf(value: unknown, field: string): ColumnAccount {
  const fields = fieldsOf(value, ['address', 'nonce', 'balanceWei', 'code'], field);
  return {
    address: textOf(fields, 'address', field),
    nonce: quantityOf(fields, 'nonce', field),
    balanceWei: quantityOf(fields, 'balanceWei', field),
    code: textOf(fields, 'code', field),
  };
}

/**
 * The column input in a JSON value: quantities are strings, decimal or 0x-hexadecimal; unknown fields are refused.
 * Throws: ColumnError, as `validateColumnInput` does.
 */
export function parseColumnInput(value: unknown): ColumnInput {
  const fields = fieldsOf(value, [...HEADER_QUANTITIES, 'coinbase', 'transfers', 'accounts'], 'input');
  const quantity = (name: (typeof HEADER_QUANTITIES)[number]): bigint => quantityOf(fields, name, 'input');
  const input: ColumnInput = {
    chainId: quantity('chainId'),
    blockNumber: quantity('blockNumber'),
    baseFeePerGasWei: quantity('baseFeePerGasWei'),
    coinbase: textOf(fields, 'coinbase', 'input'),
    blockGasLimit: quantity('blockGasLimit'),
    transactionGasCap: quantity('transactionGasCap'),
    transfers: listOf(fields, 'transfers').map((each, index) => transferOf(each, `transfers.${index}`)),
    accounts: listOf(fields, 'accounts').map((each, index) => accountOf(each, `accounts.${index}`)),
  };
  validateColumnInput(input);
  return input;
}

/** The JSON value that `parseColumnInput` reads. */
export function columnInputToJson(input: ColumnInput): unknown {
  return {
    chainId: input.chainId.toString(),
    blockNumber: input.blockNumber.toString(),
    baseFeePerGasWei: input.baseFeePerGasWei.toString(),
    coinbase: input.coinbase,
    blockGasLimit: input.blockGasLimit.toString(),
    transactionGasCap: input.transactionGasCap.toString(),
    transfers: input.transfers.map((transfer) => ({
      chainId: transfer.chainId.toString(),
      from: transfer.from,
      to: transfer.to,
      nonce: transfer.nonce.toString(),
      gasLimit: transfer.gasLimit.toString(),
      maxFeePerGasWei: transfer.maxFeePerGasWei.toString(),
      maxPriorityFeePerGasWei: transfer.maxPriorityFeePerGasWei.toString(),
      valueWei: transfer.valueWei.toString(),
    })),
    accounts: input.accounts.map((account) => ({
      address: account.address,
      nonce: account.nonce.toString(),
      balanceWei: account.balanceWei.toString(),
      code: account.code,
    })),
  };
}
