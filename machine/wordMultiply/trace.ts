/**
 * Carries out word products and writes their rows.
 * Source: docs/spec/machine.md, section Calls.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { ROW_WORDS } from '../buses.ts';
import {
  countRange,
  countRow,
  logHeightFor,
  requireOutputPointer,
  requireZero,
  writeWords,
} from '../callRows.ts';
import type { Call, CallLog, LookupCounts, Memory } from '../callTable.ts';
import { MachineError } from '../errors.ts';
import { readLimbs } from '../word/arithmetic.ts';
import { LIMB_BASE, LIMBS } from '../word/columns.ts';
import { MAXIMUM_LOG_HEIGHT, MINIMUM_LOG_HEIGHT } from './air.ts';
import {
  CARRY_SUM_SCALE,
  GROUP_LIMBS,
  LOW_SUM_SCALE,
  MAIN_COLUMNS,
  multiplyColumn,
  ROWS_PER_PRODUCT,
} from './columns.ts';

const LOW_BITS = 8;
const LOW_MASK = 255;

/** z = x * y mod 2^256 with the carry out of each limb, below 2^21. */
function multiplyLimbs(x: Uint32Array, y: Uint32Array, z: Uint32Array, carries: Uint32Array): void {
  let carry = 0;
  for (let limb = 0; limb < LIMBS; limb++) {
    let sum = carry;
    for (let i = 0; i <= limb; i++) sum += x[i]! * y[limb - i]!;
    z[limb] = sum % LIMB_BASE;
    carry = Math.floor(sum / LIMB_BASE);
    carries[limb] = carry % MODULUS;
  }
}

/**
 * The carries of the constraints, which count a product of two high bytes one limb later than a product of limbs does:
 * carry_k of the table is the integer quotient of limb k's sum of byte products.
 */
function byteCarries(x: Uint32Array, y: Uint32Array, z: Uint32Array, carries: Uint32Array): void {
  let carry = 0;
  for (let limb = 0; limb < LIMBS; limb++) {
    let sum = carry;
    for (let i = 0; i <= limb; i++) {
      const low = x[i]! & LOW_MASK;
      const high = x[i]! >>> LOW_BITS;
      sum += low * y[limb - i]! + high * ((y[limb - i]! & LOW_MASK) << LOW_BITS);
      if (i < limb) sum += high * (y[limb - 1 - i]! >>> LOW_BITS);
    }
    z[limb] = sum % LIMB_BASE;
    carry = Math.floor(sum / LIMB_BASE);
    carries[limb] = carry % MODULUS;
  }
}

/** Writes x * y; returns operand C. Throws: MachineError 'CALL_FAILED' when the product is above 2^256. */
export function executeMultiply(memory: Memory, call: Call): number {
  requireZero(call, 'd');
  const outPointer = requireOutputPointer(call);
  const x = readLimbs(memory, call.a);
  const y = readLimbs(memory, call.b);
  const z = new Uint32Array(LIMBS);
  const carries = new Uint32Array(LIMBS);
  multiplyLimbs(x, y, z, carries);
  const highest = (limbs: Uint32Array): number => limbs.findLastIndex((limb) => limb !== 0);
  const isAbove = highest(x) >= 0 && highest(y) >= 0 && highest(x) + highest(y) >= LIMBS;
  if (isAbove || carries[LIMBS - 1] !== 0)
    throw new MachineError('CALL_FAILED', { tag: call.tag, reason: 'product above 2^256' });
  writeWords(memory, outPointer, z);
  return outPointer;
}

