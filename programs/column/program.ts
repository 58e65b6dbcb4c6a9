/**
 * The column program: proves that the transfers of a column, in order, have the statuses and effects that its statement
 * says. The layout of the digests is that of statement.ts; the argument that nothing else can be proved is in
 * docs/spec/column.md.
 *
 * An account's state is a record of three rows: [balance][zeros][rest], the two halves of its basic data around a row of
 * zeros. So the words at the first and at the second row are the balance and the rest times 2^128, and arithmetic on
 * either keeps the other and the zeros between them: an overflow of the balance would have to write the row of zeros.
 */

import type { Row, Value, Word } from '../../machine/builder/values.ts';
import { buildProgram, type ProgramBuilder } from '../../machine/builder.ts';
import type { Program } from '../../machine/program.ts';
import { HINT } from './hints.ts';
import { DELEGATION_BYTES, HIGHEST_PRECOMPILE, PRECOMPILE_P256 } from './input.ts';
import {
  BALANCE_BITS,
  CHAIN_KIND,
  COLUMN_TAG,
  COLUMN_VERSION,
  NONCE_LIMIT,
  TRANSFER_GAS,
  TRANSFER_STATUSES,
  type TransferStatus,
} from './statement.ts';

/** Segments of the read-write memory, both by place in the access list. */
const SEGMENT = { STATE: 0, KEY: 1 } as const;
const ROW_WORDS = 8;
const WORD_ROWS = 2;
const RECORD_ROWS = 3;
/** In an item: the key's two rows, then its record. */
const RECORD_ROW = WORD_ROWS;
/** In a record: the row of zeros, the rest of the basic data. */
const ZERO_ROW = 1;
const REST_ROW = 2;
/** In the rest: two limbs of code size after four of nonce; the two above are 0 in version 0. */
const CODE_SIZE_LIMB = 4;
const VERSION_LIMB = 6;
/** In a key: six limbs of slot, ten of address. */
const ADDRESS_LIMB = 6;
const LIMBS = 16;
const LIMB_BASE = 2 ** 16;
const HEADER_WORDS = 6;
/** In the header: the coinbase's key. */
const COINBASE_WORD = 3;
/** Turns of the loops over items that share a frame; for speed alone. */
const ITEMS_A_FRAME = 2;

/** What every transfer needs. */
interface Block {
  readonly chainId: Word;
  readonly baseFee: Word;
  readonly transactionGasCap: Word;
  readonly transferGas: Word;
  readonly nonceStep: Word;
  /** The highest nonce that a transaction may have, times 2^128. */
  readonly highestNonce: Word;
  readonly zero: Word;
  /** The last rows of an executed transfer: the chain id, the status. */
  readonly executedRows: Row;
}

/** What both kinds of transfers have: pointers into the sender's and recipient's items, and the hinted amounts. */
interface Transfer {
  readonly remaining: Value;
  readonly senderPlace: Value;
  readonly recipientPlace: Value;
  readonly senderKey: Row;
  readonly recipientKey: Row;
  readonly amounts: Row;
  readonly gasLimit: Word;
  readonly maxFee: Word;
  readonly priorityFee: Word;
  readonly value: Word;
}

/** The chains and sums that go from transfer to transfer. */
interface Totals {
  readonly digest: Row;
  readonly tips: Word;
  readonly executed: Value;
  /** What the executed transfers have left of the block's gas limit. */
  readonly gasLeft: Word;
}

/** A pointer in SEGMENT.STATE: only records whose words are checked, or come from word operations, are ever stored. */
interface AccountRecord {
  readonly balance: Word;
  /** The rest of the basic data times 2^128. */
  readonly rest: Word;
}

function statusCode(status: TransferStatus): number {
  return TRANSFER_STATUSES.indexOf(status);
}

/** The key in these rows is that of an account's basic data: its slot limbs are those of slot 0. */
function assertAccountKey(program: ProgramBuilder, key: Row): void {
  program.store(key, 0, 1);
  for (let limb = 1; limb < ADDRESS_LIMB; limb++) program.store(key, limb, 0);
}

/** The words of a record at a pointer that was stored in SEGMENT.STATE. */
function recordAt(program: ProgramBuilder, pointer: Value): AccountRecord {
  const rows = program.rowAt(pointer);
  return { balance: program.openWord(rows), rest: program.openWord(program.rowAfter(rows, ZERO_ROW)) };
}

