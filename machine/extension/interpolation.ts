/**
 * The matrices that turn the values of a fold's leaf into coefficients: with v_t the value at y * w^rev(t), w of order n,
 * coefficient k of the polynomial through them, at the point scaled to y = 1, is 1/n * sum over t of w^(-k * rev(t)) * v_t.
 * Source: docs/spec/proof-system.md, section 9, step 3.
 */
import type { ConstantMatrix } from '../../stark/air/air.ts';
import { inverse, multiply, power, reverseBits, rootOfUnity } from '../../stark/field/koalaBear.ts';

/** The n x n matrix, n = 2^logSize. */
function interpolation(logSize: number): ConstantMatrix {
  const size = 2 ** logSize;
  const inverseRoot = inverse(rootOfUnity(logSize));
  const inverseSize = inverse(size);
  const values = new Uint32Array(size * size);
  for (let k = 0; k < size; k++)
    for (let t = 0; t < size; t++)
      values[k * size + t] = multiply(inverseSize, power(inverseRoot, k * reverseBits(t, logSize)));
  return { rows: size, columns: size, values };
}

export const INTERPOLATE_2 = interpolation(1);
export const INTERPOLATE_4 = interpolation(2);
export const INTERPOLATE_8 = interpolation(3);
