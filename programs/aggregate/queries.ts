/**
 * Steps 7 to 10 of the verifier inside a guest program, query by query: the opened rows lead to the caps, their DEEP
 * combinations are what the first fold layer holds or what is rolled in, every layer holds what was folded, and the folds end
 * in the final polynomial.
 * Source: docs/spec/proof-system.md, sections 3, 8 and 9.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { GENERATOR, multiply, rootOfUnity } from '../../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import type { OpenedTree } from '../../stark/merkleOpening.ts';
import type { Profile } from '../../stark/profile.ts';
import { blocksOf } from '../../stark/proof/shape.ts';
import type { ChildShape } from './childShape.ts';
import { type HeightTerms, heightTerms, weightedRows } from './deep.ts';
import type { Element, ElementOperations } from './elements.ts';
import { HINT } from './hintNames.ts';
import { decomposeWord } from './transcript.ts';
import type { GuestChallenges, GuestProof } from './verifyChild.ts';

/** Queries whose code is emitted side by side, so that what they share is fetched once: bytecode against cycles. */
const MAXIMUM_QUERIES_UNROLLED = 10;
/** Where the bits of a word begin that no index has. */
const UPPER_BIT = 24;
/** Elements that one row of the extension table evaluates. */
const PACKED_ELEMENTS = 8;

/** What all queries share about a tree. */
interface SharedTree {
  /** Number of the tree: the phases, then the fold layers. */
  readonly number: number;
  readonly tree: OpenedTree;
  readonly cap: Row;
  /** Log sizes with leaves, descending: how many blocks a leaf row has, and the state its chain starts from. */
  readonly leaves: readonly { readonly logRows: number; readonly blocks: number; readonly initial: Row }[];
}

/** The place of a query. */
interface Place {
  /** The squeezed word, for hints. */
  readonly word: Value;
  /** Bits from..to-1 of the index as an integer; the cap's first bit is not inside. */
  segment(from: number, to: number): Value;
  /** Words from the start of a cap to the digest that the index leads to. */
  readonly capOffset: Value;
}

export function checkQueries(
  program: ProgramBuilder,
  elements: ElementOperations,
  child: ChildShape,
  proof: GuestProof,
  openings: readonly Element[],
  challenges: GuestChallenges,
): void {
  const { profile, shape, trees } = child;
  const { logBlowup, logCap, logFinalLength, queries } = profile;
  const phaseCaps = {
    preprocessed: proof.preprocessedCap as Row,
    main: proof.mainCap,
    logUp: proof.logUpCap as Row,
    quotient: proof.quotientCap,
  };
  const phaseTrees = trees.phases.map((tree, position) =>
    shareTree(program, position, tree, phaseCaps[tree.phase]),
  );
  const foldTrees = trees.folds.map((tree, layer) =>
    shareTree(program, trees.phases.length + layer, tree, proof.foldCaps[layer]!),
  );
  const terms = heightTerms(program, elements, child, openings, challenges);
  // beta^(2^a) of the layers that roll in.
  const rollInFactors = shape.folds.map(({ logArity, rollsIn }, layer) => {
    let factor = challenges.folds[layer]!;
    for (let step = 0; rollsIn && step < logArity; step++) factor = elements.multiply(factor, factor);
    factor.row();
    return factor;
  });
  const placeRoots = tabulateRoots(program, 0, profile.logFoldArity);
  const indexRoots = tabulateIndexRoots(program, trees.logRows, logCap);
  const evaluateFinal = finalEvaluator(program, elements, proof.finalPolynomial, logFinalLength);

  /** Everything about the query of one squeezed word. */
  function checkQuery(word: Value): void {
    const place = queryPlace(program, word, trees.logRows, logCap);

    // Every opened row and coset is one that was committed to.
    const rows = phaseTrees.map((shared) => openLeaves(program, shared, place, trees.logRows));
    const cosets = foldTrees.map((shared) => openLeaves(program, shared, place, trees.logRows));

    // Entry k: the domain point y of the height whose index is the query's index >> k.
    const points = [queryPoint(program, indexRoots, place)];
    while (points.length <= trees.logRows - logFinalLength - logBlowup) {
      const last = points[points.length - 1]!;
      points.push(program.multiply(last, last));
    }
    const shiftOf = (logHeight: number): number => trees.logRows - logHeight - logBlowup;
    const pointAt = (logHeight: number): Value => points[shiftOf(logHeight)]!;

    // The DEEP combination of a height.
    const combinationAt = (logHeight: number): Element =>
      deepCombination(program, elements, terms.get(logHeight)!, challenges.zeta, pointAt(logHeight), rows);

    // The folds: each asserts that the coset's own place holds the value carried so far.
    let logHeight = shape.distinctLogHeights[0]!;
    let carried = combinationAt(logHeight);
    for (const [layer, { logArity, rollsIn }] of shape.folds.entries()) {
      const shift = shiftOf(logHeight);
      const ownPlace = place.segment(shift, shift + logArity);
      // 1 / y of place 0: the roots of the place's bits taken out of y.
      const inverseBase = program.divide(lookUpRoots(program, placeRoots, ownPlace), pointAt(logHeight));
      const folded = program.freshRows(1);
      program.extension.foldCoset(
        cosets[layer]!.get(logHeight + logBlowup - logArity)!,
        carried.row(),
        program.add(ownPlace, 2 ** logArity),
        inverseBase,
        challenges.folds[layer]!.row(),
        folded,
      );
      carried = elements.fromRow(folded);
      logHeight -= logArity;
      if (rollsIn)
        carried = elements.add(elements.multiply(rollInFactors[layer]!, combinationAt(logHeight)), carried);
    }

    // The final polynomial, in y = x / 3.
    elements.assertEqual(evaluateFinal(pointAt(logFinalLength)), carried);
  }

  const unrolled = queriesUnrolled(profile);
  program.repeat(queries / unrolled, { words: program.addressOf(challenges.queryWords) }, ({ words }) => {
    for (let query = 0; query < unrolled; query++) checkQuery(program.load(words, query));
    return { words: program.add(words, unrolled) };
  });
}

