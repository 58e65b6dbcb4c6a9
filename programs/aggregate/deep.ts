/**
 * The DEEP combinations inside a guest program: the weights of the opened functions, the weighted opened values of each
 * height, and the weighted rows of a query.
 * Source: docs/spec/proof-system.md, section 8.
 */
import type { Row } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { rootOfUnity } from '../../stark/field/koalaBear.ts';
import { BLOCK_WORDS, blocksOf } from '../../stark/proof/shape.ts';
import type { ChildShape } from './childShape.ts';
import type { Element, ElementOperations } from './elements.ts';
import type { GuestChallenges, GuestProof } from './verifyChild.ts';

/** Batching challenges that tell the lanes of a block apart; the others tell the blocks apart. */
const LANE_CHALLENGES = 3;

/** One block of a leaf row with its weight; of the last block of a matrix only the leading lanes are columns. */
interface WeightedBlock {
  readonly block: number;
  readonly lanes: number;
  readonly weight: Element;
}

/** The blocks of one tree's leaf row that are weighed. */
interface WeightedGroup {
  readonly tree: number;
  readonly logRows: number;
  readonly blocks: readonly WeightedBlock[];
}

export interface HeightTerms {
  readonly values: Element;
  readonly groups: readonly WeightedGroup[];
  readonly nextValues: Element;
  readonly nextGroups: readonly WeightedGroup[];
  readonly nextZeta: Element;
}

/** The first `count` weights: weight i is the product over the challenges of (bit j of i is 1 ? r_j : 1 - r_j). */
function tensor(elements: ElementOperations, challenges: readonly Element[], count: number): Element[] {
  let weights = [elements.constant(1)];
  for (const challenge of challenges) {
    const ones = weights.map((weight) => elements.multiply(weight, challenge));
    weights = [...weights.map((weight, index) => elements.subtract(weight, ones[index]!)), ...ones];
  }
  return weights.slice(0, count);
}

export function laneWeights(elements: ElementOperations, batch: readonly Element[]): Element[] {
  return tensor(elements, batch.slice(0, LANE_CHALLENGES), BLOCK_WORDS);
}

/** Sum of lane weight * value, as three rounds of v_0 + r * (v_1 - v_0); missing lanes are zero. */
function combineLanes(
  elements: ElementOperations,
  values: readonly Element[],
  batch: readonly Element[],
): Element {
  const zero = elements.constant(0);
  let current = Array.from({ length: BLOCK_WORDS }, (_, lane) => values[lane] ?? zero);
  for (const challenge of batch.slice(0, LANE_CHALLENGES))
    current = Array.from({ length: current.length / 2 }, (_, pair) => {
      const [even, odd] = [current[2 * pair]!, current[2 * pair + 1]!];
      return elements.add(even, elements.multiply(challenge, elements.subtract(odd, even)));
    });
  return current[0]!;
}

/** What the queries need of every height, by log height. */
export function heightTerms(
  elements: ElementOperations,
  { profile, shape, trees }: ChildShape,
  proof: GuestProof,
  challenges: GuestChallenges,
): Map<number, HeightTerms> {
  const { batch, zeta } = challenges;
  const weights = tensor(elements, batch.slice(LANE_CHALLENGES), shape.blockCount);

  /** The sum of weight * value over consecutive opened values, whose first block has the number `firstBlock`. */
  function weightedValues(firstOpening: number, count: number, firstBlock: number): Element {
    let sum = elements.constant(0);
    for (let first = 0; first < count; first += BLOCK_WORDS) {
      const values = Array.from({ length: Math.min(BLOCK_WORDS, count - first) }, (_, lane) =>
        elements.load(proof.openings, (firstOpening + first + lane) * DEGREE),
      );
      const combined = combineLanes(elements, values, batch);
      sum = elements.add(sum, elements.multiply(weights[firstBlock + first / BLOCK_WORDS]!, combined));
    }
    return sum;
  }

  function weightedBlocks(columns: number, firstBlock: number, firstBlockOfRow: number): WeightedBlock[] {
    return Array.from({ length: blocksOf(columns) }, (_, index) => ({
      block: firstBlockOfRow + index,
      lanes: Math.min(BLOCK_WORDS, columns - index * BLOCK_WORDS),
      weight: weights[firstBlock + index]!,
    }));
  }

  const phaseShapes = shape.trees.filter(({ matrices }) => matrices.length > 0);
  const terms = new Map<number, HeightTerms>();
  for (const logHeight of shape.distinctLogHeights) {
    const logRows = logHeight + profile.logBlowup;
    let values = elements.constant(0);
    let nextValues = elements.constant(0);
    const groups: WeightedGroup[] = [];
    const nextGroups: WeightedGroup[] = [];
    for (const tree of trees.phases.keys()) {
      const blocks: WeightedBlock[] = [];
      const nextBlocks: WeightedBlock[] = [];
      let blockOfRow = 0;
      for (const matrix of phaseShapes[tree]!.matrices) {
        if (matrix.logHeight !== logHeight) continue;
        const { firstOpening, columns, nextColumns, firstBlock } = matrix;
        const firstNextBlock = firstBlock + blocksOf(columns);
        values = elements.add(values, weightedValues(firstOpening, columns, firstBlock));
        nextValues = elements.add(
          nextValues,
          weightedValues(firstOpening + columns, nextColumns, firstNextBlock),
        );
        blocks.push(...weightedBlocks(columns, firstBlock, blockOfRow));
        nextBlocks.push(...weightedBlocks(nextColumns, firstNextBlock, blockOfRow));
        blockOfRow += blocksOf(columns);
      }
      if (blocks.length > 0) groups.push({ tree, logRows, blocks });
      if (nextBlocks.length > 0) nextGroups.push({ tree, logRows, blocks: nextBlocks });
    }
    const nextZeta = elements.multiplyByBase(zeta, rootOfUnity(logHeight));
    terms.set(logHeight, { values, groups, nextValues, nextGroups, nextZeta });
  }
  return terms;
}

/** The sum of weight * word over the blocks of a query's leaf rows; entry i of `rows` are those of tree i by log size. */
export function weightedRows(
  program: ProgramBuilder,
  elements: ElementOperations,
  groups: readonly WeightedGroup[],
  lanes: readonly Element[],
  rows: readonly ReadonlyMap<number, Row>[],
): Element {
  let sum = elements.constant(0);
  for (const { tree, logRows, blocks } of groups) {
    const row = rows[tree]!.get(logRows)!;
    for (const { block, lanes: laneCount, weight } of blocks) {
      let combined = elements.constant(0);
      for (let lane = 0; lane < laneCount; lane++)
        combined = elements.add(
          combined,
          elements.multiplyByValue(lanes[lane]!, program.load(row, block * BLOCK_WORDS + lane)),
        );
      sum = elements.add(sum, elements.multiply(weight, combined));
    }
  }
  return sum;
}
