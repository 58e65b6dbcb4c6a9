/**
 * Rates of the stages of a proof between its commitments, by the calls that a proof makes, with the field multiplications and the
 * bytes that the shaders' text makes of one row. Words that a cache holds count as if they came from memory.
 */

import { createCodeword, type GpuCodeword, releaseCodeword } from '../kernels/codeword.ts';
import { deepCombination } from '../kernels/deep.ts';
import type { ComputeDevice } from '../kernels/device.ts';
import { expandPoseidon, poseidonColumns } from '../kernels/expand.ts';
import { foldCodeword } from '../kernels/fold.ts';
import { tablePrograms } from '../kernels/generate/tablePrograms.ts';
import { grindRounds } from '../kernels/grind.ts';
import { computeLogUp } from '../kernels/logUp.ts';
import { type GpuMatrix, releaseMatrix } from '../kernels/matrix.ts';
import { createOpenWeights, openColumns, releaseOpenWeights } from '../kernels/open.ts';
import { quotientOnCoset } from '../kernels/quotient.ts';
import { COLONNADE_MACHINE } from '../machine/system.ts';
import type { TableAir } from '../stark/air/air.ts';
import { logUpColumnCount } from '../stark/air/degree.ts';
import { DEGREE, type Extension } from '../stark/field/extension.ts';
import { timeDevice } from './deviceTimer.ts';
import { COMPRESS_MULTIPLICATIONS, uploadShape, withDevice } from './kernels.ts';
import {
  type Figure,
  type MeasurementOutcome,
  type MeasurementSettings,
  median,
  rateOf,
  sharesOf,
} from './measurement.ts';
import {
  domainPointProducts,
  fractionCost,
  PRODUCTS,
  type RowCost,
  sumOfCosts,
  tapeCost,
} from './products.ts';
import { spreadWords } from './words.ts';

/** Log rows of the tables, and of the matrices that are opened and combined. */
const LOG_ROWS = {
  quick: { table: 6, matrix: 6 },
  software: { table: 13, matrix: 16 },
  hardware: { table: 18, matrix: 20 },
} as const;
const GRIND_NONCES = { quick: 2 ** 10, software: 2 ** 17, hardware: 2 ** 24 } as const;
const COLUMNS = 64;
const LOG_ARITY = 3;
const POINT: Extension = [1, 2, 3, 4, 5];
const CHALLENGES = { alpha: POINT, beta: POINT };
const STATEMENT = new Uint32Array(8);
/** A table with many products and columns, and one with many interactions. */
const TABLES = ['hash', 'cpu'] as const;

type Measure = (
  name: string,
  unit: string,
  units: number,
  cost: RowCost,
  work: () => Promise<unknown>,
) => Promise<Figure>;

function tableOf(name: string): TableAir {
  const table = COLONNADE_MACHINE.tables.find((known) => known.name === name);
  if (!table) throw new RangeError(`the machine has no table ${name}`);
  return table;
}

/** Every stage that has no measurement of its own. */
export function measureStages({ scale, runs, roofs }: MeasurementSettings): Promise<MeasurementOutcome> {
  return withDevice(async (device) => {
    const measure: Measure = async (name, unit, units, cost, work) => {
      const seconds = await timeDevice(device, scale, runs, work);
      return rateOf(name, unit, units, seconds, sharesOf(roofs, units / median(seconds), cost));
    };
    const { table, matrix } = LOG_ROWS[scale];
    const figures: Figure[] = [await measureExpansion(device, measure, table)];
    for (const name of TABLES) figures.push(...(await measureTable(device, measure, tableOf(name), table)));
    figures.push(...(await measureOpening(device, measure, matrix)));
    figures.push(await measureFold(device, measure, matrix));
    figures.push(await measureGrind(device, measure, GRIND_NONCES[scale]));
    return { figures };
  });
}

/** The hash table's S-box columns from its lanes: a permutation a row, lanes and S-boxes copied to a tile and from it. */
async function measureExpansion(device: ComputeDevice, measure: Measure, logRows: number): Promise<Figure> {
  const table = tableOf('hash');
  const columns = table.mainColumns.length;
  const matrix = await uploadShape(device, { logRows, columns });
  const lanes = 16;
  const sboxes = COMPRESS_MULTIPLICATIONS / 2;
  const cost = { multiplications: COMPRESS_MULTIPLICATIONS, bytes: 12 * lanes + 12 * sboxes };
  const places = poseidonColumns(table);
  const figure = await measure(`expansion of hash, 2^${logRows}`, 'rows/s', matrix.rows, cost, () =>
    expandPoseidon(device, matrix, places),
  );
  releaseMatrix(device, matrix);
  return figure;
}

