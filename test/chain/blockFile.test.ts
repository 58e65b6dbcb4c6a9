/** Block files as different nodes write them: each is read as it was meant, or refused by its field. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseBlockFile, requireSenders } from '../../chain/blockFile.ts';
import { selectTransfers, type Transfer } from '../../chain/blockInput.ts';
import { ChainError } from '../../chain/errors.ts';

type Fields = Record<string, unknown>;

interface Json {
  readonly chainId: unknown;
  readonly block: Fields & { readonly transactions: readonly [Fields, Fields] };
  readonly prestate: Record<string, Fields>;
}

/** Made by hand: a transfer of type 2 and a legacy one for chain 1, of one sender. */
const FILE = JSON.parse(readFileSync(new URL('./fixtures/block.json', import.meta.url), 'utf8')) as Json;
const [TYPE_2, LEGACY] = FILE.block.transactions;
const SENDER = String(TYPE_2['from']);
const RECIPIENT = String(TYPE_2['to']);

const GWEI = 10n ** 9n;

function withTransaction(change: Fields, base: Fields = TYPE_2): Json {
  return { ...FILE, block: { ...FILE.block, transactions: [{ ...base, ...change }, LEGACY] } };
}

function withAccounts(prestate: unknown): unknown {
  return { ...FILE, prestate };
}

function firstOf(json: unknown): Transfer {
  const [first] = selectTransfers(parseBlockFile(json)).transfers;
  assert.ok(first);
  return first;
}

function assertRefused(json: unknown, field: string): void {
  assert.throws(
    () => parseBlockFile(json),
    (error) => {
      assert.ok(error instanceof ChainError && error.code === 'BLOCK_FORMAT', String(error));
      assert.equal(error.details['field'], field, error.message);
      return true;
    },
  );
}

const place = (field: string): string => `block.transactions.0.${field}`;

