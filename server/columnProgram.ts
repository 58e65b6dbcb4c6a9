/** The column program as the service offers it. */
import type { Program } from '../machine/program.ts';
import { ColumnError } from '../programs/column/errors.ts';
import { executeColumn } from '../programs/column/execute.ts';
import { columnHints } from '../programs/column/hints.ts';
import type { ColumnInput } from '../programs/column/input.ts';
import { buildColumnProgram } from '../programs/column/program.ts';
import { type ColumnStatement, columnStatementDigest } from '../programs/column/statement.ts';
import { columnInputsSchema } from './api/columnInputs.ts';
import { InputsRefused, type ServedProgram } from './programs.ts';

let built: Program | undefined;

/** Throws: InputsRefused. */
function statementFor(inputs: unknown): ColumnStatement {
  try {
    return executeColumn(inputs as ColumnInput);
  } catch (error) {
    if (!(error instanceof ColumnError)) throw error;
    throw new InputsRefused(error.message, error.code === 'TOO_MANY_TRANSFERS', {
      columnError: error.code,
      ...error.details,
    });
  }
}

export const COLUMN_PROGRAM: ServedProgram = {
  name: 'column',
  inputs: columnInputsSchema,
  statementOf: (inputs) => columnStatementDigest(statementFor(inputs)),
  program() {
    built ??= buildColumnProgram();
    return built;
  },
  hintsOf: (inputs) => columnHints(statementFor(inputs)),
};
