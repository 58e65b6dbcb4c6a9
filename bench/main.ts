/**
 * The benchmark: `npm run bench`. Chooses an adapter as the prover does, measures in processes of their own, prints a table
 * or one JSON object. docs/performance.md says what each figure means.
 *
 * As a bundle on a bare machine (`esbuild bench/main.ts --bundle --platform=node --format=esm --external:webgpu` into a
 * folder of the project's root) it takes the driver that the environment names.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ADAPTER_CHOICES, parseAdapterChoice, proverEnvironment } from '../kernels/adapter.ts';
import { serveMeasurement } from './process.ts';
import { MEASUREMENT_NAMES, MEASUREMENTS, parseNames } from './registry.ts';
import { formatReport } from './report.ts';
import { type BenchReport, runBench } from './run.ts';

/** The driver that the process's environment names, unprobed. */
const AS_IS = 'environment';
/** A measurement that hangs must not hang the benchmark. */
const TIMEOUT_SECONDS = 900;
const isBundle = import.meta.url.endsWith('.js');

const MARKS = { always: '', onHardware: ' (on hardware, or by --only)', never: ' (by --only)' } as const;

const HELP = `npm run bench -- [options]

  --only NAME[,NAME]  measure these only (roofs are added where kernels are held against them)
  --adapter NAME      ${ADAPTER_CHOICES.join(', ')}, or ${AS_IS}: the driver that the environment names
  --quick             tiny sizes: a test of the benchmark, not a measurement
  --runs COUNT        timed runs of each figure, 5 by default
  --block NUMBER      the block of data/blocks whose smallest column is proved, 19933122 by default
  --columns COUNT     into how many columns the block is cut, 2 by default
  --budget MEBIBYTES  device memory that a proof may take, at most 2^20; without it the device is the limit
  --json              one JSON object instead of the table
  --save              also write the JSON to bench/results/
  --help

${MEASUREMENT_NAMES.map((name) => `  ${name.padEnd(18)}  ${MEASUREMENTS[name].about}${MARKS[MEASUREMENTS[name].isDefault ?? 'always']}`).join('\n')}
`;

function count(text: string, option: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new RangeError(`--${option} takes a count, not ${text}`);
  return Number(text);
}

function mebibytes(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text) || Number(text) > 2 ** 20)
    throw new RangeError(`--budget takes mebibytes, not ${text}`);
  return Number(text);
}

function save(report: BenchReport): string {
  const folder = new URL('./results/', import.meta.url);
  mkdirSync(folder, { recursive: true });
  const device = (report.adapter?.name ?? 'host').toLowerCase().replace(/[^a-z0-9.]+/g, '-');
  const file = new URL(`${report.date.slice(0, 10)}-${device.slice(0, 48).replace(/-+$/, '')}.json`, folder);
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`);
  return fileURLToPath(file);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      adapter: { type: 'string', default: isBundle ? AS_IS : 'auto' },
      quick: { type: 'boolean', default: false },
      runs: { type: 'string', default: '5' },
      block: { type: 'string', default: '19933122' },
      columns: { type: 'string', default: '2' },
      budget: { type: 'string' },
      json: { type: 'boolean', default: false },
      save: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return;
  }
  if (values.quick && values.save) {
    throw new RangeError('quick figures are no results: --quick and --save exclude each other');
  }
  const wanted = values.only === undefined ? undefined : parseNames(values.only);
  const usesDevice = (wanted ?? MEASUREMENT_NAMES).some((name) => MEASUREMENTS[name].usesDevice);
  const chosen =
    values.adapter === AS_IS || !usesDevice
      ? undefined
      : await proverEnvironment(parseAdapterChoice(values.adapter));
  for (const { kind, reason } of chosen?.rejected ?? []) console.error(`adapter ${kind}: ${reason}`);
  if (chosen) console.error(`adapter ${chosen.kind}: ${chosen.adapterName}`);
  const report = await runBench({
    names: wanted,
    isQuick: values.quick,
    runs: values.quick ? 1 : count(values.runs, 'runs'),
    block: values.block,
    columns: count(values.columns, 'columns'),
    ...(values.budget === undefined ? {} : { budgetBytes: mebibytes(values.budget) * 2 ** 20 }),
    environment: chosen?.environment ?? {},
    timeoutSeconds: TIMEOUT_SECONDS,
    onStart: (name) => console.error(`measuring ${name}`),
  });
  console.log(values.json ? JSON.stringify(report) : formatReport(report));
  if (report.failures.length > 0) process.exitCode = 1;
  if (values.save) console.error(`saved ${save(report)}`);
}

if (!(await serveMeasurement())) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
