/** The report as a table for people. */
import type { Figure, RoofShare, StageSeconds } from './measurement.ts';
import type { BenchReport, MeasuredEntry } from './run.ts';

const MEBIBYTE = 2 ** 20;
const PREFIXES = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;

/** Three digits that matter, with a prefix for large rates. */
export function formatValue(value: number, unit: string): string {
  const [factor, prefix] = PREFIXES.find(([least]) => unit !== 's' && value >= least) ?? [1, ''];
  const scaled = value / factor;
  const digits = scaled >= 100 ? 0 : scaled >= 10 ? 1 : scaled >= 1 ? 2 : 3;
  return `${scaled.toFixed(digits)} ${prefix}${unit}`;
}

/** Lines of columns that are as wide as their widest cell. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** How a figure stands to its target: met, or by how much it misses it. */
export function formatTarget({ median, target, unit }: Figure): string {
  if (!target) return '';
  const isMet = target.bound === 'atLeast' ? median >= target.value : median <= target.value;
  const bound = `${target.bound === 'atLeast' ? '>=' : '<='} ${formatValue(target.value, unit)}`;
  return isMet ? `${bound}: met` : `${bound}: missed, ${(median / target.value).toFixed(2)} of it`;
}

function formatShare({ roof, perUnit, share }: RoofShare): string {
  const cost = perUnit >= 10 ? perUnit.toFixed(0) : perUnit.toFixed(1);
  const what = roof === 'multiplicationsPerSecond' ? 'multiplications' : 'bytes';
  return `${(100 * share).toFixed(0)}% of ${what} (${cost} each)`;
}

/** How far the slowest and the fastest run are from the median. */
function formatSpread({ median, least, greatest, runs }: Figure): string {
  if (runs === 1) return 'one run';
  const percent = (value: number): string => `${((100 * (value - median)) / median).toFixed(0)}%`;
  return `${percent(least)} +${percent(greatest)}, ${runs} runs`;
}

function figureRow(figure: Figure, hasTargets: boolean): string[] {
  const { unit } = figure;
  return [
    figure.name,
    formatValue(figure.median, unit),
    formatSpread(figure),
    (figure.shares ?? []).map(formatShare).join(', '),
    hasTargets ? formatTarget(figure) : '',
  ];
}

function stageRows(stages: readonly StageSeconds[]): string[][] {
  const sumOf = (part: 'seconds' | 'deviceSeconds' | 'hostSeconds'): number =>
    stages.reduce((sum, stage) => sum + stage[part], 0);
  const total = sumOf('seconds');
  return [
    ['stage', 'seconds', 'device', 'host', 'share'],
    ...stages.map(({ stage, seconds, deviceSeconds, hostSeconds }) => [
      stage,
      seconds.toFixed(3),
      deviceSeconds.toFixed(3),
      hostSeconds.toFixed(3),
      `${((100 * seconds) / total).toFixed(1)}%`,
    ]),
    ['total', total, sumOf('deviceSeconds'), sumOf('hostSeconds')].map((cell) =>
      typeof cell === 'number' ? cell.toFixed(3) : cell,
    ),
  ];
}

function formatEntry(entry: MeasuredEntry): string {
  const { name, stages, facts, peakResidentBytes, peakDeviceBytes } = entry;
  const memory = [
    `peak of the process ${Math.round(peakResidentBytes / MEBIBYTE)} MiB`,
    ...(peakDeviceBytes === undefined
      ? []
      : [`of device buffers ${Math.round(peakDeviceBytes / MEBIBYTE)} MiB`]),
  ].join(', ');
  const known = Object.entries(facts ?? {}).map(([fact, value]) => `  ${fact}: ${value}`);
  return [
    `${name} (${entry.seconds.toFixed(1)} s; ${memory})`,
    ...(stages ? [formatTable(stageRows(stages)).replace(/^/gm, '  ')] : []),
    ...(entry.checks ?? []).map(
      ({ name: check, isPassed, failure, seconds }) =>
        `  ${isPassed ? 'passed' : 'FAILED'}  ${check} (${seconds.toFixed(1)} s)${failure ? `: ${failure}` : ''}`,
    ),
    ...known,
  ].join('\n');
}

export function formatReport(report: BenchReport): string {
  const { adapter, versions, host } = report;
  return [
    `adapter     ${adapter ? adapter.name : 'none used'}`,
    `versions    colonnade ${versions.colonnade ?? 'unknown'}, node ${versions.node}, webgpu ${versions.webgpu}`,
    `host        ${host.processor}, ${host.cores} cores, load ${host.loadBefore.toFixed(2)} before the start`,
    `date        ${report.date}, scale ${report.scale}, ${report.seconds.toFixed(0)} s in all`,
    '',
    formatTable([
      [
        'figure',
        'median',
        'spread',
        'share of the measured roofs',
        report.scale === 'software' ? 'target on 2 cores with lavapipe' : '',
      ],
      ...report.measurements.flatMap(({ figures }) =>
        figures.map((figure) => figureRow(figure, report.scale === 'software')),
      ),
    ]),
    '',
    ...report.measurements.map(formatEntry),
    ...report.failures.map(({ name, message }) => `FAILED ${name}: ${message}`),
  ].join('\n');
}
