/**
 * From a job's input to the columns that are proved: runs the program, or checks an uploaded run against every constraint
 * and bus. Runs in a thread of its own.
 */
import { MachineError } from '../../machine/errors.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { buildTraces, COLONNADE_MACHINE, checkTraces, run } from '../../machine/system.ts';
import { decodeTrace } from '../../machine/traceCodec.ts';
import type { TableTrace } from '../../stark/air/air.ts';
import type { TraceViolation } from '../../stark/air/traceCheck.ts';
import { preprocessedTraces } from '../keys.ts';
import type { ServedProgram, ServedPrograms } from '../programs.ts';
import { readEnvelope } from '../proofRequest.ts';
import type { ProofOutcome, RunInput, StageMeasure, TableMeasure } from '../prover/prover.ts';
import { type TableCells, tableCells } from './cells.ts';

export interface TracerTask {
  readonly program: string;
  readonly input: RunInput;
}

export type Traced =
  | {
      readonly ok: true;
      /** One a slot. */
      readonly preprocessed: readonly (TableTrace | undefined)[];
      readonly traces: readonly (TableTrace | undefined)[];
      readonly statement: Uint32Array;
      readonly cycles: number;
      readonly stages: readonly StageMeasure[];
    }
  | Extract<ProofOutcome, { ok: false }>;

const TOO_LARGE: ReadonlySet<string> = new Set(['OUT_OF_CYCLES', 'OUT_OF_MEMORY', 'TABLE_TOO_HIGH']);

/** Whether a smaller run of the same kind would do. */
export function isTooLarge({ code }: MachineError): boolean {
  return TOO_LARGE.has(code);
}

/** Throws: what is neither the input's fault nor a MachineError. */
export function traceTask(programs: ServedPrograms, { program: name, input }: TracerTask): Traced {
  const served = programs.get(name);
  if (served === undefined) throw new Error(`no program ${name}`);
  const stages: StageMeasure[] = [];
  const timed = <Value>(stage: string, work: () => Value): Value => {
    const start = performance.now();
    const value = work();
    stages.push({ name: stage, seconds: (performance.now() - start) / 1000 });
    return value;
  };
  try {
    const execution = timed('execute', () => executionOf(served, input));
    const program = served.program();
    const traces = timed('trace', () => buildTraces(program, execution));
    if (input.kind === 'trace') {
      const verdict = timed('check', () => checkTraces(program, traces, execution.statement));
      if (!verdict.ok) return { ok: false, code: 'TRACE_INVALID', ...describeViolation(verdict) };
    }
    return {
      ok: true,
      preprocessed: preprocessedTraces(program),
      traces,
      statement: execution.statement.slice(),
      cycles: execution.pc.length,
      stages,
    };
  } catch (error) {
    if (error instanceof UploadTooLarge)
      return { ok: false, code: 'TOO_LARGE', detail: error.message, details: error.details };
    if (!(error instanceof MachineError)) throw error;
    const ownFault = input.kind === 'trace' ? 'TRACE_MALFORMED' : 'INPUTS_REFUSED';
    return {
      ok: false,
      code: isTooLarge(error) ? 'TOO_LARGE' : ownFault,
      detail: error.message,
      details: { machineError: error.code, ...error.details },
    };
  }
}

/** Throws: MachineError. */
function executionOf(program: ServedProgram, input: TracerTask['input']): ExecutionTrace {
  if (input.kind === 'trace') {
    const execution = decodeTrace(input.bytes);
    limitUpload(execution);
    return execution;
  }
  const inputs = program.parseInputs(readEnvelope(input.json).inputs);
  return run(program.program(), program.hintsOf(inputs));
}

/**
 * Most compress rows of an uploaded run. One call of a small upload can ask for millions, each of which costs the trace
 * checker a permutation; arbitrary, so many take it under a minute.
 */
const UPLOADED_HASH_ROWS = 2 ** 20;

/** Most cells of all tables of an uploaded run: a gibibyte, and the columns are most of what the tracer holds. Arbitrary. */
const UPLOADED_CELLS = 2 ** 28;

/** Nothing is built before it. Throws: MachineError 'TABLE_TOO_HIGH', UploadTooLarge. */
function limitUpload(execution: ExecutionTrace): void {
  const tables = tableCells(execution);
  const rows = tables.find(({ table }) => table === 'hash')?.rows ?? 0;
  if (rows > UPLOADED_HASH_ROWS) {
    throw new MachineError('TABLE_TOO_HIGH', { table: 'hash', rows, limit: UPLOADED_HASH_ROWS });
  }
  const cells = tables.reduce((total, table) => total + table.cells, 0);
  if (cells > UPLOADED_CELLS) throw new UploadTooLarge(cells, tables);
}

/** An uploaded run whose tables are too large together. */
class UploadTooLarge extends Error {
  readonly details: Readonly<Record<string, unknown>>;

  constructor(cells: number, tables: readonly TableCells[]) {
    super(`The tables of an uploaded run may have ${UPLOADED_CELLS} cells; these have ${cells}.`);
    this.name = 'UploadTooLarge';
    this.details = { cells, limit: UPLOADED_CELLS, tables };
  }
}

/** A sentence and fields for the first violation of a trace. */
export function describeViolation(violation: TraceViolation): {
  detail: string;
  details: Record<string, unknown>;
} {
  const { ok: _, ...details } = violation;
  switch (violation.kind) {
    case 'shape':
      return { detail: `Table ${violation.table}: ${violation.reason}`, details };
    case 'constraint':
      return {
        detail: `Row ${violation.row} of table ${violation.table} violates the constraint '${violation.constraint}'.`,
        details,
      };
    case 'weight':
      return {
        detail: `Row ${violation.row} of table ${violation.table} has a multiplicity of ${violation.multiplicity} at '${violation.label}'.`,
        details,
      };
    case 'bus': {
      const source = violation.sources[0];
      const place =
        source === undefined
          ? ''
          : `, first at row ${source.row} of table ${source.table}: '${source.label}'`;
      return {
        detail: `Bus ${violation.bus}: a tuple is sent ${violation.sent} and received ${violation.received} times${place}.`,
        details: {
          ...details,
          ...(source === undefined ? {} : { table: source.table, row: source.row, constraint: source.label }),
        },
      };
    }
    case 'busBound':
      return { detail: `Bus ${violation.bus} carries more than its bound allows.`, details };
  }
}

const QUOTIENT_COLUMNS = 10;
const EXTENSION_WORDS = 5;

/** Rows and cells of the tables that are present: main, LogUp and quotient columns. One log height a slot. */
export function measureTables(logHeights: readonly (number | undefined)[]): TableMeasure[] {
  return COLONNADE_MACHINE.tables.flatMap(({ name, mainColumns, interactions }, slot) => {
    const logHeight = logHeights[slot];
    if (logHeight === undefined) return [];
    const logUpColumns = EXTENSION_WORDS * Math.ceil(interactions.length / 2);
    const rows = 2 ** logHeight;
    return [{ name, rows, cells: rows * (mainColumns.length + logUpColumns + QUOTIENT_COLUMNS) }];
  });
}
