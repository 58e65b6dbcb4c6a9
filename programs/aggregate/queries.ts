/**
 * Steps 7 to 10 of the verifier inside a guest program, query by query: the opened rows lead to the caps, their DEEP
 * combinations are what the first fold layer holds or what is rolled in, every layer holds what was folded, and the folds end
 * in the final polynomial.
 * Source: docs/spec/proof-system.md, sections 3, 8 and 9.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { GENERATOR, rootOfUnity } from '../../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { type OpenedTree, tallestLogRows } from '../../stark/merkleOpening.ts';
import { blocksOf } from '../../stark/proof/shape.ts';
import type { ChildShape } from './childShape.ts';
import { type HeightTerms, heightTerms, laneWeights, weightedRows } from './deep.ts';
import type { Element, ElementOperations } from './elements.ts';
import { foldCoset } from './fold.ts';
import { HINT } from './hintNames.ts';
import { canonicalBits, joinBits } from './transcript.ts';
import type { GuestChallenges, GuestProof } from './verifyChild.ts';

/** What all queries share about a tree. */
interface SharedTree {
  /** Number of the tree: the phases, then the fold layers. */
  readonly number: number;
  readonly tree: OpenedTree;
  readonly cap: Row;
  /** Per log size with leaves: how many blocks a leaf row has, and the state its chain starts from. */
  readonly leaves: ReadonlyMap<number, { readonly blocks: number; readonly initial: Row }>;
}

/** The place of a query. */
interface Place {
  /** The squeezed word, for hints. */
  readonly word: Value;
  /** Of the index, least significant first. */
  readonly bits: readonly Value[];
  /** Eight times each bit that a path below the cap uses. */
  readonly scaledBits: readonly Value[];
  /** Words from the start of a cap to the digest that the index leads to. */
  readonly capOffset: Value;
}

export function checkQueries(
  program: ProgramBuilder,
  elements: ElementOperations,
  child: ChildShape,
  proof: GuestProof,
  challenges: GuestChallenges,
): void {
  const { profile, shape, trees } = child;
  const { logBlowup, logCap } = profile;
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
  const lanes = laneWeights(elements, challenges.batch);
  const terms = heightTerms(elements, child, proof, challenges);
  // Entry k: beta^(2^k), up to the factor of what is rolled in.
  const betaPowers = challenges.folds.map((beta, layer) => {
    const powers = [beta];
    for (let power = 0; power < shape.folds[layer]!.logArity; power++)
      powers.push(elements.multiply(powers[power]!, powers[power]!));
    return powers;
  });

  program.repeat(profile.queries, { pointer: program.addressOf(challenges.queryWords) }, ({ pointer }) => {
    const place = queryPlace(program, program.load(pointer), trees.logRows, logCap);

    // Every opened row and coset is one that was committed to.
    const rows = phaseTrees.map((shared) => openLeaves(program, shared, place, trees.logRows));
    const cosets = foldTrees.map((shared) => openLeaves(program, shared, place, trees.logRows));

    // Entry k: the domain point y of the height whose index is the query's index >> k.
    const points = [queryPoint(program, place.bits)];
    while (points.length <= trees.logRows - profile.logFinalLength - logBlowup) {
      const last = points[points.length - 1]!;
      points.push(program.multiply(last, last));
    }
    const shiftOf = (logHeight: number): number => trees.logRows - logHeight - logBlowup;
    const pointAt = (logHeight: number): Value => points[shiftOf(logHeight)]!;

    // The DEEP combination of a height.
    const combinationAt = (logHeight: number): Element =>
      deepCombination(
        program,
        elements,
        terms.get(logHeight)!,
        lanes,
        challenges.zeta,
        pointAt(logHeight),
        rows,
      );

    // The folds.
    let logHeight = shape.distinctLogHeights[0]!;
    let carried = combinationAt(logHeight);
    for (const [layer, fold] of shape.folds.entries()) {
      const shift = shiftOf(fold.logHeight);
      const placeBits = place.bits.slice(shift, shift + fold.logArity);
      const coset = cosets[layer]!.get(fold.logHeight + logBlowup - fold.logArity)!;
      // The coset's own place must hold the value carried so far.
      const own = program.add(
        program.addressOf(coset),
        program.multiply(joinBits(program, placeBits), DEGREE),
      );
      for (const [word, value] of carried.entries()) program.store(own, word, value);
      carried = foldCoset(
        program,
        elements,
        coset,
        placeBits,
        program.divide(1, pointAt(fold.logHeight)),
        betaPowers[layer]!,
      );
      logHeight = fold.logHeight - fold.logArity;
      if (fold.rollsIn)
        carried = elements.add(
          carried,
          elements.multiply(betaPowers[layer]![fold.logArity]!, combinationAt(logHeight)),
        );
    }

    // The final polynomial, in y = x / 3.
    const point = pointAt(profile.logFinalLength);
    let value = elements.constant(0);
    for (let coefficient = 2 ** profile.logFinalLength - 1; coefficient >= 0; coefficient--)
      value = elements.add(
        elements.multiplyByValue(value, point),
        elements.load(proof.finalPolynomial, coefficient * DEGREE),
      );
    elements.assertEqual(value, carried);

    return { pointer: program.add(pointer, 1) };
  });
}