/** How many queries one round of the loop covers: the largest divisor of their number within the limit. */
export function queriesUnrolled({ queries }: Profile): number {
  let divisor = Math.min(queries, MAXIMUM_QUERIES_UNROLLED);
  while (queries % divisor !== 0) divisor--;
  return divisor;
}

function shareTree(program: ProgramBuilder, number: number, tree: OpenedTree, cap: Row): SharedTree {
  const logSizes = [...new Set(tree.matrices.map((matrix) => matrix.logRows))];
  const leaves = logSizes
    .sort((left, right) => right - left)
    .map((logRows) => {
      const blocks = tree.matrices
        .filter((matrix) => matrix.logRows === logRows)
        .reduce((sum, { columns }) => sum + blocksOf(columns), 0);
      return { logRows, blocks, initial: program.row([tree.leafTag, logRows, blocks * DIGEST_WORDS]) };
    });
  return { number, tree, cap, leaves };
}

/** Products of roots by the bits of an index, in rows of the program's memory. */
interface RootTable {
  readonly firstBit: number;
  readonly bits: number;
  /** Entry t: the product over the set bits j of t of the root of order 2^(firstBit + j + 1). */
  readonly rows: Row;
}

/** Bits that one table of roots covers: a load costs as much as the bits' factors would, stores are made once a child. */
const MAXIMUM_TABLE_BITS = 5;

function tabulateRoots(program: ProgramBuilder, firstBit: number, bits: number): RootTable {
  const rows = program.freshRows(blocksOf(2 ** bits));
  for (let entry = 0; entry < 2 ** bits; entry++) {
    let product = 1;
    for (let bit = 0; bit < bits; bit++)
      if (((entry >>> bit) & 1) === 1) product = multiply(product, rootOfUnity(firstBit + bit + 1));
    program.store(rows, entry, product);
  }
  return { firstBit, bits, rows };
}

/** Tables for all bits of an index; none goes across the cap's first bit. */
function tabulateIndexRoots(program: ProgramBuilder, logRows: number, logCap: number): RootTable[] {
  const tables: RootTable[] = [];
  for (const [start, end] of [
    [0, logRows - logCap],
    [logRows - logCap, logRows],
  ] as const)
    for (let first = start; first < end; first += MAXIMUM_TABLE_BITS)
      tables.push(tabulateRoots(program, first, Math.min(MAXIMUM_TABLE_BITS, end - first)));
  return tables;
}

/** The entry at a place below 2^bits. */
function lookUpRoots(program: ProgramBuilder, { rows }: RootTable, place: Value): Value {
  return program.load(program.add(program.addressOf(rows), place));
}

