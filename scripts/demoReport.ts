/** What the demo prints: one object, or the same as a table. */
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

export interface DemoReport {
  readonly block: number;
  readonly program: string;
  readonly profile: string;
  readonly securityBits: number;
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

export function totalsOf(columns: readonly ColumnReport[]): DemoReport['totals'] {
  const sum = (measureOf: (column: ColumnReport) => number): number =>
    columns.reduce((total, column) => total + measureOf(column), 0);
  const tables = new Map<string, { rows: number; cells: number }>();
  const stages = new Map<string, number>();
  const skipped: Record<string, number> = {};
  for (const { measures, skipped: reasons } of columns) {
    for (const { name, rows, cells } of measures.tables) {
      const before = tables.get(name) ?? { rows: 0, cells: 0 };
      tables.set(name, { rows: before.rows + rows, cells: before.cells + cells });
    }
    for (const { name, seconds } of measures.stages) stages.set(name, (stages.get(name) ?? 0) + seconds);
    for (const [reason, count] of Object.entries(reasons)) skipped[reason] = (skipped[reason] ?? 0) + count;
  }
  const allSeconds = [...stages.values()].reduce((total, seconds) => total + seconds, 0);
  const grinding = sum(({ measures }) => measures.grindingSeconds);
  return {
    transactions: sum(({ transactions }) => transactions),
    executed: sum(({ executed }) => executed),
    skipped,
    cycles: sum(({ measures }) => measures.cycles),
    tables: [...tables].map(([name, measure]) => ({ name, ...measure })),
    stages: [...stages].map(([name, seconds]) => ({ name, seconds })),
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

export function formatReport(report: DemoReport): string {
  const { columns, totals, adapter, independent } = report;
  const stagesOf = (column: ColumnReport): number =>
    column.measures.stages.reduce((total, stage) => total + stage.seconds, 0);
  const reasons = Object.entries(totals.skipped).map(([reason, count]) => `${reason}: ${count}`);
  const found = independent.differences;
  return [
    `Block ${report.block}: ${totals.transactions} plain transfers, ${totals.executed} executed, ${countAll(totals.skipped)} skipped${reasons.length === 0 ? '' : ` (${reasons.join(', ')})`}`,
    `Adapter ${adapter.name}${adapter.isSoftware ? ' - software: slow' : ''}; profile ${report.profile}, ${report.securityBits.toFixed(1)} provable bits`,
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
    found.length === 0
      ? `Independent execution: the nonces and balances of all ${independent.accounts} accounts agree.`
      : `Independent execution: ${found.length} differences:\n${found.join('\n')}`,
    'Signatures are not part of the statement: each sender is an input that the digest binds.',
  ].join('\n');
}
