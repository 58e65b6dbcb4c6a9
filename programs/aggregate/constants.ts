/**
 * What a verifier of children looks up: rows and vectors of constants in the main function's frame, whose addresses every
 * function and loop knows. They are written once a run.
 * Source: docs/spec/proof-system.md, sections 1, 2 and 9; docs/spec/recursion.md, section Points.
 */
import type { Row } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { inverse, multiply, rootOfUnity } from '../../stark/field/koalaBear.ts';
import { blocksOf } from '../../stark/proof/shape.ts';
import { LABEL, SQUEEZE_MARK } from '../../stark/transcript.ts';
import type { ProfileLayout } from './layout.ts';
import { UPPER_BIT } from './words.ts';

const ROW_WORDS = 8;
/** The fold of 8 elements at their last place. */
const GREATEST_SELECTOR = 15;

/** Constants that depend on nothing. */
export interface SharedConstants {
  /** Three rows of zeros: the extension element 0, a row that is written, a height's sums before its first table. */
  readonly zeros: Row;
  readonly one: Row;
  /** x, the generator of the extension. */
  readonly x: Row;
  /** 3, the generator of the base field: points are x = 3 * y. */
  readonly generator: Row;
  /** The row (label, 2^30): what a squeeze binds. */
  squeezeHeader(label: number): Row;
}

export interface ProfileConstants {
  readonly shared: SharedConstants;
  /** By log height h: N = 2^h, 1/N, g and 1/g. */
  readonly rows: Row;
  readonly inverseRows: Row;
  readonly generators: Row;
  readonly inverseGenerators: Row;
  /** By distance to the next height: the number of layers; how the next layer folds. */
  readonly layers: Row;
  readonly logArities: Row;
  /** By log arity: elements of a leaf, its rows, 1 / elements. */
  readonly leafElements: Row;
  readonly leafRows: Row;
  readonly inverseElements: Row;
  /** By selector of a fold, elements + place: the elements. */
  readonly arities: Row;
  /** By number of bits: 2^bits. */
  readonly powers: Row;
  /** Row s: entry p is the product of the roots of order 2^(s + i + 1) over the bits i of p. */
  readonly placeRoots: Row;
  /** The same for the bits of an index that say which digest of a cap, and for those between them and the folded ones. */
  readonly capRoots: Row;
  readonly finalRoots: Row;
}

/** Entry i is values[i]; entries that no code reads are left out, so the rows are open: every index is known to be in range. */
function vector(program: ProgramBuilder, values: readonly (number | undefined)[]): Row {
  const rows = program.open(program.freshRows(blocksOf(values.length)));
  for (const [index, value] of values.entries()) if (value !== undefined) program.store(rows, index, value);
  return rows;
}

function range<Entry>(first: number, last: number, entry: (index: number) => Entry): (Entry | undefined)[] {
  return Array.from({ length: last + 1 }, (_, index) => (index < first ? undefined : entry(index)));
}

/** Entry p is the product of the roots of order 2^(position + i + 1) over the bits i of p; position counts from bit 0 of an index. */
function rootProducts(position: number, bits: number): number[] {
  return Array.from({ length: 2 ** bits }, (_, place) => {
    let product = 1;
    for (let bit = 0; bit < bits; bit++)
      if (((place >>> bit) & 1) === 1) product = multiply(product, rootOfUnity(position + bit + 1));
    return product;
  });
}

export function sharedConstants(program: ProgramBuilder): SharedConstants {
  const zeros = program.freshRows(3);
  for (let word = 0; word < 3 * ROW_WORDS; word++) program.store(zeros, word, 0);
  const labels = [LABEL.ALPHA, LABEL.BETA, LABEL.LAMBDA, LABEL.ZETA, LABEL.BATCH, LABEL.FOLD, LABEL.QUERY];
  const headers = new Map<number, Row>(labels.map((label) => [label, program.row([label, SQUEEZE_MARK])]));
  return {
    zeros,
    one: program.row([1]),
    x: program.row([0, 1]),
    generator: program.row([3]),
    squeezeHeader(label) {
      const header = headers.get(label);
      if (header === undefined) throw new RangeError(`label ${label} is not squeezed`);
      return header;
    },
  };
}

export function profileConstants(
  program: ProgramBuilder,
  shared: SharedConstants,
  { profile, least, greatest }: ProfileLayout,
): ProfileConstants {
  const { logBlowup, logFinalLength, logFoldArity, logCap } = profile;
  const span = greatest - least;
  const firstPosition = UPPER_BIT - logBlowup - greatest;
  const lastPosition = UPPER_BIT - logBlowup - least - 1;
  // Open: positions below the first are those of no index, and places are below the arity that a fold asserts.
  const placeRoots = program.open(program.freshRows(lastPosition + 1));
  for (const position of [0, ...range(firstPosition, lastPosition, (each) => each)])
    if (position !== undefined)
      for (const [place, product] of rootProducts(
        position,
        Math.min(logFoldArity, UPPER_BIT - position),
      ).entries())
        program.store(placeRoots, position * ROW_WORDS + place, product);
  return {
    shared,
    rows: vector(
      program,
      range(least, greatest, (logHeight) => 2 ** logHeight),
    ),
    inverseRows: vector(
      program,
      range(least, greatest, (logHeight) => inverse(2 ** logHeight)),
    ),
    generators: vector(program, range(least, greatest, rootOfUnity)),
    inverseGenerators: vector(
      program,
      range(least, greatest, (logHeight) => inverse(rootOfUnity(logHeight))),
    ),
    layers: vector(
      program,
      range(0, span, (distance) => Math.ceil(distance / logFoldArity)),
    ),
    logArities: vector(
      program,
      range(1, span, (distance) => Math.min(distance, logFoldArity)),
    ),
    leafElements: vector(
      program,
      range(1, logFoldArity, (logArity) => 2 ** logArity),
    ),
    // The fold takes no other selectors, whatever the profile's largest fold.
    arities: vector(
      program,
      range(2, GREATEST_SELECTOR, (selector) => 2 ** Math.floor(Math.log2(selector))),
    ),
    leafRows: vector(
      program,
      range(1, logFoldArity, (logArity) => Math.ceil((5 * 2 ** logArity) / ROW_WORDS)),
    ),
    inverseElements: vector(
      program,
      range(1, logFoldArity, (logArity) => inverse(2 ** logArity)),
    ),
    powers: vector(
      program,
      range(0, UPPER_BIT - 1, (bits) => 2 ** bits),
    ),
    placeRoots,
    capRoots: vector(program, rootProducts(UPPER_BIT - logCap, logCap)),
    finalRoots: vector(
      program,
      rootProducts(UPPER_BIT - logFinalLength - logBlowup, logFinalLength + logBlowup - logCap),
    ),
  };
}
