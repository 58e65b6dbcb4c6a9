/** The column program as the service offers it. */
import type { Program } from '../machine/program.ts';
import { ColumnError } from '../programs/column/errors.ts';
import { executeColumn } from '../programs/column/execute.ts';
import { columnHints } from '../programs/column/hints.ts';
import { type ColumnInput, MAXIMUM_TRANSFERS, parseColumnInput } from '../programs/column/input.ts';
import { buildColumnProgram } from '../programs/column/program.ts';
import { type ColumnStatement, columnStatementDigest } from '../programs/column/statement.ts';
import { Problem } from './problems.ts';
import { InputsRefused, type ServedProgram } from './programs.ts';

let built: Program | undefined;

/** What a caller is told about a column that is not proved. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof ColumnError)) return error;
  const { code, message, details } = error;
  if (code !== 'MALFORMED_INPUT')
    return new InputsRefused(message, code === 'TOO_MANY_TRANSFERS', { columnError: code, ...details });
  const field = String(details['field']).replace(/^input\b\.?/, '');
  return new Problem('malformed-request', message, {
    errors: [{ path: field === '' ? 'body.inputs' : `body.inputs.${field}`, message }],
  });
}

/** Throws: Problem malformed-request, InputsRefused. */
function refusing<Value>(work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    throw refusalOf(error);
  }
}

/** The counts come first, so that a list that is far too long is not read. */
function parseInputs(json: unknown): ColumnInput {
  const { transfers } = (json ?? {}) as { readonly transfers?: unknown };
  if (Array.isArray(transfers) && transfers.length > MAXIMUM_TRANSFERS)
    throw new ColumnError('TOO_MANY_TRANSFERS', { expected: MAXIMUM_TRANSFERS, got: transfers.length });
  return parseColumnInput(json);
}

const statementFor = (inputs: unknown): ColumnStatement =>
  refusing(() => executeColumn(inputs as ColumnInput));

export const COLUMN_PROGRAM: ServedProgram = {
  name: 'column',
  description:
    'The plain transfers of an execution column, in order, have the statuses and effects that the statement says.',
  parseInputs: (json) => refusing(() => parseInputs(json)),
  statementOf: (inputs) => columnStatementDigest(statementFor(inputs)),
  program() {
    built ??= buildColumnProgram();
    return built;
  },
  hintsOf: (inputs) => columnHints(statementFor(inputs)),
};
