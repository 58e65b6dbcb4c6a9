/**
 * Everything in one call on a machine with a GPU: is the device right, and how fast is it? Writes the report as JSON after
 * every measurement, so that a run that is cut short leaves what it has. Fails when a check fails.
 *
 *   npx esbuild bench/hardware.ts --bundle --platform=node --format=esm --external:webgpu --outfile=.gpu/hardware.js
 *   node .gpu/hardware.js --out report.json
 *
 * The bundle must lie one folder below the project's root, beside shaders/, data/ and test/vectors/; it takes the driver that
 * the environment names. As a script: `node --import tsx bench/hardware.ts --adapter hardware --out report.json`.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseAdapterChoice, proverEnvironment } from '../kernels/adapter.ts';
import { serveMeasurement } from './process.ts';
import { MEASUREMENT_NAMES, parseNames } from './registry.ts';
import { formatReport } from './report.ts';
import { type BenchReport, runBench } from './run.ts';

/** Of one measurement. */
const TIMEOUT_SECONDS = 240;

/** True when every check was made and passed and nothing failed. */
function isSound({ measurements, failures }: BenchReport): boolean {
  const checks = measurements.flatMap((entry) => entry.checks ?? []);
  return failures.length === 0 && checks.every(({ isPassed }) => isPassed);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      adapter: { type: 'string' },
      only: { type: 'string' },
      block: { type: 'string', default: '19933122' },
      quick: { type: 'boolean', default: false },
    },
  });
  const { out } = values;
  if (out === undefined) throw new RangeError('--out FILE says where the report goes');
  const environment =
    values.adapter === undefined
      ? {}
      : (await proverEnvironment(parseAdapterChoice(values.adapter))).environment;
  const report = await runBench({
    names: values.only === undefined ? MEASUREMENT_NAMES : parseNames(values.only),
    isQuick: values.quick,
    runs: values.quick ? 1 : 5,
    block: values.block,
    columns: 2,
    environment,
    timeoutSeconds: TIMEOUT_SECONDS,
    onStart: (name) => console.error(`${new Date().toISOString()} measuring ${name}`),
    onReport: (partial) => writeFileSync(out, `${JSON.stringify(partial, undefined, 2)}\n`),
  });
  writeFileSync(out, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(formatReport(report));
  if (!isSound(report)) process.exitCode = 1;
}

if (!(await serveMeasurement())) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
