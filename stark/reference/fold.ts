/**
 * FRI folding in plain TypeScript, by the definition: the parts f_k of v(y) = sum of y^k * f_k(y^(2^a)) are solved for and
 * combined. Form: canonical words, 5 an element, bit-reversed order. Source: docs/spec/proof-system.md, section 9.
 */
import * as extension from '../field/extension.ts';
import { inverse, multiply, power, reverseBits, rootOfUnity } from '../field/koalaBear.ts';

/** Folds by 2^logArity at `beta`, then adds beta^(2^logArity) * rollIn. Throws: RangeError on lengths that do not fit. */
export function foldCodeword(
  words: Uint32Array,
  logArity: number,
  beta: extension.Extension,
  rollIn?: Uint32Array,
): Uint32Array {
  const arity = 2 ** logArity;
  const logLength = Math.log2(words.length / extension.DEGREE);
  const logFolded = logLength - logArity;
  const folded = new Uint32Array(words.length / arity);
  if (!Number.isInteger(logLength) || logFolded < 0 || (rollIn && rollIn.length !== folded.length))
    throw new RangeError(`cannot fold ${words.length} words by ${arity} into ${rollIn?.length} words`);
  const generator = rootOfUnity(logLength);
  const inverseRoot = inverse(rootOfUnity(logArity));
  const inverseArity = inverse(arity);
  const rollInWeight = extension.power(beta, arity);
  for (let leaf = 0; leaf < 2 ** logFolded; leaf++) {
    const inversePoint = inverse(power(generator, reverseBits(leaf, logFolded)));
    let value = extension.ZERO;
    let betaPower = extension.ONE;
    for (let part = 0; part < arity; part++) {
      let sum = extension.ZERO;
      for (let place = 0; place < arity; place++) {
        const weight = power(inverseRoot, part * reverseBits(place, logArity));
        const element = extension.read(words, extension.DEGREE * (leaf * arity + place));
        sum = extension.add(sum, extension.multiplyByBase(element, weight));
      }
      const scale = multiply(power(inversePoint, part), inverseArity);
      value = extension.add(value, extension.multiply(extension.multiplyByBase(sum, scale), betaPower));
      betaPower = extension.multiply(betaPower, beta);
    }
    if (rollIn !== undefined) {
      const rolled = extension.read(rollIn, extension.DEGREE * leaf);
      value = extension.add(value, extension.multiply(rolled, rollInWeight));
    }
    extension.write(folded, extension.DEGREE * leaf, value);
  }
  return folded;
}