/** Without the fields named. */
function without(fields: Fields, ...names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

describe('block files of nodes', () => {
  it('null is absent', () => {
    const nulls = Object.fromEntries(['gasPrice', 'accessList', 'hash', 'v'].map((name) => [name, null]));
    assert.deepEqual(firstOf(withTransaction(nulls)), firstOf(FILE));
    const legacy = {
      maxFeePerGas: null,
      maxPriorityFeePerGas: null,
      accessList: null,
      type: null,
      chainId: null,
    };
    assert.deepEqual(firstOf(withTransaction(legacy, LEGACY)), firstOf(withTransaction({}, LEGACY)));
    assert.equal(parseBlockFile(withTransaction({ from: null })).block.transactions[0]?.from, undefined);
    assert.equal(
      parseBlockFile({ ...FILE, block: { ...FILE.block, baseFeePerGas: null } }).block.baseFeePerGas,
      undefined,
    );
    const empty = { balance: null, nonce: null, code: null };
    assert.deepEqual(parseBlockFile(withAccounts({ [SENDER]: empty })).prestate, { [SENDER]: {} });
    assertRefused(withTransaction({ nonce: null }), place('nonce'));
    assertRefused(withTransaction({ input: null }), place('input'));
  });

  it('data and gasLimit are names of input and gas; other spellings are refused', () => {
    const { input, gas } = TYPE_2;
    assert.deepEqual(
      firstOf(withTransaction({ data: input, gasLimit: gas }, without(TYPE_2, 'input', 'gas'))),
      firstOf(FILE),
    );
    assert.deepEqual(firstOf(withTransaction({ data: input })), firstOf(FILE));
    assertRefused(withTransaction({ data: '0x00' }), place('data'));
    assertRefused(withTransaction({ gasLimit: '0x5209' }), place('gasLimit'));
    for (const name of ['access_list', 'chain_id', 'max_fee_per_gas', 'Type', 'gas_price'])
      assertRefused(withTransaction({ [name]: '0x1' }), place(name));
    assertRefused({ ...FILE, block: { ...FILE.block, base_fee_per_gas: '0x1' } }, 'block.base_fee_per_gas');
    assertRefused(withAccounts({ [SENDER]: { Nonce: '0x1' } }), `prestate.${SENDER}.Nonce`);
  });

  it('a missing type follows from the fields, and must fit the signature', () => {
    const typeless = without(TYPE_2, 'type');
    const transfer = firstOf(
      withTransaction({ gasPrice: '0x2540be405', maxFeePerGas: '0xba43b7400' }, typeless),
    );
    assert.equal(transfer.maxFeePerGasWei, 50n * GWEI);
    for (const [fields, type] of [
      [{}, 2n],
      [{ maxFeePerGas: null, maxPriorityFeePerGas: null, gasPrice: '0x1' }, 1n],
      [{ blobVersionedHashes: ['0x01'] }, 3n],
      [{ authorizationList: [] }, 4n],
    ] as const)
      assert.equal(parseBlockFile(withTransaction(fields, typeless)).block.transactions[0]?.type, type);
    assert.deepEqual(
      firstOf(withTransaction({}, without(LEGACY, 'type'))),
      firstOf(withTransaction({}, LEGACY)),
    );
    assertRefused(withTransaction({ v: '0x1b' }, typeless), place('type'));
    assertRefused(withTransaction({ v: '0x0' }, without(LEGACY, 'type')), place('type'));
  });

  it('the chain id of a legacy transaction is the signed one', () => {
    const chainOf = (change: Fields): unknown =>
      parseBlockFile(withTransaction(change, LEGACY)).block.transactions[0]?.chainId;
    for (const [change, chainId] of [
      [{}, 1n],
      [{ chainId: '0x0' }, 1n],
      [{ chainId: '0x1' }, 1n],
      [{ v: '0x2d' }, 5n],
      [{ v: '0x1c', chainId: '0x0' }, undefined],
      [{ v: '0x1b' }, undefined],
      [{ v: '0x1b', chainId: '0x1' }, undefined],
      [{ v: null, chainId: '0x0' }, undefined],
      [{ v: null, chainId: '0x5' }, 5n],
    ] as const)
      assert.equal(chainOf(change), chainId, JSON.stringify(change));
    assert.equal(firstOf(withTransaction({ v: '0x1c', chainId: '0x0' }, LEGACY)).chainId, 1n);
    assertRefused(withTransaction({ v: '0x1c', chainId: '0x5' }, LEGACY), place('chainId'));
    assertRefused(withTransaction({ chainId: '0x5' }, LEGACY), place('chainId'));
    // A typed transaction states what it states.
    assert.equal(firstOf(withTransaction({ chainId: '0x0' })).chainId, 0n);
  });

  it('an account stands once, with its nonce as a quantity or as a number', () => {
    const shouted = `0x${SENDER.slice(2).toUpperCase()}`;
    assertRefused(withAccounts({ [SENDER]: {}, [shouted]: {} }), `prestate.${shouted}`);
    assert.deepEqual(Object.keys(parseBlockFile(withAccounts({ [shouted]: {} })).prestate), [SENDER]);
    assert.equal(parseBlockFile(withAccounts({ [SENDER]: { nonce: 7 } })).prestate[SENDER]?.nonce, 7n);
    for (const nonce of [-1, 0.5, 2 ** 53])
      assertRefused(withAccounts({ [SENDER]: { nonce } }), `prestate.${SENDER}.nonce`);
    assertRefused(withAccounts({ pre: {}, post: {} }), 'prestate.pre');
    assertRefused(withAccounts({ [SENDER]: { code: '0x0' } }), `prestate.${SENDER}.code`);
    assert.ok(parseBlockFile(withAccounts({ [SENDER]: { code: `0x${'5b'.repeat(2 ** 23)}` } })));
  });

  it('a sender must be in the pre-state; a recipient may be new', () => {
    const check = (prestate: unknown): void => {
      const file = parseBlockFile(withAccounts(prestate));
      requireSenders(file, selectTransfers(file).transfers);
    };
    check({ [SENDER]: {} });
    assert.throws(() => check({ [RECIPIENT]: {} }), { code: 'ACCOUNT_MISSING' });
    assert.throws(() => check({}), { code: 'ACCOUNT_MISSING' });
  });

  it("a node's answers are read in their envelopes, traces put together", () => {
    const answer = (result: unknown): Fields => ({ jsonrpc: '2.0', id: 1, result });
    const plain = parseBlockFile(FILE);
    const states = [
      { [SENDER]: FILE.prestate[SENDER] },
      { [SENDER]: { balance: '0x1' }, [RECIPIENT]: FILE.prestate[RECIPIENT] },
    ];
    const transactions = FILE.block.transactions.map((each, index) => ({ ...each, hash: `0x0${index}` }));
    const block = { ...FILE.block, transactions };
    const traces = states.map((result, index) => ({ txHash: `0x0${index}`, result }));
    const raw = parseBlockFile({ chainId: answer('0x1'), block: answer(block), prestate: answer(traces) });
    assert.deepEqual(raw.prestate, plain.prestate);
    assert.deepEqual(selectTransfers(raw), selectTransfers(plain));
    const file = { ...FILE, block };
    assertRefused({ ...file, prestate: traces.slice(1) }, 'prestate');
    assertRefused({ ...file, prestate: traces.toReversed() }, 'prestate.0.txHash');
    assertRefused({ ...file, prestate: [traces[0], { error: 'timeout' }] }, 'prestate.1.error');
    assertRefused({ ...file, block: answer(null) }, 'block');
    assertRefused({ ...file, block: { jsonrpc: '2.0', error: { code: 1 } } }, 'block');
    assertRefused({ ...file, prestate: [{ result: { pre: {}, post: {} } }, traces[1]] }, 'prestate.0.pre');
    assertRefused({ ...file, chainId: answer('0x20000000000001') }, 'chainId');
  });
});