/** LogUp columns, and the quotient's values on the coset of twice the rows. */
async function measureTable(
  device: ComputeDevice,
  measure: Measure,
  table: TableAir,
  logRows: number,
): Promise<Figure[]> {
  const { interactions, constraints } = tablePrograms(table);
  const groups = Math.ceil(table.interactions.length / 2);
  const { extensionMultiply, extensionMultiplyBase, extensionInverse, fieldInverse } = PRODUCTS;
  const rows = 2 ** logRows;
  const upload = async (columns: number, log: number): Promise<GpuMatrix | undefined> =>
    columns === 0 ? undefined : await uploadShape(device, { logRows: log, columns });
  const matrices: (GpuMatrix | undefined)[] = [];
  const hold = (matrix: GpuMatrix | undefined): GpuMatrix | undefined => {
    matrices.push(matrix);
    return matrix;
  };

  const shareCost: RowCost = {
    multiplications: groups * 4 * extensionMultiply + extensionInverse,
    // Of every group the denominator is read twice, the numerator once, its place read once and written twice; then the sum.
    bytes: groups * 20 * 6 + 20,
  };
  const cellCost = (cells: number, written: number): RowCost => ({
    multiplications: 0,
    bytes: 8 * (cells + written),
  });
  // A prefix sum reads its words twice and writes them once.
  const scanCost: RowCost = { multiplications: 0, bytes: 12 * DEGREE };
  const main = hold(await upload(table.mainColumns.length, logRows))!;
  const fixed = hold(await upload(table.preprocessedColumns.length, logRows));
  const logUp = await measure(
    `LogUp of ${table.name}, 2^${logRows}`,
    'rows/s',
    rows,
    sumOfCosts(
      cellCost(interactions.cells.length, logUpColumnCount(table)),
      tapeCost(interactions),
      fractionCost(interactions),
      shareCost,
      scanCost,
    ),
    async () => {
      const { matrix } = await computeLogUp(device, {
        table,
        program: interactions,
        preprocessed: fixed,
        main,
        publicWords: STATEMENT,
        challenges: CHALLENGES,
      });
      releaseMatrix(device, matrix);
    },
  );

  const extended = {
    main: hold(await upload(table.mainColumns.length, logRows + 1))!,
    preprocessed: hold(await upload(table.preprocessedColumns.length, logRows + 1)),
    logUp: hold(await upload(logUpColumnCount(table), logRows + 1)),
  };
  const isNeedingSelectors = constraints.selectors.length > 0;
  const combineCost: RowCost = {
    multiplications:
      extensionMultiplyBase * (constraints.constraints.length + 1) +
      2 * extensionMultiply * groups +
      (isNeedingSelectors ? domainPointProducts(logRows + 1) + fieldInverse + 5 : 0),
    bytes: 4 * constraints.constraints.length + 60 * groups + 40 + 4 * constraints.selectors.length,
  };
  const logUpCells = logUpColumnCount(table) + (groups > 0 ? DEGREE : 0);
  const quotient = await measure(
    `quotient of ${table.name}, 2^${logRows + 1}`,
    'points/s',
    2 * rows,
    sumOfCosts(
      cellCost(constraints.cells.length + logUpCells, DEGREE),
      tapeCost(constraints),
      fractionCost(constraints),
      combineCost,
    ),
    async () =>
      releaseMatrix(
        device,
        await quotientOnCoset(device, table, constraints, logRows, extended, STATEMENT, {
          ...CHALLENGES,
          sum: POINT,
          lambda: POINT,
        }),
      ),
  );
  for (const matrix of matrices) if (matrix) releaseMatrix(device, matrix);
  return [logUp, quotient];
}

