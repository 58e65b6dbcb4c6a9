/**
 * Step 6 of the verifier inside a guest program, table by table, and what the queries need of each table. One function a
 * table, which every profile shares: it asserts that the constraints at zeta equal the quotient there, adds the weighted
 * opened values to those of the table's height, and copies the weights of its blocks to where its rows will be weighed. The
 * constraints are those of the AIR graphs, emitted by the evaluator that the native verifier uses.
 * Source: docs/spec/proof-system.md, sections 5 to 8.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { STATEMENT_WORDS } from '../../stark/air/air.ts';
import { evaluateConstraints, quotientAtPoint } from '../../stark/air/verifierEvaluation.ts';
import { BLOCK_WORDS, blocksOf, type Phase, type SystemMatrix } from '../../stark/proof/shape.ts';
import type { SharedConstants } from './constants.ts';
import { type Element, type ElementOperations, elementOperations } from './elements.ts';
import { HEIGHT } from './heights.ts';
import { LANE_CHALLENGES, nextBlocksOf, type SystemLayout } from './layout.ts';

/** Elements that one call unpacks. */
const PACKED_ELEMENTS = 8;
const PACKED_ROWS = 5;

/** Rows that hold a matrix's opened values packed, up to the last that one call unpacks. */
export function openingRows({ columns, nextColumns }: SystemMatrix): number {
  return Math.ceil((columns + nextColumns) / PACKED_ELEMENTS) * PACKED_ROWS;
}

/** Words of a domain row: N, 1/N, 1/g, and the address of zeta^N. */
export const DOMAIN = { height: 0, inverseHeight: 1, inverseGenerator: 2, zetaToHeight: 3 } as const;

/** What the tables of one child have in common. */
export type TableContext = {
  readonly statement: Row;
  readonly alpha: Row;
  readonly beta: Row;
  readonly lambda: Row;
  readonly zeta: Row;
  /** One a block, by its number; the weights of the 8 lanes; r_0, r_1, r_2 packed. */
  readonly weights: Row;
  readonly lanes: Row;
  readonly laneChallenges: Row;
};

/** What is a table's own. */
export type TableArguments = {
  /** Opened values of the matrix of each phase, packed; any row where the table has none. */
  readonly preprocessed: Row;
  readonly main: Row;
  readonly logUp: Row;
  readonly quotient: Row;
  /** The table's LogUp sum; any row when it has none. */
  readonly sum: Row;
  /** Of its height. */
  readonly record: Row;
  readonly tallyBefore: Row;
  readonly tallyAfter: Row;
};

export type CheckTable = (given: TableContext & TableArguments) => void;

/** The functions of the system's tables, by slot. */
export function defineTableChecks(
  program: ProgramBuilder,
  shared: SharedConstants,
  layout: SystemLayout,
): CheckTable[] {
  const row = 'row' as const;
  return layout.system.tables.map(({ name }, slot) => {
    const check = program.define(
      `table ${name}`,
      {
        statement: row,
        alpha: row,
        beta: row,
        lambda: row,
        zeta: row,
        weights: row,
        lanes: row,
        laneChallenges: row,
        preprocessed: row,
        main: row,
        logUp: row,
        quotient: row,
        sum: row,
        record: row,
        tallyBefore: row,
        tallyAfter: row,
      },
      {},
      (given) => {
        checkTable(program, shared, layout, slot, given);
        return {};
      },
    );
    return check;
  });
}

