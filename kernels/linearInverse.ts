/**
 * Coefficients from which shaders/shared/linearInverse.wgsl computes 1 / (z - x) for many x of the base field: the norm of
 * z - x as a polynomial in x, and the product of its four other conjugates.
 */
import * as extension from '../stark/field/extension.ts';
import { toMontgomeryWords } from './montgomery.ts';

/** Product of z - x over the given z, as coefficients of x^0, x^1, ... */
function productOfDifferences(points: readonly extension.Extension[]): extension.Extension[] {
  let product: extension.Extension[] = [extension.ONE];
  for (const point of points) {
    const next = [...product, extension.ZERO].map((_, power) => {
      const scaled = extension.multiply(product[power] ?? extension.ZERO, point);
      return extension.subtract(scaled, product[power - 1] ?? extension.ZERO);
    });
    product = next;
  }
  return product;
}

/**
 * 28 words in Montgomery form: the norm's coefficients of x^0..x^4, the conjugates' of x^0..x^3, padding.
 * Throws: RangeError for a point of the base field, where z - x may vanish.
 */
export function linearInverse(point: extension.Extension): Uint32Array {
  if (point.slice(1).every((word) => word === 0)) throw new RangeError('the point lies in the base field');
  const conjugatePoints: extension.Extension[] = [];
  let conjugate = extension.frobenius(point);
  for (let power = 1; power < extension.DEGREE; power++) {
    conjugatePoints.push(conjugate);
    conjugate = extension.frobenius(conjugate);
  }
  const norm = productOfDifferences([point, ...conjugatePoints]);
  const conjugates = productOfDifferences(conjugatePoints);
  const words = new Uint32Array(28);
  words.set(toMontgomeryWords(norm.slice(0, 5).map((coefficient) => coefficient[0])));
  words.set(toMontgomeryWords(conjugates.slice(0, 4).flat()), 5);
  return words;
}