/** Weights of a point, openings of columns with them, and the DEEP combination of the same columns. */
async function measureOpening(device: ComputeDevice, measure: Measure, logRows: number): Promise<Figure[]> {
  const {
    extensionMultiply,
    extensionMultiplyBase,
    fieldInverse,
    linearInverseConjugates,
    linearInverseNorm,
  } = PRODUCTS;
  const matrix = await uploadShape(device, { logRows, columns: COLUMNS });
  const { rows } = matrix;
  const point = linearInverseNorm + linearInverseConjugates + domainPointProducts(logRows) + 1;
  const weightCost = { multiplications: point + fieldInverse + 1 + extensionMultiplyBase, bytes: 20 };
  const weightFigure = await measure(`weights, 2^${logRows}`, 'points/s', rows, weightCost, async () =>
    releaseOpenWeights(device, await createOpenWeights(device, logRows, POINT, 'extension')),
  );
  const weights = await createOpenWeights(device, logRows, POINT, 'extension');
  const open = await measure(
    `openings, 2^${logRows} x ${COLUMNS}`,
    'cells/s',
    rows * COLUMNS,
    { multiplications: extensionMultiplyBase, bytes: 4 + 20 },
    () => openColumns(device, weights, matrix, COLUMNS),
  );
  releaseOpenWeights(device, weights);
  const factors = Array.from({ length: COLUMNS }, () => POINT);
  const terms = { matrix, weights: factors, values: factors, nextWeights: [], nextValues: [] };
  const deep = await measure(
    `DEEP combination, 2^${logRows} x ${COLUMNS}`,
    'rows/s',
    rows,
    {
      multiplications:
        COLUMNS * extensionMultiplyBase + point + extensionMultiply + fieldInverse + extensionMultiplyBase,
      // A block of 8 columns reads and writes the sum.
      bytes: COLUMNS * 4 + 40 * (COLUMNS / 8) + 40,
    },
    async () => releaseCodeword(device, await deepCombination(device, logRows - 2, 2, POINT, [terms])),
  );
  releaseMatrix(device, matrix);
  return [weightFigure, open, deep];
}

/** A fold by 8 with a roll-in. */
async function measureFold(device: ComputeDevice, measure: Measure, logLength: number): Promise<Figure> {
  const { extensionMultiply, extensionMultiplyBase, extensionSquare } = PRODUCTS;
  const source = await codewordOf(device, 2 ** logLength);
  const length = 2 ** (logLength - LOG_ARITY);
  const rollIn = await codewordOf(device, length);
  const pairs = 2 ** LOG_ARITY - 1;
  const cost = {
    multiplications:
      domainPointProducts(logLength) +
      pairs * (1 + domainPointProducts(LOG_ARITY - 1) + extensionMultiplyBase + extensionMultiply) +
      LOG_ARITY * (extensionSquare + 1) +
      extensionMultiplyBase +
      extensionMultiply,
    bytes: 20 * (2 ** LOG_ARITY + 2),
  };
  const figure = await measure(`fold by 8 of 2^${logLength}`, 'positions/s', length, cost, async () =>
    releaseCodeword(device, await foldCodeword(device, source, LOG_ARITY, POINT, rollIn)),
  );
  releaseCodeword(device, source);
  releaseCodeword(device, rollIn);
  return figure;
}

async function codewordOf(device: ComputeDevice, length: number): Promise<GpuCodeword> {
  const codeword = await createCodeword(device, length, 'bench');
  const words = spreadWords(DEGREE * codeword.chunkLength);
  for (const chunk of codeword.chunks) await device.queue.write(chunk, 0, words);
  return codeword;
}

/** Nonces that do not fit: a state for which none has 31 zero bits, in the kernel of every site. */
async function measureGrind(device: ComputeDevice, measure: Measure, count: number): Promise<Figure> {
  const kernel = await device.pipelines.kernel({ shader: 'grind', workgroupSize: 64 });
  const least = await device.arena.acquire(4, 'least');
  await device.queue.write(least, 0, Uint32Array.of(0xffffffff));
  const header = spreadWords(10);
  const rounds = grindRounds(device);
  // The nonce and the hash cross to and from Montgomery form.
  const cost = { multiplications: COMPRESS_MULTIPLICATIONS + 1, bytes: 0 };
  const figure = await measure('proof of work', 'nonces/s', count, cost, () =>
    device.queue.dispatch({
      kernel,
      bindings: { least },
      params: { firstNonce: 0, mask: 0x7fffffff, rounds, header },
      count: count / rounds,
      work: rounds,
    }),
  );
  device.arena.release(least);
  return figure;
}
