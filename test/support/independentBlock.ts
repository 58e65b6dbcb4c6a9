/**
 * A block's statement by a second implementation, straight from the JSON of a block file: selects the plain transfers, executes
 * them one after the other on plain balances, and hashes what the specification says. It imports nothing of the project but the
 * second implementation of the hash.
 * Source: docs/spec/block.md, docs/spec/column.md.
 */
import { independentCompress } from './independentStatements.ts';

export type Compress = (a: readonly bigint[], b: readonly bigint[]) => readonly bigint[];

interface RawTransaction {
  readonly type?: string;
  readonly chainId?: string;
  readonly from: string;
  readonly to?: string | null;
  readonly nonce: string;
  readonly gas: string;
  readonly value: string;
  readonly input: string;
  readonly gasPrice?: string;
  readonly maxFeePerGas?: string;
  readonly maxPriorityFeePerGas?: string;
  readonly accessList?: readonly unknown[];
}

interface RawBlock {
  readonly chainId: number;
  readonly block: {
    readonly number: string;
    readonly timestamp: string;
    readonly miner: string;
    readonly gasLimit: string;
    readonly baseFeePerGas?: string;
    readonly transactions: readonly RawTransaction[];
  };
  readonly prestate: Readonly<
    Record<string, { readonly balance?: string; readonly nonce?: string; readonly code?: string }>
  >;
}

interface Payment {
  readonly from: string;
  readonly to: string;
  readonly chainId: bigint;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  readonly maxFee: bigint;
  readonly priorityFee: bigint;
  readonly value: bigint;
}

interface Purse {
  balance: bigint;
  nonce: bigint;
  readonly codeBytes: number;
}

/** Hexadecimal digits of the code of an account before the block, two a byte. */
function codeDigits(raw: RawBlock, name: string): string {
  const account = Object.entries(raw.prestate).find(([each]) => each.toLowerCase() === name)?.[1];
  return (account?.code ?? '0x').slice(2);
}

/** Whether balance and nonce of an account before the block are below their limits. */
function isHeld(raw: RawBlock, name: string): boolean {
  const account = Object.entries(raw.prestate).find(([each]) => each.toLowerCase() === name)?.[1];
  return BigInt(account?.balance ?? '0x0') < 2n ** 128n && BigInt(account?.nonce ?? '0x0') < 2n ** 64n;
}

const isReserved = (name: string): boolean =>
  (BigInt(name) > 0n && BigInt(name) < 18n) || BigInt(name) === 256n;

function paymentsOf(raw: RawBlock): Payment[] {
  const miner = raw.block.miner.toLowerCase();
  const payments = raw.block.transactions.flatMap((each): Payment[] => {
    const type = Number(each.type ?? '0x0');
    const to = each.to?.toLowerCase();
    if (to === undefined || to === null || each.input !== '0x' || type > 2) return [];
    if ((each.accessList ?? []).length > 0) return [];
    if (type === 2 && raw.block.baseFeePerGas === undefined) return [];
    const from = each.from.toLowerCase();
    if (isReserved(to) || isReserved(from)) return [];
    if (from === miner || to === miner) return [];
    if (codeDigits(raw, from).length === 46 || BigInt(each.nonce) >= 2n ** 128n) return [];
    if (codeDigits(raw, from).length >= 2 ** 25 || ![from, to].every((name) => isHeld(raw, name))) return [];
    const highest = type === 2 ? each.maxFeePerGas : each.gasPrice;
    const priority = type === 2 ? each.maxPriorityFeePerGas : each.gasPrice;
    return [
      {
        from,
        to,
        chainId: BigInt(each.chainId ?? raw.chainId),
        nonce: BigInt(each.nonce),
        gasLimit: BigInt(each.gas),
        maxFee: BigInt(highest ?? '0x0'),
        priorityFee: BigInt(priority ?? '0x0'),
        value: BigInt(each.value),
      },
    ];
  });
  // Senders keep their code, so nothing is paid to one that has some.
  return payments.filter(({ to }) => codeDigits(raw, to) === '' || !payments.some(({ from }) => from === to));
}

/** The status code of a payment on the state as it is: conditions in the order of the specification, each with its code. */
function judge(
  payment: Payment,
  sender: Purse,
  chainId: bigint,
  baseFee: bigint,
  gasCap: bigint,
  gasLeft: bigint,
): number {
  const conditions: readonly (readonly [boolean, number])[] = [
    [payment.chainId !== chainId, 1],
    [sender.codeBytes > 0, 2],
    [payment.nonce >= 2n ** 64n - 1n, 11],
    [payment.nonce < sender.nonce, 3],
    [payment.nonce > sender.nonce, 4],
    [payment.maxFee < baseFee, 5],
    [payment.priorityFee > payment.maxFee, 6],
    [payment.gasLimit < 21000n, 7],
    [payment.gasLimit > gasCap, 9],
    [payment.gasLimit > gasLeft, 10],
    [sender.balance < payment.value + payment.gasLimit * payment.maxFee, 8],
  ];
  return conditions.find(([applies]) => applies)?.[1] ?? 0;
}

export interface IndependentOutcome {
  readonly digest: readonly bigint[];
  readonly executed: number;
  readonly skipped: number;
}

