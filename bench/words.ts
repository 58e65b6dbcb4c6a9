/** Words to work on: canonical, spread over the field, the same in every run. No kernel's time depends on its words. */
import { MODULUS } from '../stark/field/koalaBear.ts';

/** 2^32 / golden ratio, odd: multiples of it are spread evenly. */
const STEP = 0x9e3779b1;

export function spreadWords(count: number): Uint32Array {
  const words = new Uint32Array(count);
  for (let index = 0; index < count; index++) words[index] = (Math.imul(index + 1, STEP) >>> 0) % MODULUS;
  return words;
}
