/**
 * Counts what verifying one child costs on the machine: the cycles and table rows that the aggregate program's code for a
 * child of given table heights comes to. The code has no branches in a child, so its instructions are its cycles.
 * Usage: node --import tsx scripts/countAggregateChild.ts
 */
import { FLAG, TAG } from '../machine/instruction.ts';
import type { Program } from '../machine/program.ts';
import { COLONNADE_MACHINE } from '../machine/system.ts';
import { buildAggregateProgram } from '../programs/aggregate/aggregateProgram.ts';
import { type ChildShape, childShape } from '../programs/aggregate/childShape.ts';
import { queriesUnrolled } from '../programs/aggregate/queries.ts';
import type { AirSystem } from '../stark/air/air.ts';
import { logUpColumnCount } from '../stark/air/degree.ts';
import { INNER, LEAF, type Profile } from '../stark/profile.ts';

interface Count {
  cycles: number;
  hashRows: number;
  extensionRows: number;
  memoryRows: number;
}

const ROW_WORDS = 8;

/** Rows of a FOLD8 by log arity; the selector of the fold is no constant, so folds are counted from the shape. */
function countSection(program: Program, start: number, end: number): Count {
  const count: Count = { cycles: end - start, hashRows: 0, extensionRows: 0, memoryRows: 0 };
  for (const { flags, tag, d } of program.instructions.slice(start, end)) {
    if ((flags & FLAG.isCall) === 0) continue;
    if (tag === TAG.HASH_CHAIN || tag === TAG.HASH_PATH) count.hashRows += d;
    else if (tag === TAG.DOT8 || tag === TAG.EVAL8) count.extensionRows += d;
    else if (tag !== TAG.FOLD8) count.extensionRows += 1;
  }
  for (let pc = start; pc < end; pc++)
    for (const hint of program.hints.get(pc) ?? [])
      if (hint.kind === 'allocate') count.memoryRows += (hint.count.offset * hint.stride) / ROW_WORDS;
  return count;
}

function countChild(shape: ChildShape): Count & { instructions: number } {
  const program = buildAggregateProgram([shape]);
  const [, , child, queries] = program.sections;
  if (child === undefined || queries === undefined) throw new RangeError('the program has other sections');
  const caller = program.sections.at(-1)!;
  const { memoryRows } = countSection(program, caller.start, caller.end);
  const once = countSection(program, child.start, child.end);
  const loop = countSection(program, queries.start, queries.end);
  const iterations = shape.profile.queries / queriesUnrolled(shape.profile);
  const foldRows =
    shape.shape.folds.reduce((rows, { logArity }) => rows + logArity, 0) * shape.profile.queries;
  return {
    instructions: program.instructions.length,
    cycles: once.cycles + iterations * loop.cycles,
    hashRows: once.hashRows + iterations * loop.hashRows,
    extensionRows: once.extensionRows + iterations * loop.extensionRows + foldRows,
    memoryRows: memoryRows + once.memoryRows,
  };
}

function print(
  title: string,
  system: AirSystem,
  profile: Profile,
  heights: Readonly<Record<string, number>>,
): void {
  const logHeights = system.tables.map(({ name }) => heights[name]);
  const { instructions, cycles, hashRows, extensionRows, memoryRows } = countChild(
    childShape(system, profile, logHeights),
  );
  console.log(
    `${title}: ${cycles} cycles, ${hashRows} hash rows, ${extensionRows} extension rows, ${memoryRows} memory rows, ${instructions} instructions`,
  );
}

print('leaf child', COLONNADE_MACHINE, LEAF, {
  cpu: 20,
  program: 13,
  memory: 19,
  range: 16,
  hash: 16,
  word: 17,
  wordMultiply: 15,
  ram: 17,
});
print('inner child', COLONNADE_MACHINE, INNER, {
  cpu: 17,
  program: 14,
  memory: 16,
  range: 16,
  hash: 16,
  extension: 16,
});
// What a node of two inner children comes to, as a child itself.
const NODE = { cpu: 16, program: 15, memory: 16, hash: 15, extension: 15 };
print('inner child of a node of its own', COLONNADE_MACHINE, INNER, NODE);
console.log(`cells of such a node: ${(cellsOf(COLONNADE_MACHINE, NODE) / 1e6).toFixed(1)} M`);

/** Main, preprocessed and LogUp columns times rows. */
function cellsOf(system: AirSystem, heights: Readonly<Record<string, number>>): number {
  return system.tables.reduce((cells, table) => {
    const logHeight = heights[table.name];
    if (logHeight === undefined) return cells;
    const columns = table.preprocessedColumns.length + table.mainColumns.length + logUpColumnCount(table);
    return cells + columns * 2 ** logHeight;
  }, 0);
}