function checkTable(
  program: ProgramBuilder,
  shared: SharedConstants,
  { system, phases }: SystemLayout,
  slot: number,
  given: TableContext & TableArguments,
): void {
  const table = system.tables[slot]!;
  const elements = elementOperations(program, shared);
  const element = elements.fromRow;
  const matrixOf = (phase: Phase): SystemMatrix | undefined =>
    phases.find((each) => each.phase === phase)?.matrices.find((matrix) => matrix.slot === slot);
  const opened = new Map(
    phases.map(
      ({ phase }) => [phase, openedValues(program, elements, matrixOf(phase), given[phase])] as const,
    ),
  );
  const openedIn = (phase: Phase): Opened => opened.get(phase) ?? { current: [], next: [] };

  // The constraints.
  const domain = program.load(given.record, HEIGHT.domain);
  const domainWord = (word: number): Element => elements.fromValue(program.load(domain, word));
  const pointToHeight = element(program.rowAt(program.load(domain, DOMAIN.zetaToHeight)));
  const combined = evaluateConstraints(
    elements,
    table,
    {
      height: domainWord(DOMAIN.height),
      inverseHeight: domainWord(DOMAIN.inverseHeight),
      inverseGenerator: domainWord(DOMAIN.inverseGenerator),
      pointToHeight,
    },
    {
      preprocessed: openedIn('preprocessed').current,
      preprocessedNext: openedIn('preprocessed').next,
      main: openedIn('main').current,
      mainNext: openedIn('main').next,
      logUp: openedIn('logUp').current,
      logUpNext: openedIn('logUp').next,
    },
    Array.from({ length: STATEMENT_WORDS }, (_, word) =>
      lazily(() => program.load(given.statement, word), elements),
    ),
    { alpha: element(given.alpha), beta: element(given.beta) },
    table.interactions.length > 0 ? element(given.sum) : elements.constant(0),
    element(given.zeta),
    element(given.lambda),
  );
  elements.assertEqual(combined, quotientAtPoint(elements, openedIn('quotient').current, pointToHeight));

  // The weighted opened values.
  const lanes = Array.from({ length: BLOCK_WORDS }, (_, lane) =>
    element(program.rowAfter(given.lanes, lane)),
  );
  const blockWeight = (block: number): Row => program.rowAfter(given.weights, block);
  const sumAfter = (row: number): Element =>
    element(program.rowAt(program.add(program.addressOf(given.tallyBefore), BLOCK_WORDS * row)));
  let values = sumAfter(1);
  let nextValues = sumAfter(2);
  for (const { phase } of phases) {
    const matrix = matrixOf(phase);
    if (matrix === undefined) continue;
    const { current, next } = openedIn(phase);
    values = addWeighted(elements, values, current, lanes, (block) => blockWeight(matrix.firstBlock + block));
    nextValues = addWeighted(elements, nextValues, next, lanes, (block) =>
      blockWeight(matrix.firstBlock + blocksOf(matrix.columns) + block),
    );
  }
  for (const [row, sum] of [
    [1, values],
    [2, nextValues],
  ] as const) {
    const into = program.rowAt(program.add(program.addressOf(given.tallyAfter), BLOCK_WORDS * row));
    const join = sum.pending();
    if (join) sum.settle(into);
    else program.extension.relateScaled(sum.row(), 1, shared.zeros, into);
  }

  // The weights of the table's blocks, where its rows will be weighed.
  const copy = (block: number, into: Row): void => {
    program.extension.relateScaled(blockWeight(block), 1, shared.zeros, into);
    program.extension.setWeightChallenges(into, given.laneChallenges);
  };
  for (const { phase, number, hasNext } of phases) {
    const matrix = matrixOf(phase);
    if (matrix === undefined) continue;
    const nextBlocks = nextBlocksOf(matrix);
    const runs = [
      { field: HEIGHT.firstWeights, counter: 2 * number, first: matrix.firstBlock, count: nextBlocks },
      {
        field: HEIGHT.otherWeights,
        counter: 2 * number + 1,
        first: matrix.firstBlock + nextBlocks,
        count: blocksOf(matrix.columns) - nextBlocks,
      },
      {
        field: HEIGHT.nextWeights,
        counter: 2 * number,
        first: matrix.firstBlock + blocksOf(matrix.columns),
        count: hasNext ? nextBlocks : 0,
      },
    ];
    for (const { field, counter, first, count } of runs) {
      if (count === 0) continue;
      const start = program.rowAt(program.load(given.record, field + number));
      const into = program.rowAfter(start, program.load(given.tallyBefore, counter));
      for (let block = 0; block < count; block++) copy(first + block, program.rowAfter(into, block));
    }
  }
}

interface Opened {
  readonly current: readonly Element[];
  readonly next: readonly Element[];
}

