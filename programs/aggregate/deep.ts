/**
 * The DEEP combinations inside a guest program: the weights of the opened functions, the weighted opened values of each
 * height, and the weighted rows of a query. A block's weight stands in a row of its own, in the order in which the blocks of
 * leaf rows are weighed, so that one call weighs a run of them.
 * Source: docs/spec/proof-system.md, section 8.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { rootOfUnity } from '../../stark/field/koalaBear.ts';
import { BLOCK_WORDS, blocksOf, type MatrixShape } from '../../stark/proof/shape.ts';
import type { ChildShape } from './childShape.ts';
import type { Element, ElementOperations } from './elements.ts';
import type { GuestChallenges } from './verifyChild.ts';

/** Batching challenges that tell the lanes of a block apart; the others tell the blocks apart. */
const LANE_CHALLENGES = 3;

/** Consecutive blocks of one tree's leaf row with consecutive weights. */
interface WeightedRun {
  readonly tree: number;
  readonly logRows: number;
  /** First block of the leaf row. */
  readonly firstBlock: number;
  readonly count: number;
  readonly firstWeight: Row;
}

export interface HeightTerms {
  /** The weighted opened values at zeta, and at zeta * g; in rows. */
  readonly values: Element;
  readonly nextValues: Element;
  readonly runs: readonly WeightedRun[];
  readonly nextRuns: readonly WeightedRun[];
  readonly nextZeta: Element;
}

/** A matrix and where its blocks stand in the leaf row of its tree and height. */
interface PlacedMatrix {
  readonly tree: number;
  readonly matrix: MatrixShape;
  readonly firstBlockOfRow: number;
}

function placeMatrices({ shape }: ChildShape): PlacedMatrix[] {
  return shape.trees
    .filter(({ matrices }) => matrices.length > 0)
    .flatMap(({ matrices }, tree) => {
      const blocksAt = new Map<number, number>();
      return matrices.map((matrix) => {
        const firstBlockOfRow = blocksAt.get(matrix.logHeight) ?? 0;
        blocksAt.set(matrix.logHeight, firstBlockOfRow + blocksOf(matrix.columns));
        return { tree, matrix, firstBlockOfRow };
      });
    });
}

/** Weight i is the product over the challenges of (bit j of i is 1 ? r_j : 1 - r_j); the first `count` of them. */
function tensor(elements: ElementOperations, challenges: readonly Element[], count: number): Element[] {
  let weights = [elements.constant(1)];
  for (const challenge of challenges) {
    const ones = weights.map((weight) => elements.multiply(weight, challenge));
    weights = [...weights.map((weight, index) => elements.subtract(weight, ones[index]!)), ...ones];
  }
  return weights.slice(0, count);
}