/** The index is the low bits of the canonical word. */
function queryPlace(program: ProgramBuilder, word: Value, logRows: number, logCap: number): Place {
  const capBit = logRows - logCap;
  const starts = [...new Set([0, capBit, logRows, UPPER_BIT])].sort((left, right) => left - right);
  const suffixes = decomposeWord(program, word, starts);
  const segments = new Map<string, Value>();
  return {
    word,
    segment(from, to) {
      const first = from < capBit ? 0 : capBit;
      const sums = suffixes.get(first)!;
      if (to === (from < capBit ? capBit : logRows)) return sums[from - first]!;
      const key = `${from} ${to}`;
      const known =
        segments.get(key) ??
        program.subtract(sums[from - first]!, program.multiply(sums[to - first]!, 2 ** (to - from)));
      segments.set(key, known);
      return known;
    },
    capOffset: logCap === 0 ? program.constant(0) : program.multiply(suffixes.get(capBit)![0]!, DIGEST_WORDS),
  };
}

/** y = w^rev(index), w of order 2^(number of bits): bit j, reversed, stands for the root of order 2^(j + 1). */
function queryPoint(program: ProgramBuilder, tables: readonly RootTable[], place: Place): Value {
  return tables
    .map((table) => lookUpRoots(program, table, place.segment(table.firstBit, table.firstBit + table.bits)))
    .reduce((product, factor) => program.multiply(product, factor));
}

/**
 * Hints the tree's leaf rows at the query's index and follows the path to the cap, whose digest must be what it leads to.
 * Returns the rows by log size.
 */
function openLeaves(
  program: ProgramBuilder,
  { number, tree, cap, leaves }: SharedTree,
  place: Place,
  indexBits: number,
): ReadonlyMap<number, Row> {
  const { word, capOffset } = place;
  const capRow =
    capOffset.kind === 'constant' ? cap : program.rowAt(program.add(program.addressOf(cap), capOffset));
  const opened = new Map<number, Row>();
  let node: Row | undefined;
  for (const [position, { logRows, blocks, initial }] of leaves.entries()) {
    const nextLogRows = leaves[position + 1]?.logRows ?? tree.logCap;
    const isCapLevel = logRows === tree.logCap;
    const rows = program.hintRows(HINT.leafRow, [number, logRows, word], blocks);
    opened.set(logRows, rows);
    const leaf = program.chain(initial, rows, blocks, isCapLevel && node === undefined ? capRow : undefined);
    if (node === undefined) node = leaf;
    else node = program.compress(node, leaf, isCapLevel ? capRow : undefined);
    if (isCapLevel) break;
    node = program.path(
      node,
      place.segment(indexBits - logRows, indexBits - nextLogRows),
      logRows - nextLogRows,
      { hint: HINT.siblings, inputs: [number, logRows, nextLogRows, word] },
      position === leaves.length - 1 ? capRow : undefined,
    );
  }
  return opened;
}

/** F = (V - R) / (zeta - x) + (V' - R') / (zeta * g - x), R the weighted rows at x = 3 * y. */
function deepCombination(
  program: ProgramBuilder,
  elements: ElementOperations,
  terms: HeightTerms,
  zeta: Element,
  point: Value,
  rows: readonly ReadonlyMap<number, Row>[],
): Element {
  const x = elements.fromValue(program.multiply(point, GENERATOR));
  // x lies in the base field and zeta does not, so no difference is zero.
  const current = elements.divide(
    elements.subtract(terms.values, weightedRows(program, elements, terms.runs, rows)),
    elements.subtract(zeta, x),
  );
  if (terms.nextRuns.length === 0) return current;
  const next = elements.divide(
    elements.subtract(terms.nextValues, weightedRows(program, elements, terms.nextRuns, rows)),
    elements.subtract(terms.nextZeta, x),
  );
  return elements.add(current, next);
}

/** How to evaluate the final polynomial at a base point: by rows of 8 coefficients, or one by one when it has fewer. */
function finalEvaluator(
  program: ProgramBuilder,
  elements: ElementOperations,
  coefficients: Row,
  logLength: number,
): (point: Value) => Element {
  const length = 2 ** logLength;
  if (length >= PACKED_ELEMENTS)
    return (point) => {
      const value = program.freshRows(1);
      program.extension.evaluatePacked(coefficients, point, length / PACKED_ELEMENTS, value);
      return elements.fromRow(value);
    };
  const terms = Array.from({ length }, (_, index) => elements.load(coefficients, index * DEGREE));
  for (const term of terms) term.row();
  return (point) => {
    let value = terms[length - 1]!;
    for (let index = length - 2; index >= 0; index--)
      value = elements.add(elements.multiplyByValue(value, point), terms[index]!);
    return value;
  };
}
