/**
 * Field multiplications of what the shaders call, counted from shaders/shared, and of a tape. A product without a reduction of
 * its own counts like any other.
 */
import type { TileProgram } from '../kernels/generate/program.ts';

/** Of one call of a function of shaders/shared. */
export const PRODUCTS = {
  extensionMultiply: 25,
  extensionSquare: 15,
  extensionMultiplyBase: 5,
  /** fieldInverse: 29 squares and 8 products. */
  fieldInverse: 37,
  /** Three images under Frobenius of 20, two products, a norm, an inverse in the base field and a scaling. */
  extensionInverse: 3 * 20 + 2 * 25 + 5 + 37 + 5,
  linearInverseNorm: 4,
  linearInverseConjugates: 15,
} as const;

/** Of `domainPoint` on average over 2^bits positions. */
export function domainPointProducts(bits: number): number {
  return bits / 2;
}

export interface RowCost {
  readonly multiplications: number;
  readonly bytes: number;
}

/**
 * What shaders/evaluateTape.wgsl does for a row: one product an operation and one a scaled operand; a word read for each operand
 * and one written for each operation. The tape itself is shared by all rows.
 */
export function tapeCost({ tape: { words, operations } }: TileProgram): RowCost {
  let multiplications = 0;
  let touched = 0;
  for (let operation = 0, cursor = 0; operation < operations; operation++) {
    const headers = words.subarray(cursor + 1, cursor + 4);
    cursor += 4;
    multiplications += 1;
    touched += 1;
    for (const header of headers) {
      const plain = (header & 0xff) + ((header >>> 8) & 0xff);
      const scaled = header >>> 16;
      multiplications += scaled;
      touched += plain + scaled;
      cursor += plain + 2 * scaled;
    }
  }
  return { multiplications, bytes: 4 * touched };
}

/** What shaders/logUpFractions.wgsl does for a row, all groups together. */
export function fractionCost({ interactions }: TileProgram): RowCost {
  const values = interactions.reduce((count, interaction) => count + interaction.values.length, 0);
  const { extensionMultiply, extensionMultiplyBase } = PRODUCTS;
  return {
    multiplications:
      interactions.length * (2 * extensionMultiply + extensionMultiplyBase) + values * extensionMultiplyBase,
    bytes: 4 * (values + interactions.length) + 40 * Math.ceil(interactions.length / 2),
  };
}

export function sumOfCosts(...costs: readonly RowCost[]): RowCost {
  return {
    multiplications: costs.reduce((sum, { multiplications }) => sum + multiplications, 0),
    bytes: costs.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