/** Refuses precompiles. Almost every address has a nonzero top limb; the others take the long way. */
function refusePrecompile(program: ProgramBuilder, item: Row): void {
  program.ifNonzero(
    program.load(item, LIMBS - 1),
    () => ({}),
    () => {
      // The limbs are below 2^16, so their sum is 0 only if all are.
      let upperLimbs = program.load(item, ADDRESS_LIMB + 1);
      for (let limb = ADDRESS_LIMB + 2; limb < LIMBS - 1; limb++)
        upperLimbs = program.add(upperLimbs, program.load(item, limb));
      program.when(
        upperLimbs,
        () => {},
        () => {
          const address = program.load(item, ADDRESS_LIMB);
          for (let precompile = 1; precompile <= HIGHEST_PRECOMPILE; precompile++)
            program.assertNonzero(program.subtract(address, precompile));
          program.assertNonzero(program.subtract(address, PRECOMPILE_P256));
        },
      );
      return {};
    },
  );
}

type Opened = { readonly previousKey: Word; readonly digest: Row; readonly place: Value };

/** Reads, checks and hashes one item of the access list and opens its cells; goes on to the next place. */
function openItem(program: ProgramBuilder, { previousKey, digest, place }: Opened): Opened {
  const item = program.hintRows(HINT.ITEM, [place], WORD_ROWS + RECORD_ROWS);
  const record = program.rowAfter(item, RECORD_ROW);
  const key = program.wordCheck(item);
  assertAccountKey(program, item);
  // Strictly ascending, so no leaf is listed twice. Keys are not 0.
  program.assertWordLess(previousKey, key);
  program.wordCheck(record);
  program.wordCheck(program.rowAfter(record, ZERO_ROW));
  for (let word = 0; word < ROW_WORDS; word++) program.store(record, ZERO_ROW * ROW_WORDS + word, 0);
  for (let limb = VERSION_LIMB; limb < ROW_WORDS; limb++)
    program.store(record, REST_ROW * ROW_WORDS + limb, 0);
  refusePrecompile(program, item);
  program.ramInitialise(SEGMENT.STATE, place, program.addressOf(record));
  program.ramInitialise(SEGMENT.KEY, place, program.addressOf(item));
  // The key and the balance are three rows in a row; the rest follows the zeros.
  const withBalance = program.chain(digest, item, WORD_ROWS + 1);
  return {
    previousKey: key,
    digest: program.chain(withBalance, program.rowAfter(record, REST_ROW), 1),
    place: program.add(place, 1),
  };
}

/**
 * Opens the items before the coinbase's key, then those after it. Strictly ascending on both sides of it, they are all unlike it:
 * the coinbase is no party of the column.
 */
function openItems(
  program: ProgramBuilder,
  itemCount: Value,
  countBeforeCoinbase: Value,
  coinbaseKey: Word,
  initial: { readonly previousKey: Word; readonly digest: Row },
): Row {
  const open = (count: Value, from: Opened): Opened =>
    program.repeat(count, from, (state) => openItem(program, state), ITEMS_A_FRAME);
  const before = open(countBeforeCoinbase, { ...initial, place: program.constant(0) });
  program.assertWordLess(before.previousKey, coinbaseKey);
  const after = open(program.subtract(itemCount, countBeforeCoinbase), {
    ...before,
    previousKey: coinbaseKey,
  });
  return after.digest;
}

/** Adds to the balance of an account, and leaves the rest of its basic data. */
function creditAccount(program: ProgramBuilder, block: Block, place: Value, value: Word): void {
  const account = recordAt(program, program.ramRead(SEGMENT.STATE, place));
  const credited = program.freshRows(RECORD_ROWS);
  program.wordAdd(account.balance, value, credited);
  program.wordAdd(account.rest, block.zero, program.rowAfter(credited, ZERO_ROW));
  program.ramWrite(SEGMENT.STATE, place, program.addressOf(credited));
}

