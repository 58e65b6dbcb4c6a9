/**
 * One FRI fold of one coset.
 * Source: docs/spec/proof-system.md, section 9, step 3.
 */
import { add, type Extension, multiply, multiplyByBase, square, subtract } from './field/extension.ts';
import {
  inverse,
  MODULUS,
  multiply as multiplyBase,
  power,
  reverseBits,
  rootOfUnity,
} from './field/koalaBear.ts';

const HALF = (MODULUS + 1) / 2;

/**
 * The sum over k of beta^k * f_k(y^(2^a)), where v(y) = sum of y^k * f_k(y^(2^a)) takes `values` on the coset number
 * `coset` of a codeword of 2^logRows elements: the 2^a consecutive positions from coset * 2^a, bit-reversed.
 *
 * A fold by 2^a at beta is a folds by 2 at beta, beta^2, beta^4, ...: neighbours are the values at y and -y, and
 * (v(y) + v(-y)) / 2 + beta * (v(y) - v(-y)) / (2 * y) is the next function at y^2.
 */
export function foldLeaf(
  values: readonly Extension[],
  coset: number,
  logRows: number,
  beta: Extension,
): Extension {
  let current = values;
  let logSize = logRows;
  let challenge = beta;
  let firstPosition = coset * values.length;
  while (current.length > 1) {
    const half: Extension[] = [];
    const inverseRoot = inverse(rootOfUnity(logSize));
    for (let pair = 0; pair < current.length / 2; pair++) {
      const position = firstPosition + 2 * pair;
      const inverseTwicePoint = multiplyBase(HALF, power(inverseRoot, reverseBits(position, logSize)));
      const left = current[2 * pair]!;
      const right = current[2 * pair + 1]!;
      half.push(
        add(
          multiplyByBase(add(left, right), HALF),
          multiply(challenge, multiplyByBase(subtract(left, right), inverseTwicePoint)),
        ),
      );
    }
    current = half;
    firstPosition /= 2;
    logSize -= 1;
    challenge = square(challenge);
  }
  return current[0]!;
}