/** Executes the block's plain transfers; `columnOf` says in which column the list has each of them. */
export function independentBlockDigest(
  json: unknown,
  columnOf: readonly number[],
  columnCount: number,
  compress: Compress = independentCompress,
): IndependentOutcome {
  const raw = json as RawBlock;
  const chainId = BigInt(raw.chainId);
  const baseFee = BigInt(raw.block.baseFeePerGas ?? '0x0');
  const payments = paymentsOf(raw);
  const [gasLimit, time] = [BigInt(raw.block.gasLimit), BigInt(raw.block.timestamp)];
  // Osaka on mainnet, the one chain of the test data.
  const gasCap = time >= 1764798551n ? 2n ** 24n : 2n ** 64n - 1n;

  const accounts = new Map(Object.entries(raw.prestate).map(([name, each]) => [name.toLowerCase(), each]));
  const recipients = new Set(payments.map(({ to }) => to));
  const purses = new Map<string, Purse>();
  for (const name of payments.flatMap(({ from, to }) => [from, to])) {
    const account = accounts.get(name);
    const codeBytes = recipients.has(name) ? 0 : (account?.code ?? '0x').length / 2 - 1;
    purses.set(name, {
      balance: BigInt(account?.balance ?? '0x0'),
      nonce: BigInt(account?.nonce ?? '0x0'),
      codeBytes,
    });
  }
  const packed = ({ balance, nonce, codeBytes }: Purse): bigint =>
    balance | (nonce << 128n) | (BigInt(codeBytes) << 192n);
  const names = [...purses.keys()].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  const before = new Map(names.map((name) => [name, packed(purses.get(name)!)]));

  let [gas, tips, burned] = [0n, 0n, 0n];
  const gasOfColumn = new Map<number, bigint>();
  const statuses = payments.map((payment, place) => {
    const sender = purses.get(payment.from)!;
    const column = columnOf[place]!;
    const spent = gasOfColumn.get(column) ?? 0n;
    const status = judge(payment, sender, chainId, baseFee, gasCap, gasLimit - spent);
    if (status === 0) {
      gasOfColumn.set(column, spent + 21000n);
      const room = payment.maxFee - baseFee;
      const tip = room < payment.priorityFee ? room : payment.priorityFee;
      sender.balance -= payment.value + 21000n * (baseFee + tip);
      sender.nonce += 1n;
      purses.get(payment.to)!.balance += payment.value;
      gas += 21000n;
      tips += 21000n * tip;
      burned += 21000n * baseFee;
    }
    return status;
  });

  const row = (...words: readonly number[]): readonly bigint[] =>
    Array.from({ length: 8 }, (_, word) => BigInt(words[word] ?? 0));
  const chain = (initial: readonly bigint[], rows: readonly (readonly bigint[])[]): readonly bigint[] =>
    rows.reduce(compress, initial);
  const integer = (value: bigint): (readonly bigint[])[] => {
    const limbs = Array.from({ length: 16 }, (_, limb) => (value >> BigInt(16 * limb)) & 0xffffn);
    return [limbs.slice(0, 8), limbs.slice(8)];
  };
  const key = (name: string): bigint => BigInt(name) * 2n ** 96n + 1n;
  const [BLOCK, COLUMN] = [0x424c4b, 0x434f4c];

  const members = Array.from({ length: columnCount }, (_, column) =>
    payments.flatMap((payment, index) =>
      columnOf[index] === column ? [{ payment, status: statuses[index]! }] : [],
    ),
  );
  const orderRows = Array.from({ length: Math.ceil(columnOf.length / 8) }, (_, place) =>
    row(...columnOf.slice(8 * place, 8 * place + 8)),
  );
  const list = chain(row(BLOCK, 2, 2, payments.length, columnCount), [
    chain(row(BLOCK, 2, 1, payments.length), orderRows),
    ...members.map((each) =>
      chain(
        row(COLUMN, 2, 1, each.length),
        each.flatMap(({ payment }) => [
          ...[key(payment.from), key(payment.to), payment.nonce << 128n].flatMap(integer),
          ...[payment.gasLimit, payment.maxFee, payment.priorityFee, payment.value].flatMap(integer),
          ...integer(payment.chainId),
          row(),
        ]),
      ),
    ),
  ]);
  const skippedRows = members.flatMap((each, column) =>
    each.flatMap(({ status }, place) => (status === 0 ? [] : [row(column, place, status)])),
  );
  const executed = payments.length - skippedRows.length;
  const digest = chain(row(BLOCK, 2, 6, columnCount, payments.length, executed, names.length), [
    ...[chainId, BigInt(raw.block.number), baseFee].flatMap(integer),
    ...[key(raw.block.miner), gasLimit, gasCap, gas, tips, burned].flatMap(integer),
    list,
    chain(row(BLOCK, 2, 3, skippedRows.length), skippedRows),
    chain(
      row(BLOCK, 2, 4, names.length),
      names.flatMap((name) => [key(name), before.get(name)!].flatMap(integer)),
    ),
    chain(
      row(BLOCK, 2, 5, names.length),
      names.flatMap((name) => integer(packed(purses.get(name)!))),
    ),
    row(),
    row(),
    row(),
    row(),
  ]);
  return { digest, executed, skipped: skippedRows.length };
}
