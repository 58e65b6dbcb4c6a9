/**
 * Runs every kernel of a proof once on a few rows, so that drivers that translate a shader at its first dispatch do it
 * before the first job, and so that the queue knows every kernel's speed. The words are arbitrary: nothing is proved.
 */
import type { TableAir } from '../stark/air/air.ts';
import type { Backend, BackendCodeword, BackendMatrix, BackendTree } from '../stark/backend.ts';
import { type Extension, ZERO } from '../stark/field/extension.ts';
import { LEAF_TAG } from '../stark/proof/shape.ts';
import { LABEL } from '../stark/transcript.ts';

/**
 * One tile of a transform, and more than one, so that both of its forms run; with their cosets and the matrix of 2^4 rows also
 * passes in registers of every number of stages that greater heights need, in every place.
 */
const LOG_HEIGHTS = [5, 12];
const LOG_BLOWUP = 1;
const LOG_CAP = 0;
const POINT: Extension = [1, 2, 3, 4, 5];
const CHALLENGES = { alpha: POINT, beta: POINT };
const STATEMENT = new Uint32Array(8);

/** Every step of a proof for every table, on a backend that holds nothing else. */
export async function warmUp(backend: Backend, tables: readonly TableAir[]): Promise<void> {
  const handles: (BackendMatrix | BackendTree | BackendCodeword)[] = [];
  const keep = <Handle extends BackendMatrix | BackendTree | BackendCodeword>(handle: Handle): Handle => {
    handles.push(handle);
    return handle;
  };
  const commit = async (matrices: readonly BackendMatrix[]): Promise<BackendTree> =>
    keep(
      await backend.commit(
        matrices.map((matrix) => ({ matrix, nextColumns: 0 })),
        LEAF_TAG.main,
        LOG_BLOWUP,
        LOG_CAP,
      ),
    );
  try {
    for (const [position, table] of tables.entries()) {
      const logHeight = LOG_HEIGHTS[position === 0 ? 1 : 0] ?? 0;
      const zeros = (count: number): Uint32Array[] =>
        Array.from({ length: count }, () => new Uint32Array(2 ** logHeight));
      const main = keep(
        await backend.loadTrace(table, { logHeight, columns: zeros(table.mainColumns.length) }),
      );
      const preprocessed =
        table.preprocessedColumns.length > 0
          ? keep(await backend.loadColumns(logHeight, zeros(table.preprocessedColumns.length)))
          : undefined;
      await commit(preprocessed ? [main, preprocessed] : [main]);
      const logUp =
        table.interactions.length > 0
          ? keep((await backend.logUp(table, preprocessed, main, STATEMENT, CHALLENGES)).matrix)
          : undefined;
      if (logUp) await commit([logUp]);
      const quotient = keep(
        await backend.quotient(table, preprocessed, main, logUp, STATEMENT, CHALLENGES, ZERO, POINT),
      );
      // The rest does not depend on the table.
      if (position > 0) continue;
      const small = keep(await backend.loadColumns(4, [new Uint32Array(16)]));
      const tree = await commit([quotient, small]);
      const values = await backend.open(quotient, POINT, quotient.columns);
      const nextValues = values.slice(0, 8);
      let codeword = keep(
        await backend.deep(logHeight, LOG_BLOWUP, POINT, [
          { matrix: quotient, weights: values, values, nextWeights: nextValues, nextValues },
        ]),
      );
      for (const logArity of [3, 2, 1]) {
        const foldTree = keep(await backend.commitCodeword(codeword, logArity, LEAF_TAG.fold, LOG_CAP));
        await backend.query(foldTree, { rows: [[0]], nodes: [{ level: 0, index: 1 }] });
        const folded = keep(await backend.fold(codeword, logArity, POINT, undefined));
        codeword = keep(await backend.fold(codeword, logArity, POINT, folded));
      }
      await backend.readCodeword(codeword);
      await backend.query(tree, { rows: [[0], [0]], nodes: [{ level: 0, index: 1 }] });
      await backend.grind(STATEMENT, LABEL.QUERY_GRIND, 8);
    }
  } finally {
    for (const handle of handles) backend.release(handle);
  }
}
