/**
 * The partial rounds of Poseidon1-16 with one constant and one sparse matrix a round, derived from the dense form.
 * Appendix B of the Poseidon paper (ePrint 2019/458), with constants and dense factors pushed forwards instead of
 * backwards, so that nothing but the last round changes its shape.
 *
 * Let x be the state before the partial rounds, c_r the 16 constants of round r, S the cube of lane 0, M the MDS matrix:
 * the dense form is x <- M * S(x + c_r).
 *
 * Constants. S leaves lanes 1..15 alone, so what c_r adds to them may be added after S, and behind M it is the vector
 * M * (0, c_r[1..15]), which joins c_(r+1). Each round keeps the constant of lane 0; what is left after the last one joins
 * the constants of the next full round.
 *
 * Matrices. A = [[m, v], [w, B]] with B of 15 x 15 is D * U with D = [[1, 0], [0, B]] and U = [[m, v], [B^-1 * w, I]]. D
 * fixes lane 0 and is linear on the others, so it passes through the next round's constant and S: that round's matrix is
 * M * D instead of M. The last round keeps its product whole.
 *
 * The recurrence, for r = 0..19, u being the 16 lanes:
 *   s = (u[0] + LANE_CONSTANTS[r])^3
 *   r < 19: u[0] <- FIRST_ENTRY * s + sum over i of FIRST_ROWS[r][i] * u[i + 1];
 *           u[i + 1] <- u[i + 1] + FIRST_COLUMNS[r][i] * s, with the sum over the old lanes
 *   r = 19: u <- LAST_MATRIX * (s, u[1..15])
 * and then the next full round adds FOLLOWING_CONSTANTS instead of its own. All words are canonical.
 * Source: docs/spec/proof-system.md, section 2.
 */
import { add, inverse, multiply, negate } from '../field/koalaBear.ts';
import { FULL_ROUNDS, MDS_FIRST_ROW, PARTIAL_ROUNDS, ROUND_CONSTANTS, WIDTH } from './poseidonConstants.ts';

/** Lanes without an S-box. */
export const LINEAR_LANES = WIDTH - 1;

/** Row-major square matrix of canonical words, as rows. */
type Rows = readonly Uint32Array[];

function multiplyVector(matrix: Rows, vector: ArrayLike<number>): Uint32Array {
  return Uint32Array.from(matrix, (row) =>
    row.reduce((sum, entry, column) => add(sum, multiply(entry, vector[column]!)), 0),
  );
}

function multiplyMatrices(left: Rows, right: Rows): Uint32Array[] {
  const columns = right.map((_, column) => right.map((row) => row[column]!));
  return left.map((row) =>
    multiplyVector(
      columns.map((column) => Uint32Array.from(column)),
      row,
    ),
  );
}

/** matrix^-1 * vector by elimination with row exchanges. Throws: RangeError when the matrix is singular. */
function solve(matrix: Rows, vector: ArrayLike<number>): Uint32Array {
  const rows = matrix.map((row, index) => Uint32Array.of(...row, vector[index]!));
  const size = rows.length;
  for (let column = 0; column < size; column++) {
    const pivot = rows.findIndex((row, index) => index >= column && row[column] !== 0);
    if (pivot < 0) throw new RangeError('the linear layer has no sparse form: a minor is singular');
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    const pivotRow = rows[column]!;
    const scale = inverse(pivotRow[column]!);
    for (let entry = 0; entry <= size; entry++) pivotRow[entry] = multiply(pivotRow[entry]!, scale);
    for (const [index, row] of rows.entries()) {
      const factor = negate(row[column]!);
      if (index === column || factor === 0) continue;
      for (let entry = 0; entry <= size; entry++)
        row[entry] = add(row[entry]!, multiply(factor, pivotRow[entry]!));
    }
  }
  return Uint32Array.from(rows, (row) => row[size]!);
}

/** The MDS matrix as rows: entry (i, j) is MDS_FIRST_ROW[(j - i) mod 16]. */
export const MDS_MATRIX: Rows = Array.from({ length: WIDTH }, (_, row) =>
  Uint32Array.from({ length: WIDTH }, (_unused, column) => MDS_FIRST_ROW[(column - row + WIDTH) % WIDTH]!),
);

function deriveConstants(): { laneConstants: Uint32Array; followingConstants: Uint32Array } {
  const firstPartialRound = FULL_ROUNDS / 2;
  const laneConstants = new Uint32Array(PARTIAL_ROUNDS);
  let carried: Uint32Array = new Uint32Array(WIDTH);
  for (let round = 0; round <= PARTIAL_ROUNDS; round++) {
    const start = (firstPartialRound + round) * WIDTH;
    const constants = carried.map((value, lane) => add(value, ROUND_CONSTANTS[start + lane]!));
    if (round === PARTIAL_ROUNDS) return { laneConstants, followingConstants: constants };
    laneConstants[round] = constants[0]!;
    constants[0] = 0;
    carried = multiplyVector(MDS_MATRIX, constants);
  }
  throw new Error('unreachable');
}

function deriveMatrices(): { firstRows: Uint32Array[]; firstColumns: Uint32Array[]; lastMatrix: Rows } {
  const firstRows: Uint32Array[] = [];
  const firstColumns: Uint32Array[] = [];
  let matrix: Rows = MDS_MATRIX;
  for (let round = 0; round < PARTIAL_ROUNDS - 1; round++) {
    const lower = matrix.slice(1);
    const minor = lower.map((row) => row.slice(1));
    firstRows.push(matrix[0]!.slice(1));
    firstColumns.push(
      solve(
        minor,
        lower.map((row) => row[0]!),
      ),
    );
    const dense = [
      Uint32Array.from({ length: WIDTH }, (_, column) => (column === 0 ? 1 : 0)),
      ...minor.map((row) => Uint32Array.of(0, ...row)),
    ];
    matrix = multiplyMatrices(MDS_MATRIX, dense);
  }
  return { firstRows, firstColumns, lastMatrix: matrix };
}

const { laneConstants, followingConstants } = deriveConstants();
const { firstRows, firstColumns, lastMatrix } = deriveMatrices();

/** Added to lane 0 before the S-box of each of the 20 partial rounds. */
export const LANE_CONSTANTS: Uint32Array = laneConstants;
/** Entry (0, 0) of every sparse matrix; the same in all rounds, since D fixes column 0. */
export const FIRST_ENTRY: number = MDS_FIRST_ROW[0]!;
/** Of each of the first 19 partial rounds: 15 factors of lanes 1..15 in the new lane 0. */
export const FIRST_ROWS: Rows = firstRows;
/** Of each of the first 19 partial rounds: 15 factors of the S-box output in the new lanes 1..15. */
export const FIRST_COLUMNS: Rows = firstColumns;
/** The dense 16 x 16 matrix of the last partial round. */
export const LAST_MATRIX: Rows = lastMatrix;
/** The 16 constants of the full round that follows the partial rounds, in place of its own. */
export const FOLLOWING_CONSTANTS: Uint32Array = followingConstants;
