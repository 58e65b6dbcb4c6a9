/**
 * Writes docs/spec/generated/machine-words.json: the tables of the machine as nodes, in the order that the machine digest covers, so that
 * it can be rebuilt without this code. With `--check` it writes nothing and fails when the file is not what would be written.
 * Source: docs/spec/air-words.md, section The file.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { COLONNADE_MACHINE } from '../machine/system.ts';
import type { Node, TableAir } from '../stark/air/air.ts';

const PATH = new URL('../docs/spec/generated/machine-words.json', import.meta.url);
const COMMAND = 'node --import tsx scripts/generateMachineWords.ts';

/** Most characters of a line. */
const LINE_LENGTH = 150;

function nodeFields(node: Node): readonly unknown[] {
  switch (node.kind) {
    case 'constant':
      return [node.kind, node.value];
    case 'public':
      return [node.kind, node.index];
    case 'preprocessed':
    case 'main':
      return [node.kind, node.column, node.row];
    case 'selector':
      return [node.kind, node.selector];
    case 'add':
    case 'subtract':
    case 'multiply':
      return [node.kind, node.left, node.right];
    case 'linear':
      return [node.kind, node.matrix, node.inputs];
    case 'element':
      return [node.kind, node.vector, node.index];
  }
}

/** A list as JSON, as many items on a line as fit. */
function listText(items: readonly unknown[]): string {
  const lines: string[] = [];
  let line = '';
  for (const [index, item] of items.entries()) {
    const text = JSON.stringify(item) + (index < items.length - 1 ? ',' : '');
    if (line.length > 0 && line.length + text.length > LINE_LENGTH) {
      lines.push(line);
      line = '';
    }
    line += text;
  }
  if (line.length > 0) lines.push(line);
  return lines.length < 2 ? `[${lines.join('')}]` : `[\n${lines.join('\n')}\n]`;
}

function objectText(fields: Readonly<Record<string, string>>): string {
  return `{\n${Object.entries(fields)
    .map(([name, text]) => `"${name}":${text}`)
    .join(',\n')}\n}`;
}

function tableText(table: TableAir): string {
  const { name, minimumLogHeight, maximumLogHeight, isRequired, expansion, graph } = table;
  return objectText({
    name: JSON.stringify(name),
    preprocessedColumns: listText(table.preprocessedColumns),
    mainColumns: listText(table.mainColumns),
    preprocessedNextColumns: String(table.preprocessedNextColumns),
    mainNextColumns: String(table.mainNextColumns),
    minimumLogHeight: String(minimumLogHeight),
    maximumLogHeight: String(maximumLogHeight),
    isRequired: String(isRequired),
    expansion: JSON.stringify(expansion),
    matrices: `[${graph.matrices
      .map(({ rows, columns, values }) => `[${rows},${columns},${listText([...values])}]`)
      .join(',\n')}]`,
    nodes: listText(graph.nodes.map(nodeFields)),
    constraints: listText(table.constraints.map(({ label, expression }) => [label, expression])),
    interactions: listText(
      table.interactions.map(({ label, bus, multiplicity, weight, values }) => [
        label,
        bus,
        multiplicity,
        weight,
        values,
      ]),
    ),
  });
}

export function machineWordsText(): string {
  const { name, version, buses, tables } = COLONNADE_MACHINE;
  return `${objectText({
    generatedBy: JSON.stringify(COMMAND),
    name: JSON.stringify(name),
    version: String(version),
    buses: listText(buses.map((bus) => [bus.name, bus.width])),
    tables: `[${tables.map(tableText).join(',\n')}]`,
  })}\n`;
}

if (process.argv[1] === import.meta.filename) {
  const text = machineWordsText();
  if (!process.argv.includes('--check')) writeFileSync(PATH, text);
  else if (readFileSync(PATH, 'utf8') !== text) {
    process.stderr.write(`docs/spec/generated/machine-words.json is not what ${COMMAND} writes\n`);
    process.exitCode = 1;
  }
}
