/**
 * The forms in which nodes write one block, brought to one: JSON-RPC envelopes taken off, nulls taken for absent fields, an account's
 * state put together from what each transaction finds. What could be read in two ways is refused by its field.
 * Source: execution-apis, `eth_getBlockByNumber`; go-ethereum, `debug_traceBlockByNumber` with `prestateTracer`.
 */
import { ChainError } from './errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const QUANTITY = /^0x[0-9a-fA-F]{1,64}$/;
const NAME_CHARACTERS = 100;

const BLOCK_FIELDS = ['number', 'timestamp', 'gasLimit', 'miner', 'baseFeePerGas', 'transactions'];
const ACCOUNT_FIELDS = ['balance', 'nonce', 'code'];
const TRANSACTION_FIELDS = [
  'hash',
  'type',
  'chainId',
  'from',
  'to',
  'nonce',
  'gas',
  'value',
  'input',
  'gasPrice',
  'maxFeePerGas',
  'maxPriorityFeePerGas',
  'accessList',
  'v',
];

/** Other names that nodes and libraries have for a field. */
const OTHER_NAMES = [
  ['data', 'input'],
  ['gasLimit', 'gas'],
] as const;

/** Columns have no transactions of types above it. */
const HIGHEST_TYPE = 2n;
/** What stands for the fields of such a transaction, which are not read. */
const NOT_READ = { nonce: '0x0', gas: '0x0', value: '0x0', input: '0x' } as const;

export function refuse(field: string, problem: string): ChainError {
  return new ChainError('BLOCK_FORMAT', { field: field.slice(0, 2 * NAME_CHARACTERS), problem });
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `{ jsonrpc, id, result }` is its result. Throws: ChainError BLOCK_FORMAT where the node answered with an error or nothing. */
function answerOf(value: unknown, field: string): unknown {
  if (!isFields(value) || !(Object.hasOwn(value, 'jsonrpc') || Object.hasOwn(value, 'result'))) return value;
  if (value['result'] === undefined || value['result'] === null)
    throw refuse(field, 'an answer of a node without a result');
  return value['result'];
}

/**
 * The fields that are there: null is absent.
 * Throws: ChainError BLOCK_FORMAT for a field that is one of `known` in another spelling, which would be taken for absent.
 */
function fieldsOf(value: Fields, known: readonly string[], place: string): Record<string, unknown> {
  const present = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  const bySpelling = new Map(known.map((name) => [name.toLowerCase(), name]));
  for (const [name] of present) {
    if (known.includes(name)) continue;
    const meant = bySpelling.get(name.replaceAll(/[_-]/g, '').toLowerCase());
    if (meant !== undefined) throw refuse(`${place}.${name}`, `the field is called ${meant}`);
  }
  return Object.fromEntries(present);
}

/** The file's parts in the form of `blockFileSchema`; what has another form is left for it. Throws: ChainError BLOCK_FORMAT. */
export function plainFile(json: unknown): unknown {
  if (!isFields(json)) return json;
  const block = answerOf(json['block'], 'block');
  return {
    ...json,
    chainId: chainNumber(answerOf(json['chainId'], 'chainId')),
    block: isFields(block) ? plainBlock(block) : block,
    prestate: plainPrestate(answerOf(json['prestate'], 'prestate')),
  };
}

/** `eth_chainId` answers with a quantity. */
function chainNumber(value: unknown): unknown {
  return typeof value === 'string' && QUANTITY.test(value) ? Number(value) : value;
}

function plainBlock(block: Fields): Fields {
  const fields = fieldsOf(block, BLOCK_FIELDS, 'block');
  const transactions = fields['transactions'];
  if (!Array.isArray(transactions)) return fields;
  return {
    ...fields,
    transactions: transactions.map((each: unknown, index) =>
      isFields(each) ? plainTransaction(each, `block.transactions.${index}`) : each,
    ),
  };
}

/** Whether the type is one that no column has. */
function isOfOtherType({ type }: Fields): boolean {
  return typeof type === 'string' && QUANTITY.test(type) && BigInt(type) > HIGHEST_TYPE;
}

function plainTransaction(transaction: Fields, place: string): Fields {
  // The types of chains have fields of their own, and lack others: a deposit has no nonce.
  if (isOfOtherType(transaction)) {
    const { hash, type } = transaction;
    return { ...NOT_READ, type, ...(hash === null ? {} : { hash }) };
  }
  const fields = fieldsOf(transaction, TRANSACTION_FIELDS, place);
  for (const [other, name] of OTHER_NAMES) {
    const [given, own] = [fields[other], fields[name]];
    if (given === undefined) continue;
    if (own === undefined) fields[name] = given;
    else if (
      typeof own !== 'string' ||
      typeof given !== 'string' ||
      own.toLowerCase() !== given.toLowerCase()
    )
      throw refuse(`${place}.${other}`, `another value than ${name}`);
  }
  return fields;
}

/** One state of accounts; `debug_traceBlockByNumber` has one a transaction, of which the first with an account is that before the block. */
function plainPrestate(value: unknown): unknown {
  if (isFields(value)) return plainState(value, 'prestate');
  if (!Array.isArray(value)) return value;
  const merged = new Map<string, unknown>();
  for (const [index, each] of value.entries()) {
    const place = `prestate.${index}`;
    if (!isFields(each)) throw refuse(place, 'expected the answer for a transaction');
    const state = answerOf(each, place);
    if (!isFields(state)) throw refuse(`${place}.result`, 'expected accounts by address');
    for (const [address, account] of Object.entries(plainState(state, place)))
      if (!merged.has(address)) merged.set(address, account);
  }
  return Object.fromEntries(merged);
}

function plainState(state: Fields, place: string): Fields {
  const accounts = new Map<string, unknown>();
  for (const [name, account] of Object.entries(state)) {
    const field = `${place}.${name.slice(0, NAME_CHARACTERS)}`;
    if (!ADDRESS.test(name)) throw refuse(field, 'expected an address, 0x and 40 hex digits');
    const address = name.toLowerCase();
    if (accounts.has(address)) throw refuse(field, 'the account stands there in another spelling too');
    accounts.set(address, isFields(account) ? plainAccount(account, field) : account);
  }
  return Object.fromEntries(accounts);
}

/** Tracers write nonces as numbers. */
function plainAccount(account: Fields, place: string): Fields {
  const fields = fieldsOf(account, ACCOUNT_FIELDS, place);
  const nonce = fields['nonce'];
  if (typeof nonce !== 'number') return fields;
  if (!Number.isSafeInteger(nonce) || nonce < 0) throw refuse(`${place}.nonce`, 'expected an integer from 0');
  return { ...fields, nonce: `0x${nonce.toString(16)}` };
}

/** Hashes of the transactions of a traced block, where the tracer names them. */
export function tracedHashes(json: unknown): (string | undefined)[] | undefined {
  const prestate = isFields(json) ? answerOf(json['prestate'], 'prestate') : undefined;
  if (!Array.isArray(prestate)) return undefined;
  return prestate.map((each: unknown) => {
    const hash = isFields(each) ? each['txHash'] : undefined;
    return typeof hash === 'string' ? hash.toLowerCase() : undefined;
  });
}
