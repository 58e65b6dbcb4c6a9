/** `colonnade trace`: runs a program and writes the execution trace that the service takes. */
import { profileCycles } from '../../machine/profile.ts';
import { buildTraces, checkTraces } from '../../machine/system.ts';
import { encodeTrace } from '../../machine/traceCodec.ts';
import { describeViolation, measureTables } from '../../server/tracer/tracer.ts';
import { CAVEATS, describeClaim } from '../claims.ts';
import { writeWhole } from '../files.ts';
import { formatDigest } from '../jsonFields.ts';
import {
  type Command,
  type ExitCode,
  exactlyOne,
  outputPath,
  print,
  printJson,
  readOptions,
  say,
  seconds,
  table,
  UsageError,
  wholeNumber,
} from '../terminal.ts';
import { INPUT_OPTIONS, INPUT_USAGE, prepareRun, readInputs } from './inputs.ts';

const USAGE = `Usage: colonnade trace --program NAME --inputs FILE [--out FILE] [options]

Runs a program, prints its rows per table and where the cycles go, and writes the execution trace (docs/spec/machine.md), which
POST /v1/proofs takes as it is.

${INPUT_USAGE}
  --out FILE                write the trace there; without it nothing is written
  --check                   check every constraint and bus of the trace
  --top N                   functions and lines to list; default 10
  --json
  --help`;

async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, files } = readOptions(args, {
    ...INPUT_OPTIONS,
    out: { type: 'string' },
    check: { type: 'boolean', default: false },
    top: { type: 'string', default: '10' },
  });
  if (files.length > 0) throw new UsageError(`${exactlyOne(files, 'file')}: --inputs and --out name files`);
  const top = wholeNumber(values.top, '--top', 0, 1000);
  const out = outputPath(values.out, '--out');
  const { name, json } = await readInputs(values);
  const { program, execution, statement, claim, executeSeconds } = prepareRun(name, json);
  const traces = buildTraces(program, execution);
  const tables = measureTables(traces.map((trace) => trace?.logHeight));
  const profile = profileCycles(program, execution);
  const bytes = encodeTrace(execution);
  if (out !== undefined) await writeWhole(out, bytes);
  const verdict = values.check ? checkTraces(program, traces, execution.statement) : undefined;
  const fault = verdict === undefined || verdict.ok ? undefined : describeViolation(verdict);
  if (values.json) {
    printJson({
      program: name,
      statement: formatDigest(statement),
      cycles: profile.cycles,
      executeSeconds,
      tables,
      sections: profile.sections.slice(0, top),
      lines: profile.lines.slice(0, top),
      traceBytes: bytes.length,
      ...(out === undefined ? {} : { file: out }),
      ...(verdict === undefined ? {} : { check: { ok: verdict.ok, ...fault } }),
    });
  } else {
    const share = (cycles: number): string => `${((100 * cycles) / profile.cycles).toFixed(1)}%`;
    print(
      [
        `${name}: ${profile.cycles.toLocaleString('en-US')} cycles in ${seconds(executeSeconds)} s, statement ${formatDigest(statement)}`,
        ...(claim === undefined ? [] : describeClaim(claim, 'summary')),
        '',
        ...table([
          ['table', 'rows', 'cells'],
          ...tables.map((each) => [each.name, each.rows, each.cells]),
          ['all', '', tables.reduce((total, { cells }) => total + cells, 0)],
        ]),
        '',
        ...table([
          ['function', 'cycles', 'share'],
          ...profile.sections.slice(0, top).map((each) => [each.name, each.cycles, share(each.cycles)]),
        ]),
        '',
        ...table([
          ['line', 'cycles', 'share'],
          ...profile.lines.slice(0, top).map((each) => [each.name, each.cycles, share(each.cycles)]),
        ]),
        '',
        out === undefined
          ? `The trace has ${bytes.length.toLocaleString('en-US')} bytes; --out writes it.`
          : `${out}: ${bytes.length.toLocaleString('en-US')} bytes.`,
        ...(verdict?.ok ? ['Every constraint and bus holds.'] : []),
        ...(CAVEATS[name] === undefined ? [] : ['', CAVEATS[name]]),
      ].join('\n'),
    );
    if (fault !== undefined) say(`TRACE_INVALID: ${fault.detail}`);
  }
  return fault === undefined ? 0 : 1;
}

export const TRACE: Command = { usage: USAGE, run };
