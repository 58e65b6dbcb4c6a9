/** A program and its inputs, as `prove` and `trace` take them. */
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import type { Program } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import type { ColumnInput } from '../../programs/column/input.ts';
import { Problem } from '../../server/problems.ts';
import type { ServedProgram } from '../../server/programs.ts';
import { SERVED_PROGRAMS } from '../../server/registry.ts';
import type { Claim } from '../claims.ts';
import { ClientError } from '../errors.ts';
import { readJson } from '../files.ts';
import { required, UsageError } from '../terminal.ts';

export const INPUT_OPTIONS = {
  program: { type: 'string', default: 'column' },
  inputs: { type: 'string' },
} as const;

export const INPUT_USAGE = `  --program NAME            ${[...SERVED_PROGRAMS.keys()].join(', ')}; default column
  --inputs FILE             the program's inputs as JSON (docs/service.md), gzip-compressed or not`;

export interface PreparedRun {
  readonly name: string;
  readonly program: Program;
  readonly execution: ExecutionTrace;
  /** What the run states, computed natively; the run's own statement has been compared with it. */
  readonly statement: Uint32Array;
  readonly claim: Claim | undefined;
  readonly executeSeconds: number;
}

/** Reads the inputs of `--inputs`. Throws: UsageError, ClientError. */
export async function readInputs(values: {
  readonly program: string;
  readonly inputs: string | undefined;
}): Promise<{ readonly name: string; readonly json: unknown }> {
  if (!SERVED_PROGRAMS.has(values.program))
    throw new UsageError(
      `--program: expected ${[...SERVED_PROGRAMS.keys()].join(', ')}, got ${values.program}`,
    );
  return { name: values.program, json: await readJson(required(values.inputs, '--inputs')) };
}

/** The inputs as the program has them. Throws: ClientError 'FIELD', InputsRefused. */
function parseInputs(served: ServedProgram, json: unknown): unknown {
  try {
    return served.parseInputs(json);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    // Here is no request with a body: the field is one of the file's.
    const [fault] = error.details['errors'] as readonly { readonly path: string }[];
    throw new ClientError('FIELD', {
      field: (fault?.path ?? '').replace(/^body\./, ''),
      problem: error.message,
    });
  }
}

/** Parses the inputs and runs the program. Throws: ClientError 'FIELD', InputsRefused, MachineError. */
export function prepareRun(name: string, json: unknown): PreparedRun {
  const served = SERVED_PROGRAMS.get(name);
  if (served === undefined) throw new RangeError(`there is no program ${name}`);
  const inputs = parseInputs(served, json);
  const statement = served.statementOf(inputs);
  const program = served.program();
  const start = performance.now();
  const execution = run(program, served.hintsOf(inputs));
  const executeSeconds = (performance.now() - start) / 1000;
  if (statement.some((word, index) => word !== execution.statement[index]))
    throw new Error(`the run of ${name} states something else than the native execution`);
  const claim: Claim | undefined =
    name === 'column' ? { program: 'column', statement: executeColumn(inputs as ColumnInput) } : undefined;
  return { name, program, execution, statement, claim, executeSeconds };
}
