/** The benchmark on tiny sizes: that it measures, reports and bundles; never how fast anything is. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { figureOf, median } from '../../bench/measurement.ts';
import { parseNames } from '../../bench/registry.ts';
import { formatTarget, formatValue } from '../../bench/report.ts';
import { type BenchReport, planOf } from '../../bench/run.ts';
import { applyToProcess, parseAdapterChoice } from '../../kernels/adapter.ts';

async function bench(...options: string[]): Promise<{ stdout: string; stderr: string }> {
  const entry = fileURLToPath(new URL('../../bench/main.ts', import.meta.url));
  return await promisify(execFile)(process.execPath, ['--import', 'tsx', entry, ...options]);
}

describe('bench', () => {
  it('measures kernels against roofs of the same run and prints one JSON object', async () => {
    applyToProcess(parseAdapterChoice(process.env['COLONNADE_ADAPTER'] ?? 'auto'));
    const { stdout } = await bench(
      '--quick',
      '--json',
      '--adapter',
      'environment',
      '--only',
      'compress,executor',
    );
    const report = JSON.parse(stdout) as BenchReport;
    assert.deepEqual(report.failures, []);
    assert.deepEqual(
      report.measurements.map(({ name }) => name),
      ['adapter', 'roofs', 'compress', 'executor'],
    );
    assert.ok(report.adapter, 'the adapter is named');
    assert.equal(report.scale, 'quick');
    const [figure] = report.measurements[2]?.figures ?? [];
    const share = figure?.shares?.[0];
    assert.ok(figure && share && report.roofs);
    assert.equal(share.perUnit, 296);
    assert.equal(share.share, (figure.median * 296) / report.roofs.multiplicationsPerSecond);
    for (const { figures, name } of report.measurements) {
      for (const { median, least, greatest } of figures) {
        assert.ok(least > 0 && least <= median && median <= greatest, name);
      }
    }
  });

  it('refuses unknown measurements, counts and options', async () => {
    await assert.rejects(bench('--only', 'speed'), /there is no measurement speed/);
    await assert.rejects(bench('--only', 'executor', '--runs', '0'), /--runs takes a count/);
    await assert.rejects(bench('--fast'), /Unknown option '--fast'/);
    assert.match((await bench('--help')).stdout, /--only NAME/);
  });

  it('bundles into one file that needs nothing but Node and the webgpu package', async () => {
    for (const entry of ['bench/main.ts', 'bench/hardware.ts']) {
      const { metafile } = await build({
        entryPoints: [fileURLToPath(new URL(`../../${entry}`, import.meta.url))],
        bundle: true,
        platform: 'node',
        format: 'esm',
        external: ['webgpu'],
        write: false,
        metafile: true,
        logLevel: 'silent',
      });
      const outside = Object.values(metafile.outputs).flatMap(({ imports }) =>
        imports.filter(({ external }) => external).map(({ path }) => path),
      );
      const foreign = outside.filter((path) => path !== 'webgpu' && !path.startsWith('node:'));
      assert.deepEqual(foreign, [], entry);
    }
  });
});

describe('report', () => {
  it('takes medians and says how a figure stands to its target', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    assert.throws(() => median([]), RangeError);
    const rate = figureOf('rate', 'x/s', [1_500_000], { target: { bound: 'atLeast', value: 2_000_000 } });
    assert.equal(formatTarget(rate), '>= 2.00 Mx/s: missed, 0.75 of it');
    const time = figureOf('time', 's', [0.5], { target: { bound: 'atMost', value: 1 } });
    assert.equal(formatTarget(time), '<= 1.00 s: met');
    assert.equal(formatValue(1234, 's'), '1234 s');
    assert.equal(formatValue(0.0123, 's'), '0.012 s');
  });

  it('plans the adapter and the roofs before what needs them', () => {
    assert.deepEqual(planOf(['executor']), ['executor']);
    assert.deepEqual(planOf(['column']), ['adapter', 'column']);
    assert.deepEqual(planOf(['merkle', 'ntt']), ['adapter', 'roofs', 'ntt', 'merkle']);
    assert.throws(() => parseNames('ntt,'), /there is no measurement/);
  });
});