/** Proves a transfer executed: every condition holds; moves value and fees. */
function executeTransfer(program: ProgramBuilder, block: Block, transfer: Transfer, totals: Totals): Totals {
  const { gasLimit, maxFee, priorityFee, value } = transfer;
  const sender = recordAt(program, program.ramRead(SEGMENT.STATE, transfer.senderPlace));

  // The chain id is the block's and the nonce the sender's, because the digest takes theirs. Without code the rest of the
  // basic data is the nonce alone.
  const codeSize = (RECORD_ROW + REST_ROW) * ROW_WORDS + CODE_SIZE_LIMB;
  program.store(transfer.senderKey, codeSize, 0);
  program.store(transfer.senderKey, codeSize + 1, 0);
  let digest = program.chain(totals.digest, transfer.senderKey, WORD_ROWS);
  digest = program.chain(digest, transfer.recipientKey, WORD_ROWS);
  digest = program.chain(digest, program.rowAt(sender.rest.pointer), WORD_ROWS);
  digest = program.chain(digest, transfer.amounts, 4 * WORD_ROWS);
  digest = program.chain(digest, block.executedRows, WORD_ROWS + 1);

  program.assertWordNotLess(block.transactionGasCap, gasLimit);
  program.assertWordNotLess(totals.gasLeft, gasLimit);
  // Proves that the max fee is not below the base fee.
  const headroom = program.wordSubtract(maxFee, block.baseFee);
  program.assertWordNotLess(gasLimit, block.transferGas);
  const highestCost = program.wordAdd(value, program.wordMultiply(gasLimit, maxFee));
  program.assertWordNotLess(sender.balance, highestCost);
  // The priority fee per gas is what the max fee leaves of it.
  const { tip } = program.ifNonzero(
    program.wordLess(headroom, priorityFee),
    () => {
      program.assertWordNotLess(maxFee, priorityFee);
      return { tip: headroom };
    },
    () => ({ tip: priorityFee }),
  );
  const effectivePrice = program.wordAdd(block.baseFee, tip);
  const paid = program.wordAdd(value, program.wordMultiply(effectivePrice, block.transferGas));

  const debited = program.freshRows(RECORD_ROWS);
  program.wordSubtract(sender.balance, paid, debited);
  program.wordAdd(sender.rest, block.nonceStep, program.rowAfter(debited, ZERO_ROW));
  // A nonce past 2^64 - 1 would carry into the code size, which is 0.
  program.store(debited, REST_ROW * ROW_WORDS + CODE_SIZE_LIMB, 0);
  program.ramWrite(SEGMENT.STATE, transfer.senderPlace, program.addressOf(debited));

  // Read after the write: sender and recipient may be the same.
  creditAccount(program, block, transfer.recipientPlace, value);

  return {
    digest,
    tips: program.wordAdd(totals.tips, tip),
    executed: program.add(totals.executed, 1),
    gasLeft: program.wordSubtract(totals.gasLeft, block.transferGas),
  };
}

/** The first condition that fails, in the order of the statuses. */
function firstStatus(
  program: ProgramBuilder,
  conditions: readonly { readonly fails: () => Value; readonly status: TransferStatus }[],
): Value {
  const [first, ...others] = conditions;
  if (first === undefined) return program.constant(statusCode('executed'));
  return program.ifNonzero(
    first.fails(),
    () => ({ status: program.constant(statusCode(first.status)) }),
    () => ({ status: firstStatus(program, others) }),
  ).status;
}

