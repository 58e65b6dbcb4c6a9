/**
 * Words as integers inside a guest program: range checks and the parts of a canonical word. A path of the hash table proves
 * that its index has no more bits than levels, whatever the digests are: one cycle for any number of bits, a hash row a bit. Where
 * hash rows are scarce, in the queries, bits are booleans: three cycles each.
 * Source: docs/spec/recursion.md, section Words; machine/hash/README.md.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { HINT } from './hintNames.ts';

/** Where the upper bits of a word begin: p = 127 * 2^24 + 1, so all seven are 1 only in p - 1, whose lower bits are 0. */
export const UPPER_BIT = 24;
export const UPPER_BITS = 7;
const UPPER_ONES = 127;

/** Asserts 0 <= value < 2^bits, bits at most 30. `anyRow` is a row whose words are written. */
export function assertBits(program: ProgramBuilder, value: Value, bits: number, anyRow: Row): void {
  if (bits === 0) program.assertEqual(value, 0);
  else if (bits === 1) program.assertBoolean(value);
  else program.path(anyRow, value, bits, { hint: HINT.anySiblings, inputs: [bits] });
}

/** The bits `first` to `first + count - 1` of a word as an integer, of which nothing is known but that it is below 2^count. */
export function fromBits(program: ProgramBuilder, word: Value, first: number, count: number): Value {
  if (count === 0) return program.constant(0);
  const bits: Value[] = program.hint(HINT.bits, [word, first, count], count);
  for (const bit of bits) program.assertBoolean(bit);
  return bits.reduceRight((above, bit) => program.add(program.add(above, above), bit));
}

/** Asserts least <= value <= greatest. */
export function assertWithin(
  program: ProgramBuilder,
  value: Value,
  least: number,
  greatest: number,
  anyRow: Row,
): void {
  const bits = 32 - Math.clz32(greatest - least);
  assertBits(program, program.subtract(value, least), bits, anyRow);
  if (greatest - least !== 2 ** bits - 1)
    assertBits(program, program.subtract(greatest, value), bits, anyRow);
}

/**
 * Asserts that low and upper, which must be known to be below 2^24 and 2^7, are the parts of the canonical word: their sum is
 * below 2^31 < 2 * p, so that it is the word or the word + p, and in the latter all upper bits are 1 and low is not 0.
 */
export function assertCanonicalParts(program: ProgramBuilder, word: Value, low: Value, upper: Value): void {
  program.assertEqual(program.add(program.multiply(upper, 2 ** UPPER_BIT), low), word);
  const distance = program.subtract(UPPER_ONES, upper);
  const factor = program.hintValue(HINT.canonicalFactor, [low, distance]);
  program.assertEqual(program.multiply(factor, distance), low);
}

/** Asserts that the low `zeros` bits of the word are 0, zeros at most 24. */
export function assertLowZeros(program: ProgramBuilder, word: Value, zeros: number, anyRow: Row): void {
  const [middle, upper] = program.hint(HINT.wordParts, [word, zeros], 2);
  assertBits(program, middle, UPPER_BIT - zeros, anyRow);
  assertBits(program, upper, UPPER_BITS, anyRow);
  assertCanonicalParts(program, word, program.multiply(middle, 2 ** zeros), upper);
}