/** The columns of all calls, four rows each. Throws: MachineError 'TABLE_TOO_HIGH'. */
export function traceMultiply(calls: CallLog, words: Uint32Array, counts: LookupCounts): TableTrace {
  const rows = calls.count * ROWS_PER_PRODUCT;
  const logHeight = logHeightFor('wordMultiply', rows, MINIMUM_LOG_HEIGHT, MAXIMUM_LOG_HEIGHT);
  const height = 2 ** logHeight;
  const columns = MAIN_COLUMNS.map(() => new Uint32Array(height));
  const named = (name: string): Uint32Array => columns[multiplyColumn(name)]!;
  const numbered = (prefix: string, count: number): Uint32Array[] =>
    Array.from({ length: count }, (_, index) => named(`${prefix}${index}`));
  const xLow = numbered('xLow', LIMBS);
  const xHigh = numbered('xHigh', LIMBS);
  const yLow = numbered('yLow', LIMBS);
  const yHigh = numbered('yHigh', LIMBS);
  const zColumns = numbered('z', GROUP_LIMBS);
  const previousZ = numbered('previousZ', GROUP_LIMBS);
  const carryColumns = numbered('carry', GROUP_LIMBS);
  const checkedLow = numbered('checkedLow', GROUP_LIMBS);
  const checkedHigh = numbered('checkedHigh', GROUP_LIMBS);
  const isRow = numbered('isRow', ROWS_PER_PRODUCT);
  const operandA = named('a');
  const operandB = named('b');
  const operandC = named('c');
  const carryIn = named('carryIn');
  const clk = named('clk');
  const z = new Uint32Array(LIMBS);
  const carries = new Uint32Array(LIMBS);

  for (let index = 0; index < calls.count; index++) {
    const a = calls.a[index]!;
    const b = calls.b[index]!;
    const c = calls.c[index]!;
    const x = new Uint32Array(LIMBS);
    const y = new Uint32Array(LIMBS);
    x.set(words.subarray(a, a + LIMBS));
    y.set(words.subarray(b, b + LIMBS));
    byteCarries(x, y, z, carries);
    operandB[index * ROWS_PER_PRODUCT] = b;
    clk[index * ROWS_PER_PRODUCT] = calls.clk[index]!;
    for (let group = 0; group < ROWS_PER_PRODUCT; group++) {
      const row = index * ROWS_PER_PRODUCT + group;
      const firstLimb = group * GROUP_LIMBS;
      isRow[group]![row] = 1;
      operandA[row] = a;
      operandC[row] = c;
      carryIn[row] = group === 0 ? 0 : carries[firstLimb - 1]!;
      for (let limb = 0; limb < LIMBS; limb++) {
        yLow[limb]![row] = y[limb]! & LOW_MASK;
        yHigh[limb]![row] = y[limb]! >>> LOW_BITS;
        const slot = Math.floor(limb / GROUP_LIMBS);
        if (slot > group) continue;
        const value = x[(group - slot) * GROUP_LIMBS + (limb % GROUP_LIMBS)]!;
        xLow[limb]![row] = value & LOW_MASK;
        xHigh[limb]![row] = value >>> LOW_BITS;
      }
      let xLowSum = 0;
      let yLowSum = 0;
      let carrySum = 0;
      for (let limb = 0; limb < GROUP_LIMBS; limb++) {
        const place = firstLimb + limb;
        checkedLow[limb]![row] = y[place]! & LOW_MASK;
        checkedHigh[limb]![row] = y[place]! >>> LOW_BITS;
        zColumns[limb]![row] = z[place]!;
        carryColumns[limb]![row] = carries[place]!;
        // z is read back on the row after it, which for the last group is the next product or padding.
        previousZ[limb]![(row + 1) % height] = z[place]!;
        xLowSum += x[place]! & LOW_MASK;
        yLowSum += y[place]! & LOW_MASK;
        carrySum += carries[place]!;
        countRange(counts, x[place]! & LOW_MASK);
        countRange(counts, x[place]! >>> LOW_BITS);
        countRange(counts, y[place]! & LOW_MASK);
        countRange(counts, y[place]! >>> LOW_BITS);
        countRange(counts, z[place]!);
        countRange(counts, carries[place]!);
      }
      countRange(counts, LOW_SUM_SCALE * xLowSum);
      countRange(counts, LOW_SUM_SCALE * yLowSum);
      countRange(counts, CARRY_SUM_SCALE * carrySum);
    }
    for (const pointer of [a, b, c]) {
      countRow(counts, pointer);
      countRow(counts, pointer + ROW_WORDS);
    }
  }
  return { logHeight, columns };
}