/** Proves that a transfer has the claimed status, which is not 'executed': nothing but the digest changes, and where states lie. */
function skipTransfer(
  program: ProgramBuilder,
  block: Block,
  transfer: Transfer,
  claimed: Value,
  totals: Totals,
): Totals {
  const { gasLimit, maxFee, priorityFee, value } = transfer;
  const sender = recordAt(program, program.ramRead(SEGMENT.STATE, transfer.senderPlace));
  const claims = program.hintRows(HINT.CLAIMS, [transfer.remaining], 2 * WORD_ROWS);
  const chainId = program.wordCheck(claims);
  // Times 2^128, as it stands in the digest and beside the sender's.
  const nonce = program.wordMultiply(program.wordCheck(program.rowAfter(claims, WORD_ROWS)), block.nonceStep);

  const codeSizeAt = (RECORD_ROW + REST_ROW) * ROW_WORDS + CODE_SIZE_LIMB;
  const status = firstStatus(program, [
    {
      fails: () =>
        program.add(program.wordLess(chainId, block.chainId), program.wordLess(block.chainId, chainId)),
      status: 'wrong chain id',
    },
    {
      fails: () => {
        const low = program.load(transfer.senderKey, codeSizeAt);
        const high = program.load(transfer.senderKey, codeSizeAt + 1);
        // The sum of the limbs is below 2^17, so it is 0 only if both are; the code size itself could be a multiple of p.
        program.assertNonzero(
          program.subtract(program.weightedSum([low, high], [1, LIMB_BASE]), DELEGATION_BYTES),
        );
        return program.add(low, high);
      },
      status: 'sender has code',
    },
    { fails: () => program.wordLess(block.highestNonce, nonce), status: 'nonce at its limit' },
    { fails: () => program.wordLess(nonce, sender.rest), status: 'nonce too low' },
    { fails: () => program.wordLess(sender.rest, nonce), status: 'nonce too high' },
    { fails: () => program.wordLess(maxFee, block.baseFee), status: 'max fee below base fee' },
    { fails: () => program.wordLess(maxFee, priorityFee), status: 'priority fee above max fee' },
    { fails: () => program.wordLess(gasLimit, block.transferGas), status: 'gas limit too low' },
    {
      fails: () => program.wordLess(block.transactionGasCap, gasLimit),
      status: 'gas limit above transaction cap',
    },
    { fails: () => program.wordLess(totals.gasLeft, gasLimit), status: 'gas limit above gas left' },
    // The cost is at least the value and at least the max fee. Where neither is above a balance, of 128 bits, and the gas limit has
    // passed the caps of a block, the product and the sum stay below 2^256.
    { fails: () => program.wordLess(sender.balance, value), status: 'balance too low' },
    { fails: () => program.wordLess(sender.balance, maxFee), status: 'balance too low' },
    {
      fails: () =>
        program.wordLess(sender.balance, program.wordAdd(value, program.wordMultiply(gasLimit, maxFee))),
      status: 'balance too low',
    },
  ]);
  // The claim is not 0, so a transfer of which nothing fails cannot come here.
  program.assertEqual(status, claimed);

  let digest = program.chain(totals.digest, transfer.senderKey, WORD_ROWS);
  digest = program.chain(digest, transfer.recipientKey, WORD_ROWS);
  digest = program.chain(digest, program.rowAt(nonce.pointer), WORD_ROWS);
  digest = program.chain(digest, transfer.amounts, 4 * WORD_ROWS);
  digest = program.chain(digest, claims, WORD_ROWS);
  digest = program.chain(digest, program.row([claimed]), 1);
  // Both are parties, as `closeItem` asks of every item.
  creditAccount(program, block, transfer.senderPlace, block.zero);
  creditAccount(program, block, transfer.recipientPlace, block.zero);
  return { ...totals, digest };
}

function proveTransfer(program: ProgramBuilder, block: Block, remaining: Value, totals: Totals): Totals {
  const [senderPlace, recipientPlace, claimed] = program.hint(HINT.TRANSFER, [remaining], 3) as [
    Value,
    Value,
    Value,
  ];
  // A place that the access list does not have has no cell to read.
  const senderKey = program.rowAt(program.ramRead(SEGMENT.KEY, senderPlace));
  const recipientKey = program.rowAt(program.ramRead(SEGMENT.KEY, recipientPlace));
  const recipientCodeSize = (RECORD_ROW + REST_ROW) * ROW_WORDS + CODE_SIZE_LIMB;
  program.store(recipientKey, recipientCodeSize, 0);
  program.store(recipientKey, recipientCodeSize + 1, 0);

  const amounts = program.hintRows(HINT.AMOUNTS, [remaining], 4 * WORD_ROWS);
  const amount = (index: number): Word => program.wordCheck(program.rowAfter(amounts, index * WORD_ROWS));
  const transfer: Transfer = {
    remaining,
    senderPlace,
    recipientPlace,
    senderKey,
    recipientKey,
    amounts,
    gasLimit: amount(0),
    maxFee: amount(1),
    priorityFee: amount(2),
    value: amount(3),
  };
  return program.ifNonzero(
    claimed,
    () => ({ ...skipTransfer(program, block, transfer, claimed, totals) }),
    () => ({ ...executeTransfer(program, block, transfer, totals) }),
  );
}

