/** What the demo prints: one object, or the same as a table. */
import type { AggregationAnswer } from '../client/client.ts';
import { formatBits } from '../client/verifyFile.ts';
import type { JobAnswer } from '../server/api/schemas.ts';

type Measures = NonNullable<JobAnswer['proof']>['measures'];

export interface ColumnReport {
  readonly column: number;
  readonly transactions: number;
  readonly executed: number;
  /** By reason. */
  readonly skipped: Readonly<Record<string, number>>;
  readonly statement: string;
  readonly attempts: number;
  readonly proofBytes: number;
  /** The same on every adapter. */
  readonly proofSha256: string;
  /** By the service, and here in plain TypeScript. */
  readonly serviceVerifySeconds: number;
  readonly verifySeconds: number;
  readonly measures: Measures;
}

/** The nodes of one level of the tree above the columns, added up. */
export interface LevelReport {
  readonly level: number;
  readonly role: AggregationAnswer['nodes'][number]['role'];
  readonly profile: string;
  readonly proofs: number;
  /** Proofs below them. */
  readonly children: number;
  readonly cycles: number;
  readonly largestTableRows: number;
  readonly cells: number;
  readonly proofBytes: number;
  /** From the start of a node to its verified proof. */
  readonly seconds: number;
  readonly serviceVerifySeconds: number;
  readonly stages: Measures['stages'];
  /** One a node. */
  readonly tables: readonly Measures['tables'][];
}

/** The block's one proof, verified here. */
export interface FinalReport {
  readonly proofBytes: number;
  /** Of the weakest layer that it rests on, and against collisions of the hash. */
  readonly provableBits: number;
  readonly collisionBits: number;
  /** Here, in plain TypeScript; and by the service. */
  readonly verifyMs: number;
  readonly serviceVerifyMs: number;
  /** The same on every adapter. */
  readonly proofSha256: string;
  /** What the proof shows, and the digest of the block that stands in it. */
  readonly statement: string;
  readonly blockStatement: string;
  /** By table; the same for every block. */
  readonly logHeights: Readonly<Record<string, number>>;
  readonly claims: readonly string[];
  readonly caveats: readonly string[];
}

export interface BlockReport {
  readonly fanIn: number;
  /** From below. */
  readonly levels: readonly LevelReport[];
  /** From the last column's proof to the verified final one. */
  readonly blockSeconds: number;
  readonly final: FinalReport;
}

export interface DemoReport extends Partial<BlockReport> {
  /** Why there is no block proof. */
  readonly columnsOnly?: string;
  readonly block: number;
  readonly program: string;
  readonly profile: string;
  /** Of the weakest column. */
  readonly provableBits: number;
  readonly collisionBits: number;
  readonly adapter: { readonly name: string; readonly isSoftware: boolean };
  readonly columnsAsked: number;
  readonly columns: readonly ColumnReport[];
  readonly totals: {
    readonly transactions: number;
    readonly executed: number;
    readonly skipped: Readonly<Record<string, number>>;
    readonly cycles: number;
    readonly tables: Measures['tables'];
    readonly stages: Measures['stages'];
    /** Of the seconds of all stages. */
    readonly grindingShare: number;
    readonly proofBytes: number;
  };
  readonly independent: { readonly accounts: number; readonly differences: readonly string[] };
  readonly readySeconds: number;
  /** From the first submission to the last verified proof. */
  readonly proveSeconds: number;
}

/** Stages of the same name added up, in the order of their first one. */
export function addStages(...lists: readonly Measures['stages'][]): Measures['stages'] {
  const sums = new Map<string, number>();
  for (const { name, seconds } of lists.flat()) sums.set(name, (sums.get(name) ?? 0) + seconds);
  return [...sums].map(([name, seconds]) => ({ name, seconds }));
}

export function totalsOf(columns: readonly ColumnReport[]): DemoReport['totals'] {
  const sum = (measureOf: (column: ColumnReport) => number): number =>
    columns.reduce((total, column) => total + measureOf(column), 0);
  const tables = new Map<string, { rows: number; cells: number }>();
  const skipped: Record<string, number> = {};
  for (const { measures, skipped: reasons } of columns) {
    for (const { name, rows, cells } of measures.tables) {
      const before = tables.get(name) ?? { rows: 0, cells: 0 };
      tables.set(name, { rows: before.rows + rows, cells: before.cells + cells });
    }
    for (const [reason, count] of Object.entries(reasons)) skipped[reason] = (skipped[reason] ?? 0) + count;
  }
  const stages = addStages(...columns.map(({ measures }) => measures.stages));
  const allSeconds = stages.reduce((total, { seconds }) => total + seconds, 0);
  const grinding = sum(({ measures }) => measures.grindingSeconds);
  return {
    transactions: sum(({ transactions }) => transactions),
    executed: sum(({ executed }) => executed),
    skipped,
    cycles: sum(({ measures }) => measures.cycles),
    tables: [...tables].map(([name, measure]) => ({ name, ...measure })),
    stages,
    grindingShare: allSeconds === 0 ? 0 : grinding / allSeconds,
    proofBytes: sum(({ proofBytes }) => proofBytes),
  };
}