function shareTree(program: ProgramBuilder, number: number, tree: OpenedTree, cap: Row): SharedTree {
  const leaves = new Map<number, { blocks: number; initial: Row }>();
  for (const logRows of new Set(tree.matrices.map((matrix) => matrix.logRows))) {
    const blocks = tree.matrices
      .filter((matrix) => matrix.logRows === logRows)
      .reduce((sum, { columns }) => sum + blocksOf(columns), 0);
    const initial = program.row([tree.leafTag, logRows, blocks * DIGEST_WORDS]);
    leaves.set(logRows, { blocks, initial });
  }
  return { number, tree, cap, leaves };
}

/** The index is the low bits of the canonical word. */
function queryPlace(program: ProgramBuilder, word: Value, logRows: number, logCap: number): Place {
  const bits = canonicalBits(program, word).slice(0, logRows);
  const below = logRows - logCap;
  return {
    word,
    bits,
    scaledBits: bits.slice(0, below).map((bit) => program.multiply(bit, DIGEST_WORDS)),
    capOffset: program.multiply(joinBits(program, bits.slice(below)), DIGEST_WORDS),
  };
}

/** y = w^rev(index), w of order 2^(number of bits): bit j, reversed, stands for the root of order 2^(j + 1). */
function queryPoint(program: ProgramBuilder, bits: readonly Value[]): Value {
  return bits
    .map((bit, position) => selectRoot(program, bit, rootOfUnity(position + 1)))
    .reduce((product, factor) => program.multiply(product, factor));
}

/** bit ? root : 1 */
function selectRoot(program: ProgramBuilder, bit: Value, root: number): Value {
  return program.add(program.multiply(bit, root - 1), 1);
}

/**
 * Hints the tree's leaf rows at the query's index and follows the path to the cap, whose digest must be what it leads to.
 * Returns the rows by log size.
 */
function openLeaves(
  program: ProgramBuilder,
  { number, tree, cap, leaves }: SharedTree,
  { word, scaledBits, capOffset }: Place,
  indexBits: number,
): ReadonlyMap<number, Row> {
  const tallest = tallestLogRows(tree);
  const depth = tallest - tree.logCap;
  const capRow = program.rowAt(program.add(program.addressOf(cap), capOffset));
  // Node and sibling of each level, side by side: the bit decides which of them is left.
  const path = depth === 0 ? undefined : program.hintRows(HINT.path, [number, tallest, word], 2 * depth);
  const nodeAt = (level: number): Row =>
    path === undefined || level === depth ? capRow : program.rowAfter(path, 2 * level);

  const opened = new Map<number, Row>();
  function leafDigest(logRows: number, into?: Row): Row {
    const { blocks, initial } = leaves.get(logRows)!;
    const rows = program.hintRows(HINT.leafRow, [number, logRows, word], blocks);
    opened.set(logRows, rows);
    return program.chain(initial, rows, blocks, into);
  }

  leafDigest(tallest, nodeAt(0));
  for (let level = 0; level < depth; level++) {
    const offset = scaledBits[indexBits - tallest + level]!;
    const node = nodeAt(level);
    const sibling = program.rowAfter(node, 1);
    const left = program.rowAt(program.add(program.addressOf(node), offset));
    const right = program.rowAt(program.subtract(program.addressOf(sibling), offset));
    if (leaves.has(tallest - level - 1)) {
      const parent = program.compress(left, right);
      program.compress(parent, leafDigest(tallest - level - 1), nodeAt(level + 1));
    } else {
      program.compress(left, right, nodeAt(level + 1));
    }
  }
  return opened;
}

/** F = (V - R) / (zeta - x) + (V' - R') / (zeta * g - x), R the weighted rows at x = 3 * y. */
function deepCombination(
  program: ProgramBuilder,
  elements: ElementOperations,
  terms: HeightTerms,
  lanes: readonly Element[],
  zeta: Element,
  point: Value,
  rows: readonly ReadonlyMap<number, Row>[],
): Element {
  const x = program.multiply(point, GENERATOR);
  // x lies in the base field and zeta does not, so no difference is zero.
  const current = elements.divide(
    elements.subtract(terms.values, weightedRows(program, elements, terms.groups, lanes, rows)),
    elements.subtractValue(zeta, x),
  );
  if (terms.nextGroups.length === 0) return current;
  const next = elements.divide(
    elements.subtract(terms.nextValues, weightedRows(program, elements, terms.nextGroups, lanes, rows)),
    elements.subtractValue(terms.nextZeta, x),
  );
  return elements.add(current, next);
}
