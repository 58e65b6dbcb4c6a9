/**
 * From the values of a fold's leaf to coefficients: with v_t the value at y * w^rev(t), w of order n, coefficient k of the
 * polynomial through them, in the variable scaled to y = 1, is 1/n * sum over t of w^(-k * rev(t)) * v_t.
 *
 * Neighbours are the values at x and -x, x = w^rev(i): their sum is twice the even part's value at x^2, their difference
 * over x twice the odd part's, and both parts are again in bit-reversed order.
 * Source: docs/spec/proof-system.md, section 9, step 3.
 */
import { inverse, power, reverseBits, rootOfUnity } from '../../stark/field/koalaBear.ts';

/** What the interpolation does with its values, which may be elements or expressions. */
export interface Arithmetic<Value> {
  add(left: Value, right: Value): Value;
  subtract(left: Value, right: Value): Value;
  /** `factor` is a canonical base element. */
  scale(value: Value, factor: number): Value;
}

/** Of the inverse root of order 2^(logPairs + 1): the powers rev(0), rev(1), ... that differences are scaled by. */
const SCALES: readonly (readonly number[])[] = [0, 1, 2].map((logPairs) => {
  const inverseRoot = inverse(rootOfUnity(logPairs + 1));
  return Array.from({ length: 2 ** logPairs }, (_, pair) => power(inverseRoot, reverseBits(pair, logPairs)));
});

/** n times the coefficients of the n values; n is 1, 2, 4 or 8. */
export function interpolate<Value>(values: readonly Value[], arithmetic: Arithmetic<Value>): Value[] {
  if (values.length === 1) return [...values];
  const scales = SCALES[Math.log2(values.length) - 1]!;
  const even: Value[] = [];
  const odd: Value[] = [];
  for (let pair = 0; pair < scales.length; pair++) {
    const left = values[2 * pair]!;
    const right = values[2 * pair + 1]!;
    even.push(arithmetic.add(left, right));
    const difference = arithmetic.subtract(left, right);
    odd.push(pair === 0 ? difference : arithmetic.scale(difference, scales[pair]!));
  }
  const evenCoefficients = interpolate(even, arithmetic);
  const oddCoefficients = interpolate(odd, arithmetic);
  const coefficients: Value[] = [];
  for (let k = 0; k < scales.length; k++) coefficients.push(evenCoefficients[k]!, oddCoefficients[k]!);
  return coefficients;
}
