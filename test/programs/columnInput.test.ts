/** The JSON form of column inputs: round trip, and every kind of malformed value. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COLUMN_ERRORS, ColumnError, type ColumnErrorCode } from '../../programs/column/errors.ts';
import { type ColumnInput, columnInputToJson, parseColumnInput } from '../../programs/column/input.ts';
import { accountOf, addressOf, columnOf, transferOf } from '../support/column.ts';

const INPUT = columnOf([transferOf(), transferOf({ nonce: 8n, valueWei: 0n })]);

type Json = Record<string, unknown> & {
  transfers: Record<string, unknown>[];
  accounts: Record<string, unknown>[];
};

function json(): Json {
  return JSON.parse(JSON.stringify(columnInputToJson(INPUT))) as Json;
}

function refused(value: unknown, code: ColumnErrorCode, field?: string): void {
  assert.throws(
    () => parseColumnInput(value),
    (error: unknown) => {
      assert.ok(error instanceof ColumnError);
      assert.equal(error.code, code);
      assert.ok(error.message.includes(COLUMN_ERRORS[code]));
      if (field !== undefined) assert.equal(error.details['field'], field);
      return true;
    },
  );
}

test('an input survives its JSON form', () => {
  assert.deepEqual(parseColumnInput(json()), INPUT);
});

test('hexadecimal quantities and upper-case addresses are read', () => {
  const value = json();
  value['blockNumber'] = '0x3039';
  value.transfers[0]!['from'] = String(value.transfers[0]!['from']).replace('5a', '5A');
  assert.deepEqual(parseColumnInput(value), INPUT);
});

test('malformed values are refused with their field', () => {
  for (const value of [null, 1, 'x', [], undefined]) refused(value, 'MALFORMED_INPUT', 'input');
  for (const quantity of [1, null, '', '-1', '01', '0x', '0x01', '1.0', ' 1', '1e3', '0xAG']) {
    const value = json();
    value['chainId'] = quantity;
    refused(value, 'MALFORMED_INPUT', 'input.chainId');
  }
  const missing = json();
  delete missing.transfers[1]!['nonce'];
  refused(missing, 'MALFORMED_INPUT', 'transfers.1.nonce');
  const unknown = json();
  unknown.accounts[0]!['storage'] = {};
  refused(unknown, 'MALFORMED_INPUT', 'accounts.0.storage');
  const prototype = JSON.parse('{"__proto__": {"chainId": "1"}}');
  refused(prototype, 'MALFORMED_INPUT', 'input.chainId');
  for (const address of ['0x12', `${'0'.repeat(42)}`, 5, null]) {
    const value = json();
    value.transfers[0]!['to'] = address;
    refused(value, 'MALFORMED_INPUT', 'transfers.0.to');
  }
  const code = json();
  code.accounts[0]!['code'] = '0x1';
  refused(code, 'MALFORMED_INPUT', 'accounts.0.code');
  const list = json() as Record<string, unknown>;
  list['transfers'] = {};
  refused(list, 'MALFORMED_INPUT', 'transfers');
});

test('quantities are refused one past their bounds', () => {
  const bounds: [string, number][] = [
    ['chainId', 256],
    ['nonce', 128],
    ['gasLimit', 256],
    ['maxFeePerGasWei', 256],
    ['maxPriorityFeePerGasWei', 256],
    ['valueWei', 256],
  ];
  for (const [name, bits] of bounds) {
    const value = json();
    value.transfers[0]![name] = ((1n << BigInt(bits)) - 1n).toString();
    parseColumnInput(value);
    value.transfers[0]![name] = (1n << BigInt(bits)).toString();
    refused(value, 'QUANTITY_RANGE', `transfers.0.${name}`);
  }
  for (const name of ['chainId', 'blockNumber', 'baseFeePerGasWei', 'blockGasLimit', 'transactionGasCap']) {
    const value = json();
    value[name] = ((1n << 256n) - 1n).toString();
    parseColumnInput(value);
    value[name] = (1n << 256n).toString();
    refused(value, 'QUANTITY_RANGE', name);
    delete value[name];
    refused(value, 'MALFORMED_INPUT', `input.${name}`);
  }
  for (const coinbase of ['0x12', 7, null, `0x${'0'.repeat(41)}`])
    refused({ ...json(), coinbase }, 'MALFORMED_INPUT');
  refused({ ...json(), coinbase: addressOf(0).toUpperCase().replace('0X', '0x') }, 'COINBASE_IS_PARTY');
  const account = (fields: Parameters<typeof accountOf>[1]): unknown => {
    const input: ColumnInput = { ...INPUT, accounts: [accountOf(0, fields), ...INPUT.accounts.slice(1)] };
    return columnInputToJson(input);
  };
  parseColumnInput(account({ balanceWei: (1n << 128n) - 1n }));
  refused(account({ balanceWei: 1n << 128n }), 'QUANTITY_RANGE', 'accounts.0.balanceWei');
  refused(account({ nonce: 1n << 64n }), 'QUANTITY_RANGE', 'accounts.0.nonce');
  const code = (bytes: number, last = '00'): unknown =>
    account({ code: `0x${'00'.repeat(bytes - 1)}${last}` });
  parseColumnInput(code(2 ** 24 - 1));
  refused(code(2 ** 24 - 1, '0g'), 'MALFORMED_INPUT', 'accounts.0.code');
  for (const bytes of [2 ** 24, 2 ** 25]) refused(code(bytes), 'QUANTITY_RANGE', 'accounts.0.code');
});