/** An element of the base field that is loaded when it is first used. */
function lazily(load: () => Value, elements: ElementOperations): Element {
  let known: Element | undefined;
  const get = (): Element => {
    known ??= elements.fromValue(load());
    return known;
  };
  return {
    words: () => get().words(),
    row: () => get().row(),
    settle: (into) => get().settle(into),
    pending: () => undefined,
    get base() {
      return get().base;
    },
  };
}

/** The packed values of a matrix as elements in rows of their own. */
function openedValues(
  program: ProgramBuilder,
  elements: ElementOperations,
  matrix: SystemMatrix | undefined,
  packed: Row,
): Opened {
  if (matrix === undefined) return { current: [], next: [] };
  const count = matrix.columns + matrix.nextColumns;
  const rows = program.freshRows(Math.ceil(count / PACKED_ELEMENTS) * PACKED_ELEMENTS);
  for (let first = 0; first < count; first += PACKED_ELEMENTS)
    program.extension.unpackElements(
      program.rowAfter(packed, (first / PACKED_ELEMENTS) * PACKED_ROWS),
      program.rowAfter(rows, first),
    );
  const values = Array.from({ length: count }, (_, index) => elements.fromRow(program.rowAfter(rows, index)));
  return { current: values.slice(0, matrix.columns), next: values.slice(matrix.columns) };
}

/** sum + the sum over blocks of weight * (lane weights . values). */
function addWeighted(
  elements: ElementOperations,
  sum: Element,
  values: readonly Element[],
  lanes: readonly Element[],
  weightOf: (block: number) => Row,
): Element {
  let total = sum;
  for (let first = 0; first < values.length; first += BLOCK_WORDS) {
    const combined = values
      .slice(first, first + BLOCK_WORDS)
      .reduce(
        (partial, value, lane) => elements.add(elements.multiply(lanes[lane]!, value), partial),
        elements.constant(0),
      );
    const weight = elements.fromRow(weightOf(first / BLOCK_WORDS));
    total = elements.add(elements.multiply(weight, combined), total);
  }
  return total;
}

/** The weights of a child's opened functions. */
export type BatchWeights = Pick<TableContext, 'weights' | 'lanes' | 'laneChallenges'>;

/**
 * The function that makes the weights from the batching challenges, in consecutive rows: weight i is the product over the
 * challenges of (bit j of i is 1 ? r_j : 1 - r_j), lanes are the low bits of i, blocks the others.
 */
export function defineBatchWeights(
  program: ProgramBuilder,
  shared: SharedConstants,
  { blockCount, batchChallenges }: SystemLayout,
): (given: { readonly challenges: Row }) => BatchWeights {
  return program.define(
    'batching weights',
    { challenges: 'row' },
    { weights: 'row', lanes: 'row', laneChallenges: 'row' },
    ({ challenges }) => {
      const elements = elementOperations(program, shared);
      const batch = Array.from({ length: batchChallenges }, (_, index) =>
        elements.fromRow(program.rowAfter(challenges, index)),
      );
      const lanes = tensor(program, elements, batch.slice(0, LANE_CHALLENGES), BLOCK_WORDS);
      const weights = tensor(program, elements, batch.slice(LANE_CHALLENGES), blockCount);
      const words = batch.slice(0, LANE_CHALLENGES).flatMap((challenge) => challenge.words());
      const laneChallenges = program.freshRows(blocksOf(words.length + 1));
      for (const [word, value] of [...words, program.constant(0)].entries())
        program.store(laneChallenges, word, value);
      return { weights, lanes, laneChallenges };
    },
  );
}

/** The first `count` weights of the tensor, in consecutive rows. */
function tensor(
  program: ProgramBuilder,
  elements: ElementOperations,
  challenges: readonly Element[],
  count: number,
): Row {
  const rows = program.freshRows(count);
  let weights = [elements.constant(1)];
  for (const [position, challenge] of challenges.entries()) {
    const complement = elements.subtract(elements.constant(1), challenge);
    const isLast = position === challenges.length - 1;
    const products = [complement, challenge].flatMap((factor) =>
      weights.map((weight) => elements.multiply(weight, factor)),
    );
    weights = products.slice(0, count);
    if (isLast) for (const [index, weight] of weights.entries()) weight.settle(program.rowAfter(rows, index));
  }
  return rows;
}