/** Finalises and hashes one item of the access list. */
function closeItem(program: ProgramBuilder, place: Value, digest: Row): Row {
  const record = program.rowAt(program.ramFinalise(SEGMENT.STATE, place));
  const item = program.ramFinalise(SEGMENT.KEY, place);
  // The record is not the one in the item any more: a transfer has written it, so the account is a party.
  const distance = program.subtract(program.addressOf(record), item);
  program.assertNonzero(program.subtract(distance, RECORD_ROW * ROW_WORDS));
  const withBalance = program.chain(digest, record, 1);
  return program.chain(withBalance, program.rowAfter(record, REST_ROW), 1);
}

/** The rows that end every executed transfer. */
function executedRowsOf(program: ProgramBuilder, chainId: Word): Row {
  const rows = program.freshRows(WORD_ROWS + 1);
  for (let limb = 0; limb < LIMBS; limb++) program.store(rows, limb, program.load(chainId, limb));
  program.store(rows, LIMBS, statusCode('executed'));
  for (let word = 1; word < ROW_WORDS; word++) program.store(rows, LIMBS + word, 0);
  return rows;
}

function main(program: ProgramBuilder): void {
  const header = program.hintRows(HINT.BLOCK, [], HEADER_WORDS * WORD_ROWS);
  const [chainId, , baseFee, coinbaseKey, blockGasLimit, transactionGasCap] = Array.from(
    { length: HEADER_WORDS },
    (_, index) => program.wordCheck(program.rowAfter(header, index * WORD_ROWS)),
  ) as [Word, Word, Word, Word, Word, Word];
  assertAccountKey(program, program.rowAfter(header, COINBASE_WORD * WORD_ROWS));
  const [transferCount, itemCount, countBeforeCoinbase] = program.hint(HINT.COUNTS, [], 3);
  const initialRow = (kind: number, ...counts: Value[]): Row =>
    program.row([COLUMN_TAG, COLUMN_VERSION, kind, ...counts]);
  const zero = program.wordConstant(0n);
  const block: Block = {
    chainId,
    baseFee,
    transactionGasCap,
    transferGas: program.wordConstant(BigInt(TRANSFER_GAS)),
    nonceStep: program.wordConstant(1n << BALANCE_BITS),
    highestNonce: program.wordConstant((NONCE_LIMIT - 1n) << BALANCE_BITS),
    zero,
    executedRows: executedRowsOf(program, chainId),
  };
  // The count of transfers is a limb. Every item belongs to one of two parties of a transfer, so there are at most twice as many.
  const countRows = program.freshRows(WORD_ROWS);
  program.store(countRows, 0, transferCount);
  for (let limb = 1; limb < LIMBS; limb++) program.store(countRows, limb, 0);
  program.wordCheck(countRows);

  // 1. The pre-values.
  const preValues = openItems(program, itemCount, countBeforeCoinbase, coinbaseKey, {
    previousKey: zero,
    digest: initialRow(CHAIN_KIND.PRE_VALUES, itemCount),
  });

  // 2. The transfers.
  const totals = program.repeat(
    transferCount,
    {
      digest: initialRow(CHAIN_KIND.TRANSFERS, transferCount),
      tips: zero,
      executed: program.constant(0) as Value,
      gasLeft: blockGasLimit,
    },
    (state, { remaining }) => ({ ...proveTransfer(program, block, remaining, state) }),
  );

  // 3. The post-values.
  const closed = program.repeat(
    itemCount,
    { digest: initialRow(CHAIN_KIND.POST_VALUES, itemCount) },
    ({ digest }, { index }) => ({ digest: closeItem(program, index, digest) }),
    ITEMS_A_FRAME,
  );

  // 4. The sums and the statement.
  const gasUsed = program.wordSubtract(blockGasLimit, totals.gasLeft);
  const priorityFees = program.wordMultiply(totals.tips, block.transferGas);
  const burned = program.wordMultiply(gasUsed, baseFee);

  let digest = initialRow(CHAIN_KIND.STATEMENT, transferCount, itemCount, totals.executed);
  digest = program.chain(digest, header, HEADER_WORDS * WORD_ROWS);
  for (const word of [gasUsed, priorityFees, burned])
    digest = program.chain(digest, program.rowAt(word.pointer), WORD_ROWS);
  digest = program.chain(digest, totals.digest, 1);
  program.chain(digest, program.compress(preValues, closed.digest), 1, program.statement);
}

/** The column program; the same for every column. */
export function buildColumnProgram(): Program {
  return buildProgram('column', main);
}