/** What the queries need of every height, by log height. */
export function heightTerms(
  program: ProgramBuilder,
  elements: ElementOperations,
  child: ChildShape,
  openings: readonly Element[],
  { batch, zeta }: GuestChallenges,
): Map<number, HeightTerms> {
  const { shape, profile } = child;
  const matrices = placeMatrices(child);
  const laneWeights = tensor(elements, batch.slice(0, LANE_CHALLENGES), BLOCK_WORDS);

  // The order of the weights in memory: by height and tree, the blocks at zeta, then those at zeta * g.
  const runs = new Map<number, WeightedRun[]>();
  const nextRuns = new Map<number, WeightedRun[]>();
  const weightRows = program.freshRows(shape.blockCount);
  const placeOfBlock = new Map<number, number>();
  function addRun(
    target: Map<number, WeightedRun[]>,
    { tree, matrix, firstBlockOfRow }: PlacedMatrix,
    firstBlock: number,
    count: number,
  ): void {
    if (count === 0) return;
    const place = placeOfBlock.size;
    for (let block = 0; block < count; block++) placeOfBlock.set(firstBlock + block, place + block);
    const known = target.get(matrix.logHeight) ?? [];
    target.set(matrix.logHeight, known);
    const last = known.at(-1);
    if (last?.tree === tree && last.firstBlock + last.count === firstBlockOfRow)
      known[known.length - 1] = { ...last, count: last.count + count };
    else
      known.push({
        tree,
        logRows: matrix.logHeight + profile.logBlowup,
        firstBlock: firstBlockOfRow,
        count,
        firstWeight: program.rowAfter(weightRows, place),
      });
  }
  for (const logHeight of shape.distinctLogHeights) {
    const here = matrices.filter(({ matrix }) => matrix.logHeight === logHeight);
    for (const each of here) addRun(runs, each, each.matrix.firstBlock, blocksOf(each.matrix.columns));
    for (const each of here)
      addRun(
        nextRuns,
        each,
        each.matrix.firstBlock + blocksOf(each.matrix.columns),
        blocksOf(each.matrix.nextColumns),
      );
  }
  const weights = tensor(elements, batch.slice(LANE_CHALLENGES), shape.blockCount);
  const laneChallenges = packWords(
    program,
    batch.slice(0, LANE_CHALLENGES).flatMap((challenge) => challenge.words()),
  );
  for (const [block, weight] of weights.entries()) {
    const row = program.rowAfter(weightRows, placeOfBlock.get(block)!);
    weight.settle(row);
    program.extension.setWeightChallenges(row, laneChallenges);
  }

  return new Map(
    shape.distinctLogHeights.map((logHeight) => {
      let values = elements.constant(0);
      let nextValues = elements.constant(0);
      for (const { matrix } of matrices.filter(({ matrix }) => matrix.logHeight === logHeight)) {
        const { firstOpening, columns, nextColumns, firstBlock } = matrix;
        values = addValues(values, firstOpening, columns, firstBlock);
        nextValues = addValues(
          nextValues,
          firstOpening + columns,
          nextColumns,
          firstBlock + blocksOf(columns),
        );
      }
      const nextZeta = elements.multiplyByBase(zeta, rootOfUnity(logHeight));
      for (const element of [values, nextValues, nextZeta]) element.row();
      return [
        logHeight,
        {
          values,
          nextValues,
          runs: runs.get(logHeight) ?? [],
          nextRuns: nextRuns.get(logHeight) ?? [],
          nextZeta,
        },
      ];
    }),
  );

  /** sum + the weighted sum of consecutive opened values, whose first block has the number `firstBlock`. */
  function addValues(sum: Element, firstOpening: number, count: number, firstBlock: number): Element {
    let total = sum;
    for (let first = 0; first < count; first += BLOCK_WORDS) {
      let combined = elements.constant(0);
      for (let lane = 0; lane < Math.min(BLOCK_WORDS, count - first); lane++) {
        const value = openings[firstOpening + first + lane]!;
        combined = elements.add(elements.multiply(laneWeights[lane]!, value), combined);
      }
      total = elements.add(elements.multiply(weights[firstBlock + first / BLOCK_WORDS]!, combined), total);
    }
    return total;
  }
}

/** The words in consecutive rows; what remains of the last row is left open. */
function packWords(program: ProgramBuilder, words: readonly Value[]): Row {
  const rows = program.freshRows(blocksOf(words.length));
  for (const [word, value] of words.entries()) program.store(rows, word, value);
  return rows;
}

/** The sum of weight * word over runs of blocks of a query's leaf rows; entry i of `rows` are those of tree i by log size. */
export function weightedRows(
  program: ProgramBuilder,
  elements: ElementOperations,
  runs: readonly WeightedRun[],
  rows: readonly ReadonlyMap<number, Row>[],
): Element {
  return runs
    .map(({ tree, logRows, firstBlock, count, firstWeight }) => {
      const sum = program.freshRows(1);
      const firstRow = program.rowAfter(rows[tree]!.get(logRows)!, firstBlock);
      program.extension.weightedRows(firstRow, firstWeight, count, sum);
      return elements.fromRow(sum);
    })
    .reduce(elements.add);
}
