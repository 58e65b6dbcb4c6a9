/**
 * The column program: proves that the transfers of a column, in order, have the statuses and effects that its statement
 * says. The layout of the digests is that of statement.ts; the argument that nothing else can be proved is in
 * docs/spec/column.md.
 *
 * An account's state is a record of three rows: [balance][zeros][rest], the two halves of its basic data around a row of
 * zeros. So the words at the first and at the second row are the balance and the rest times 2^128, and arithmetic on
 * either keeps the other and the zeros between them: an overflow of the balance would have to write the row of zeros.
 */

import { checkedWord, type Row, type Value, type Word } from '../../machine/builder/values.ts';
import { buildProgram, type ProgramBuilder } from '../../machine/builder.ts';
import type { Program } from '../../machine/program.ts';
import { HINT } from './hints.ts';
import { DELEGATION_BYTES, HIGHEST_PRECOMPILE, PRECOMPILE_P256 } from './input.ts';
import {
  BALANCE_BITS,
  CHAIN_KIND,
  COLUMN_TAG,
  COLUMN_VERSION,
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

/** What every transfer needs. */
interface Block {
  readonly chainId: Word;
  readonly baseFee: Word;
  readonly transferGas: Word;
  readonly nonceStep: Word;
  readonly zero: Word;
  readonly executedRow: Row;
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

function assertLess(program: ProgramBuilder, left: Word, right: Word): void {
  program.assertEqual(program.wordLess(left, right), 1);
}

function assertNotLess(program: ProgramBuilder, left: Word, right: Word): void {
  program.assertEqual(program.wordLess(left, right), 0);
}

/** The words of a record at a pointer that was stored in SEGMENT.STATE. */
function recordAt(program: ProgramBuilder, pointer: Value): AccountRecord {
  const rows = program.rowAt(pointer);
  return { balance: checkedWord(pointer), rest: checkedWord(program.rowAfter(rows, ZERO_ROW).pointer) };
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

/** Reads, checks and hashes one item of the access list and opens its cells; returns its key and the chain. */
function openItem(
  program: ProgramBuilder,
  place: Value,
  remaining: Value,
  previousKey: Word,
  digest: Row,
): { previousKey: Word; digest: Row } {
  const item = program.hintRows(HINT.ITEM, [remaining], WORD_ROWS + RECORD_ROWS);
  const record = program.rowAfter(item, RECORD_ROW);
  const key = program.wordCheck(item);
  // Strictly ascending, so no leaf is listed twice. Keys are not 0.
  assertLess(program, previousKey, key);
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
  };
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
  digest = program.chain(digest, program.rowAt(block.chainId.pointer), WORD_ROWS);
  digest = program.chain(digest, program.rowAt(sender.rest.pointer), WORD_ROWS);
  digest = program.chain(digest, transfer.amounts, 4 * WORD_ROWS);
  digest = program.chain(digest, block.executedRow, 1);

  // A subtraction proves that its right side is not the greater one.
  const headroom = program.wordSubtract(maxFee, block.baseFee);
  assertNotLess(program, gasLimit, block.transferGas);
  const highestCost = program.wordAdd(value, program.wordMultiply(gasLimit, maxFee));
  assertNotLess(program, sender.balance, highestCost);
  // The priority fee per gas is what the max fee leaves of it.
  const { tip } = program.ifNonzero(
    program.wordLess(headroom, priorityFee),
    () => {
      assertNotLess(program, maxFee, priorityFee);
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
  const recipient = recordAt(program, program.ramRead(SEGMENT.STATE, transfer.recipientPlace));
  const credited = program.freshRows(RECORD_ROWS);
  program.wordAdd(recipient.balance, value, credited);
  program.wordAdd(recipient.rest, block.zero, program.rowAfter(credited, ZERO_ROW));
  program.ramWrite(SEGMENT.STATE, transfer.recipientPlace, program.addressOf(credited));

  return {
    digest,
    tips: program.wordAdd(totals.tips, tip),
    executed: program.add(totals.executed, 1),
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

/** Proves that a transfer has the claimed status, which is not 'executed': nothing but the digest changes. */
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
  const nonceRows = program.rowAfter(claims, WORD_ROWS);
  const chainId = program.wordCheck(claims);
  const nonce = program.wordCheck(nonceRows);

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
    { fails: () => program.wordLess(nonce, sender.rest), status: 'nonce too low' },
    { fails: () => program.wordLess(sender.rest, nonce), status: 'nonce too high' },
    { fails: () => program.wordLess(maxFee, block.baseFee), status: 'max fee below base fee' },
    { fails: () => program.wordLess(maxFee, priorityFee), status: 'priority fee above max fee' },
    { fails: () => program.wordLess(gasLimit, block.transferGas), status: 'gas limit too low' },
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
  digest = program.chain(digest, claims, 2 * WORD_ROWS);
  digest = program.chain(digest, transfer.amounts, 4 * WORD_ROWS);
  digest = program.chain(digest, program.row([claimed]), 1);
  return { digest, tips: totals.tips, executed: totals.executed };
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

function main(program: ProgramBuilder): void {
  const header = program.hintRows(HINT.BLOCK, [], 3 * WORD_ROWS);
  const headerWord = (index: number): Word => program.wordCheck(program.rowAfter(header, index * WORD_ROWS));
  const [chainId, , baseFee] = [headerWord(0), headerWord(1), headerWord(2)];
  const [transferCount, itemCount] = program.hint(HINT.COUNTS, [], 2) as [Value, Value];
  const initialRow = (kind: number, ...counts: Value[]): Row =>
    program.row([COLUMN_TAG, COLUMN_VERSION, kind, ...counts]);
  const zero = program.wordConstant(0n);
  const block: Block = {
    chainId,
    baseFee,
    transferGas: program.wordConstant(BigInt(TRANSFER_GAS)),
    nonceStep: program.wordConstant(1n << BALANCE_BITS),
    zero,
    executedRow: program.row([statusCode('executed')]),
  };

  // 1. The pre-values.
  const opened = program.repeat(
    itemCount,
    { previousKey: zero, digest: initialRow(CHAIN_KIND.PRE_VALUES, itemCount) },
    ({ previousKey, digest }, { index, remaining }) =>
      openItem(program, index, remaining, previousKey, digest),
  );

  // 2. The transfers.
  const totals = program.repeat(
    transferCount,
    {
      digest: initialRow(CHAIN_KIND.TRANSFERS, transferCount),
      tips: zero,
      executed: program.constant(0) as Value,
    },
    (state, { remaining }) => ({ ...proveTransfer(program, block, remaining, state) }),
  );

  // 3. The post-values.
  const closed = program.repeat(
    itemCount,
    { digest: initialRow(CHAIN_KIND.POST_VALUES, itemCount) },
    ({ digest }, { index }) => {
      const record = program.rowAt(program.ramFinalise(SEGMENT.STATE, index));
      program.ramFinalise(SEGMENT.KEY, index);
      const withBalance = program.chain(digest, record, 1);
      return { digest: program.chain(withBalance, program.rowAfter(record, REST_ROW), 1) };
    },
  );

  // 4. The sums and the statement. The count of executed transfers is one limb: its word check bounds it.
  const countRow = program.freshRows(WORD_ROWS);
  program.store(countRow, 0, totals.executed);
  for (let limb = 1; limb < LIMBS; limb++) program.store(countRow, limb, 0);
  const gasUsed = program.wordMultiply(program.wordCheck(countRow), block.transferGas);
  const priorityFees = program.wordMultiply(totals.tips, block.transferGas);
  const burned = program.wordMultiply(gasUsed, baseFee);

  let digest = initialRow(CHAIN_KIND.STATEMENT, transferCount, itemCount, totals.executed);
  digest = program.chain(digest, header, 3 * WORD_ROWS);
  for (const word of [gasUsed, priorityFees, burned])
    digest = program.chain(digest, program.rowAt(word.pointer), WORD_ROWS);
  digest = program.chain(digest, totals.digest, 1);
  program.chain(digest, program.compress(opened.digest, closed.digest), 1, program.statement);
}

/** The column program; the same for every column. */
export function buildColumnProgram(): Program {
  return buildProgram('column', main);
}
