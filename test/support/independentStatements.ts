/**
 * A second implementation of what statements say, from the specification alone: Poseidon1 by its definition over big
 * integers with the dense matrix, the digests of columns and of aggregates. It imports nothing of the project.
 * Source: docs/spec/proof-system.md, section 2; docs/spec/column.md; docs/spec/recursion.md, section Statement.
 */
import { readFileSync } from 'node:fs';

interface Vectors {
  readonly prime: number;
  readonly widths: {
    readonly 16: {
      readonly mds_circulant_first_row: readonly number[];
      readonly round_constants: readonly (readonly number[])[];
    };
  };
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/poseidon1-koalabear.json', import.meta.url), 'utf8'),
) as Vectors;
const P = BigInt(vectors.prime);
const ROW = vectors.widths[16].mds_circulant_first_row.map(BigInt);
const ROUNDS = vectors.widths[16].round_constants.map((round) => round.map(BigInt));
const WIDTH = 16;

/** Rounds 4..23 are partial. */
function isPartial(round: number): boolean {
  return round >= 4 && round < 24;
}

function permute(input: readonly bigint[]): bigint[] {
  let state = [...input];
  for (const [round, constants] of ROUNDS.entries()) {
    state = state.map((word, lane) => (word + (constants[lane] ?? 0n)) % P);
    state = state.map((word, lane) => (isPartial(round) && lane > 0 ? word : (word * word * word) % P));
    state = state.map(
      (_, lane) =>
        state.reduce((sum, word, column) => sum + (ROW[(column - lane + WIDTH) % WIDTH] ?? 0n) * word, 0n) %
        P,
    );
  }
  return state;
}

/** C(a, b), 8 words each. */
export function independentCompress(a: readonly bigint[], b: readonly bigint[]): bigint[] {
  const input = [...a, ...b];
  return permute(input)
    .slice(0, 8)
    .map((word, lane) => (word + (input[lane] ?? 0n)) % P);
}

function row(...words: readonly (number | bigint)[]): bigint[] {
  return Array.from({ length: 8 }, (_, word) => BigInt(words[word] ?? 0));
}

function chain(initial: bigint[], rows: readonly bigint[][]): bigint[] {
  return rows.reduce(independentCompress, initial);
}

/** A 256-bit integer: two rows of 16-bit limbs, least significant first. */
function integer(value: bigint): bigint[][] {
  const limbs = Array.from({ length: 16 }, (_, limb) => (value >> BigInt(16 * limb)) & 0xffffn);
  return [limbs.slice(0, 8), limbs.slice(8)];
}

/** What a column's statement is made of; integers as in the specification, statuses by their codes. */
export interface IndependentColumn {
  readonly chainId: bigint;
  readonly blockNumber: bigint;
  readonly baseFee: bigint;
  readonly coinbase: string;
  readonly blockGasLimit: bigint;
  readonly gasCap: bigint;
  readonly gas: bigint;
  readonly priorityFees: bigint;
  readonly burned: bigint;
  readonly transfers: readonly {
    readonly from: string;
    readonly to: string;
    readonly chainId: bigint;
    readonly nonce: bigint;
    readonly gasLimit: bigint;
    readonly maxFee: bigint;
    readonly priorityFee: bigint;
    readonly value: bigint;
    readonly status: number;
  }[];
  /** Ascending by address; basic data before and after. */
  readonly items: readonly { readonly address: string; readonly before: bigint; readonly after: bigint }[];
}

const COLUMN = 0x434f4c;
const key = (address: string): bigint => BigInt(address) * 2n ** 96n + 1n;

export function independentColumnDigest(column: IndependentColumn): bigint[] {
  const transfers = chain(
    row(COLUMN, 2, 1, column.transfers.length),
    column.transfers.flatMap((each) => [
      ...[key(each.from), key(each.to), each.nonce * 2n ** 128n].flatMap(integer),
      ...[each.gasLimit, each.maxFee, each.priorityFee, each.value, each.chainId].flatMap(integer),
      row(each.status),
    ]),
  );
  const before = chain(
    row(COLUMN, 2, 2, column.items.length),
    column.items.flatMap((item) => [key(item.address), item.before].flatMap(integer)),
  );
  const after = chain(
    row(COLUMN, 2, 3, column.items.length),
    column.items.flatMap((item) => integer(item.after)),
  );
  const executed = column.transfers.filter(({ status }) => status === 0).length;
  const { chainId, blockNumber, baseFee, coinbase, blockGasLimit, gasCap } = column;
  return chain(row(COLUMN, 2, 4, column.transfers.length, column.items.length, executed), [
    ...[chainId, blockNumber, baseFee, key(coinbase), blockGasLimit, gasCap].flatMap(integer),
    ...[column.gas, column.priorityFees, column.burned].flatMap(integer),
    transfers,
    independentCompress(before, after),
  ]);
}

/** A leaf is its key digest and its statement; an inner node the list of what is below it. */
export type IndependentEntry =
  | { readonly leafKey: readonly bigint[]; readonly statement: readonly bigint[] }
  | readonly IndependentEntry[];

const AGGREGATE = 0x414747;

function entriesDigest(entries: readonly IndependentEntry[]): bigint[] {
  let state = row(AGGREGATE, 1, entries.length);
  for (const entry of entries) {
    if ('leafKey' in entry) {
      state = chain(state, [row(0), [...entry.leafKey], [...entry.statement]]);
    } else {
      state = chain(state, [row(1), entriesDigest(entry)]);
    }
  }
  return state;
}

/** C(K, L). */
export function independentAggregateStatement(
  aggregateKey: readonly bigint[],
  entries: readonly IndependentEntry[],
): bigint[] {
  return independentCompress(aggregateKey, entriesDigest(entries));
}
