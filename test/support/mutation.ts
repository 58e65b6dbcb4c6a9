/**
 * One-cell mutations of a valid trace: for every constraint of a table the search looks for a cell whose change makes
 * exactly that constraint the first violation, so that no constraint is vacuous or shadowed by another.
 */
import assert from 'node:assert/strict';
import type { NodeId, TableAir, TableTrace } from '../../stark/air/air.ts';
import { checkTrace, type TraceVerdict } from '../../stark/air/traceCheck.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import type { Random } from './random.ts';

/** A valid, complete trace of one table. */
export interface MutationSubject {
  readonly table: TableAir;
  readonly trace: TableTrace;
  readonly preprocessed?: readonly Uint32Array[];
  readonly statement?: ArrayLike<number>;
}

export interface Mutation {
  readonly column: string;
  readonly row: number;
  readonly value: number;
}

/** Rows tried one after the other from the first row on, and at random. */
const FIRST_ROWS = 40;
const RANDOM_ROWS = 60;
const LAST_ROWS = 3;

/** The verdict on the table's constraints alone; its interactions are left out. */
export function checkConstraints(subject: MutationSubject): TraceVerdict {
  const table: TableAir = { ...subject.table, interactions: [], isRequired: true };
  return checkTrace(
    { name: table.name, version: 1, buses: [], tables: [table] },
    [subject.trace],
    [subject.preprocessed ?? []],
    subject.statement ?? new Uint32Array(8),
  );
}

/** The label of the first violated constraint; undefined when all hold. */
export function firstViolation(subject: MutationSubject): string | undefined {
  const verdict = checkConstraints(subject);
  if (verdict.ok) return undefined;
  assert.equal(verdict.kind, 'constraint', JSON.stringify(verdict));
  return verdict.kind === 'constraint' ? verdict.constraint : undefined;
}

/** The subject with one cell changed. */
export function mutated(subject: MutationSubject, { column, row, value }: Mutation): MutationSubject {
  const position = subject.table.mainColumns.indexOf(column);
  assert.ok(position >= 0, `table ${subject.table.name} has no column ${column}`);
  const columns = subject.trace.columns.map((words, index) => (index === position ? words.slice() : words));
  columns[position]![row] = value;
  return { ...subject, trace: { ...subject.trace, columns } };
}

/** Names of the main columns that an expression reads. */
function columnsRead(table: TableAir, expression: NodeId): string[] {
  const { nodes } = table.graph;
  const isNeeded = new Set([expression]);
  const names = new Set<string>();
  for (let id = expression; id >= 0; id--) {
    const node = nodes[id]!;
    if (!isNeeded.has(id)) continue;
    if (node.kind === 'add' || node.kind === 'subtract' || node.kind === 'multiply')
      isNeeded.add(node.left).add(node.right);
    else if (node.kind === 'linear') for (const input of node.inputs) isNeeded.add(input);
    else if (node.kind === 'element') isNeeded.add(node.vector);
    else if (node.kind === 'main') names.add(table.mainColumns[node.column]!);
  }
  return [...names];
}

function candidateRows(height: number, random: Random): number[] {
  const rows = new Set<number>();
  for (let row = 0; row < Math.min(FIRST_ROWS, height); row++) rows.add(row);
  for (let back = 1; back <= LAST_ROWS; back++) rows.add(height - back);
  for (let index = 0; index < RANDOM_ROWS; index++) rows.add(random.below(height));
  return [...rows];
}

/** A one-cell change after which `label` is the first violation. */
export function findMutation(subject: MutationSubject, label: string, random: Random): Mutation | undefined {
  const { table, trace } = subject;
  const constraint = table.constraints.find((each) => each.label === label);
  assert.ok(constraint, `table ${table.name} has no constraint ${label}`);
  const rows = candidateRows(2 ** trace.logHeight, random);
  for (const column of columnsRead(table, constraint.expression)) {
    const words = trace.columns[table.mainColumns.indexOf(column)]!;
    for (const row of rows) {
      const before = words[row]!;
      for (const value of new Set([1 - Math.min(before, 1), (before + 1) % MODULUS, 2, random.word()])) {
        if (value === before) continue;
        const mutation = { column, row, value };
        if (firstViolation(mutated(subject, mutation)) === label) return mutation;
      }
    }
  }
  return undefined;
}

/**
 * Asserts that every constraint of the table is the first violation of some one-cell mutation of one of the subjects (all
 * of the same table), or of one of the forged traces. Returns the mutation found for each label.
 */
export function assertEveryConstraintBites(
  subjects: readonly MutationSubject[],
  random: Random,
  forged: Readonly<Record<string, MutationSubject>> = {},
): Map<string, Mutation | 'forged'> {
  const [first] = subjects;
  assert.ok(first);
  for (const subject of subjects) assert.deepEqual(checkConstraints(subject), { ok: true }, 'control');
  const found = new Map<string, Mutation | 'forged'>();
  for (const { label } of first.table.constraints) {
    const forgery = forged[label];
    if (forgery) {
      if (firstViolation(forgery) === label) found.set(label, 'forged');
      continue;
    }
    for (const subject of subjects) {
      const mutation = findMutation(subject, label, random);
      if (mutation) {
        found.set(label, mutation);
        break;
      }
    }
  }
  assert.deepEqual(
    first.table.constraints.map(({ label }) => label).filter((label) => !found.has(label)),
    [],
    `constraints of ${first.table.name} that no mutation reaches`,
  );
  return found;
}
