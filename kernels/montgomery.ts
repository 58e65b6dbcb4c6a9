/**
 * Words for shader parameters: canonical words of the host in the device's Montgomery form, R = 2^32.
 * Source: docs/decisions/0002-montgomery-form.md.
 */
import { MODULUS, multiply } from '../stark/field/koalaBear.ts';

/** 2^32 mod p. */
export const MONTGOMERY_ONE = 2 ** 32 % MODULUS;

/** The words in Montgomery form, as a new array. */
export function toMontgomeryWords(canonical: ArrayLike<number>): Uint32Array {
  return Uint32Array.from(canonical, (word) => multiply(word, MONTGOMERY_ONE));
}