type Cell = string | number;

/** Left-aligned first column, right-aligned others. */
function table(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [header, ...rows].map((row) => row.map((cell) => cell.toLocaleString('en-US')));
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('   ')
        .trimEnd(),
    )
    .join('\n');
}

const seconds = (value: number): string => value.toFixed(2);
const kibibytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;
const countAll = (skipped: Readonly<Record<string, number>>): number =>
  Object.values(skipped).reduce((total, count) => total + count, 0);

const LEVEL_NAMES: Readonly<Record<LevelReport['role'], string>> = {
  aggregate: 'aggregates',
  block: 'block',
  shrink: 'shrunk',
  final: 'final',
};

function formatBlock({ levels = [], final, blockSeconds = 0 }: DemoReport): string[] {
  if (final === undefined) return [];
  return [
    '',
    table(
      ['level', 'proofs', 'children', 'cycles', 'largest table', 'proof', 'prove s', 'verify s'],
      levels.map((level) => [
        `${level.level} ${LEVEL_NAMES[level.role]}`,
        level.proofs,
        level.children,
        level.cycles,
        level.largestTableRows,
        kibibytes(level.proofBytes / level.proofs),
        seconds(level.seconds),
        seconds(level.serviceVerifySeconds),
      ]),
    ),
    '',
    `The block in one proof of ${final.proofBytes.toLocaleString('en-US')} bytes (${kibibytes(final.proofBytes)}), ${formatBits(final)}, ${seconds(blockSeconds)} s after the last column.`,
    `Verified here from keys.json and the block's data in ${final.verifyMs.toFixed(0)} ms; statement ${final.statement}. It says:`,
    ...final.claims.map((claim) => `  ${claim}`),
    ...final.caveats.map((caveat) => `  ${caveat}`),
  ];
}

export function formatReport(report: DemoReport): string {
  const { columns, totals, adapter, independent } = report;
  const stagesOf = (column: ColumnReport): number =>
    column.measures.stages.reduce((total, stage) => total + stage.seconds, 0);
  const reasons = Object.entries(totals.skipped).map(([reason, count]) => `${reason}: ${count}`);
  const found = independent.differences;
  return [
    `Block ${report.block}: ${totals.transactions} plain transfers, ${totals.executed} executed, ${countAll(totals.skipped)} skipped${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`,
    `Adapter ${adapter.name}${adapter.isSoftware ? ' - software: slow' : ''}; profile ${report.profile}, ${formatBits(report)}`,
    '',
    table(
      ['column', 'transfers', 'executed', 'skipped', 'cycles', 'proof', 'prove s', 'verify s'],
      columns.map((column) => [
        String(column.column),
        column.transactions,
        column.executed,
        countAll(column.skipped),
        column.measures.cycles,
        kibibytes(column.proofBytes),
        seconds(stagesOf(column)),
        seconds(column.verifySeconds),
      ]),
    ),
    '',
    table(
      ['table', 'rows', 'cells'],
      totals.tables.map(({ name, rows, cells }) => [name, rows, cells]),
    ),
    '',
    table(
      ['stage', 'seconds'],
      totals.stages.map((stage) => [stage.name, seconds(stage.seconds)]),
    ),
    '',
    `Grinding: ${(100 * totals.grindingShare).toFixed(0)}% of the time. All proofs: ${kibibytes(totals.proofBytes)}, ${seconds(report.proveSeconds)} s; the prover was ready after ${seconds(report.readySeconds)} s.`,
    ...formatBlock(report),
    ...(report.columnsOnly === undefined ? [] : [report.columnsOnly]),
    '',
    found.length === 0
      ? `Independent execution: every transfer's outcome, the sums and the nonces and balances of all ${independent.accounts} accounts agree.`
      : `Independent execution: ${found.length} differences:\n${found.join('\n')}`,
    ...(report.final === undefined
      ? ['Signatures are not part of the statement: each sender is an input that the digest binds.']
      : []),
  ].join('\n');
}
