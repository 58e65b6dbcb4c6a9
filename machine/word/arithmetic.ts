/**
 * Words as arrays of 16 limbs of 16 bits, least significant first: the arithmetic that the executor and the traces need.
 * Source: docs/spec/machine.md, section Calls.
 */
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { readWords, requireRow } from '../callRows.ts';
import type { Memory } from '../callTable.ts';
import { MachineError } from '../errors.ts';
import { LIMB_BASE, LIMBS } from './columns.ts';

/** Traces may come from outside: limbs above 16 bits must still give field elements, for the checks that refuse them. */
function canonical(value: number): number {
  const remainder = value % MODULUS;
  return remainder < 0 ? remainder + MODULUS : remainder;
}

/** outcome = left + right mod 2^256, with the carry out of each limb. */
export function addLimbs(
  left: Uint32Array,
  right: Uint32Array,
  outcome: Uint32Array,
  carries: Uint32Array,
): void {
  let carry = 0;
  for (let limb = 0; limb < LIMBS; limb++) {
    const sum = left[limb]! + right[limb]! + carry;
    carry = sum >= LIMB_BASE ? 1 : 0;
    outcome[limb] = canonical(sum - carry * LIMB_BASE);
    carries[limb] = carry;
  }
}

/** outcome = left - right mod 2^256, with the borrow out of each limb; the last one says left < right. */
export function subtractLimbs(
  left: Uint32Array,
  right: Uint32Array,
  outcome: Uint32Array,
  borrows: Uint32Array,
): void {
  let borrow = 0;
  for (let limb = 0; limb < LIMBS; limb++) {
    const difference = left[limb]! - right[limb]! - borrow;
    borrow = difference < 0 ? 1 : 0;
    outcome[limb] = canonical(difference + borrow * LIMB_BASE);
    borrows[limb] = borrow;
  }
}

/** The word at a pointer. Throws: MachineError 'CALL_FAILED' when a limb is above 16 bits. */
export function readLimbs(memory: Memory, pointer: number): Uint32Array {
  requireRow(pointer);
  const limbs = new Uint32Array(LIMBS);
  readWords(memory, pointer, limbs);
  const wide = limbs.findIndex((limb) => limb >= LIMB_BASE);
  if (wide >= 0)
    throw new MachineError('CALL_FAILED', {
      reason: 'limb above 16 bits',
      pointer,
      limb: wide,
      got: limbs[wide]!,
    });
  return limbs;
}
