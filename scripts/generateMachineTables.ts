/**
 * Writes docs/spec/generated/machine-tables.md: every table of the machine as its AIR has it, so that a second verifier can be written
 * from the specification alone. With `--check` it writes nothing and fails when the file is not what would be written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { COLONNADE_MACHINE } from '../machine/system.ts';
import type { AirSystem, NodeId, TableAir } from '../stark/air/air.ts';
import { nodeDegrees } from '../stark/air/degree.ts';
import { machineDigest } from '../stark/air/machineDigest.ts';

const PATH = new URL('../docs/spec/generated/machine-tables.md', import.meta.url);
const COMMAND = 'node --import tsx scripts/generateMachineTables.ts';

/** How strongly a printed expression binds. Operators group to the left: a right operand that binds no more strongly needs parentheses. */
type Binding = 'sum' | 'product' | 'atom';

interface Printed {
  readonly text: string;
  readonly binding: Binding;
}

interface Printer {
  print(node: NodeId): string;
  /** Lines that define the vectors printed so far. */
  vectors(): string[];
}

function createPrinter(table: TableAir): Printer {
  const { nodes } = table.graph;
  const known = new Map<NodeId, Printed>();
  const vectorNames = new Map<NodeId, string>();
  const definitions: string[] = [];
  const atom = (text: string): Printed => ({ text, binding: 'atom' });

  /** In parentheses unless it binds more strongly than a sum. */
  function besideSum(node: NodeId): string {
    const { text, binding } = printed(node);
    return binding === 'sum' ? `(${text})` : text;
  }

  /** In parentheses unless it is one name, number or element. */
  function besideProduct(node: NodeId): string {
    const { text, binding } = printed(node);
    return binding === 'atom' ? text : `(${text})`;
  }

  function vectorName(node: NodeId): string {
    const made = vectorNames.get(node);
    if (made) return made;
    const linear = nodes[node];
    if (linear?.kind !== 'linear') throw new TypeError(`node ${node} is no vector`);
    const inputs = linear.inputs.map((input) => printed(input).text).join(', ');
    const name = `v${vectorNames.size}`;
    vectorNames.set(node, name);
    definitions.push(`${name} = M${linear.matrix} · (${inputs})`);
    return name;
  }

  function printFresh(id: NodeId): Printed {
    const node = nodes[id];
    switch (node?.kind) {
      case undefined:
        throw new TypeError(`there is no node ${id}`);
      case 'constant':
        return atom(String(node.value));
      case 'public':
        return atom(`statement[${node.index}]`);
      case 'main':
      case 'preprocessed': {
        const names = node.kind === 'main' ? table.mainColumns : table.preprocessedColumns;
        return atom(`${names[node.column]}${node.row === 'next' ? "'" : ''}`);
      }
      case 'selector':
        return atom(node.selector);
      case 'add':
        return { text: `${printed(node.left).text} + ${besideSum(node.right)}`, binding: 'sum' };
      case 'subtract':
        return { text: `${printed(node.left).text} - ${besideSum(node.right)}`, binding: 'sum' };
      case 'multiply':
        return { text: `${besideSum(node.left)}·${besideProduct(node.right)}`, binding: 'product' };
      case 'linear':
        throw new TypeError('a vector is read by its elements only');
      case 'element':
        return atom(`${vectorName(node.vector)}[${node.index}]`);
    }
  }

  function printed(id: NodeId): Printed {
    const made = known.get(id) ?? printFresh(id);
    known.set(id, made);
    return made;
  }

  return { print: (node) => printed(node).text, vectors: () => [...definitions] };
}

function tableText(system: AirSystem, slot: number, table: TableAir): string {
  const printer = createPrinter(table);
  const degrees = nodeDegrees(table.graph);
  const constraints = table.constraints.map(
    ({ label, expression }, index) =>
      `${index}. ${label} (degree ${degrees[expression]?.degree}): \`${printer.print(expression)}\``,
  );
  const interactions = table.interactions.map(
    ({ label, bus, multiplicity, values, weight }, index) =>
      `${index}. ${label}, ${system.buses[bus]?.name}, weight ${weight}: ` +
      `\`${printer.print(multiplicity)}\` × \`(${values.map(printer.print).join(', ')})\``,
  );
  const vectors = printer.vectors();
  const { minimumLogHeight, maximumLogHeight, isRequired, expansion } = table;
  const nextNames = (names: readonly string[], count: number): string =>
    names.length === 0 ? 'none' : `${names.join(', ')} (the first ${count} are read on the next row)`;
  return [
    `## Slot ${slot}: ${table.name}`,
    `Log height ${minimumLogHeight} to ${maximumLogHeight}; ${isRequired ? 'required' : 'may be absent'}; expansion ${expansion}.`,
    `Preprocessed columns: ${nextNames(table.preprocessedColumns, table.preprocessedNextColumns)}.`,
    `Main columns: ${nextNames(table.mainColumns, table.mainNextColumns)}.`,
    ...(vectors.length > 0 ? [`Vectors:\n\n${vectors.map((each) => `* \`${each}\``).join('\n')}`] : []),
    ...(table.graph.matrices.length > 0
      ? [
          `Matrices:\n\n${table.graph.matrices
            .map(({ rows, columns, values }, index) => {
              const lines = Array.from({ length: rows }, (_, row) =>
                values.slice(row * columns, (row + 1) * columns).join(' '),
              );
              return `M${index}, ${rows} × ${columns}:\n\n\`\`\`\n${lines.join('\n')}\n\`\`\``;
            })
            .join('\n\n')}`,
        ]
      : []),
    `Constraints:${constraints.length === 0 ? ' none.' : `\n\n${constraints.join('\n')}`}`,
    `Interactions (multiplicity × tuple):\n\n${interactions.join('\n')}`,
  ].join('\n\n');
}

export function machineTablesText(): string {
  const system = COLONNADE_MACHINE;
  const buses = system.buses.map(({ name, width }, id) => `| ${id} | ${name} | ${width} |`);
  return `${[
    '# The tables of the machine',
    `Generated by \`${COMMAND}\`. Expressions are over F; first, last, transition and the meaning of constraints and interactions are those of
\`../proof-system.md\`, sections 4 and 5. What the tables mean is in \`../machine.md\`; the same tables as nodes, in the order that the machine
digest covers, are in \`machine-words.json\`.`,
    `An expression is a sum, which is products joined by + and -, each of factors joined by ·. · binds before + and -, and all three group to
the left: a + b - c is (a + b) - c. A factor is a number, a column, a column of the next row (with '), a selector, \`statement[k]\` (word k of
the statement digest), \`v[i]\` (entry i, from 0, of a vector v of the table's list), or an expression in parentheses. Parentheses show every other
grouping, so that an expression is one tree of the table's nodes.`,
    `System ${system.name}, version ${system.version}, machine digest ${[...machineDigest(system)].join(' ')}.`,
    `| bus | name | width |\n|---|---|---|\n${buses.join('\n')}`,
    ...system.tables.map((table, slot) => tableText(system, slot, table)),
  ].join('\n\n')}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const text = machineTablesText();
  if (!process.argv.includes('--check')) writeFileSync(PATH, text);
  else if (readFileSync(PATH, 'utf8') !== text) {
    process.stderr.write(`docs/spec/generated/machine-tables.md is not what ${COMMAND} writes\n`);
    process.exitCode = 1;
  }
}
