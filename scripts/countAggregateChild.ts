/**
 * Counts what verifying one child costs on the machine: the cycles and table rows of the aggregate program over a child of
 * given table heights. Nothing is proved or verified: the program is walked with relations that nobody checks, over a proof of
 * zeros; its branches and loops depend on the heights alone.
 * Usage: node --import tsx scripts/countAggregateChild.ts
 */

import { END_PC, FLAG, INITIAL_FP, TAG } from '../machine/instruction.ts';
import type { Hint, HintFunctions, HintMemory, HintOperand, Program } from '../machine/program.ts';
import { CALL_TABLES, COLONNADE_MACHINE } from '../machine/system.ts';
import { buildAggregateProgram, CHILD_PROFILES } from '../programs/aggregate/aggregateProgram.ts';
import { aggregateHints, type ChildWitness } from '../programs/aggregate/witness.ts';
import { logUpColumnCount } from '../stark/air/degree.ts';
import { DEGREE } from '../stark/field/extension.ts';
import { add, inverse, multiply, subtract } from '../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../stark/hash/poseidon.ts';
import { preprocessedSlots } from '../stark/keys.ts';
import { INNER, LEAF, type Profile } from '../stark/profile.ts';
import { blocksOf, PHASES, proofShape } from '../stark/proof/shape.ts';

interface Count {
  cycles: number;
  hashRows: number;
  extensionRows: number;
  memoryRows: number;
  /** By the section that executes. */
  readonly sections: Map<string, number>;
}

const UNWRITTEN = -1;
const ROW_WORDS = 8;

/** Walks a program over hints; a relation that does not hold is passed over. */
function walk(program: Program, hints: HintFunctions): Count {
  const cells = new Int32Array(1 << 22).fill(UNWRITTEN);
  let free = Math.ceil((INITIAL_FP + program.mainFrameWords) / ROW_WORDS) * ROW_WORDS;
  const count: Count = { cycles: 0, hashRows: 0, extensionRows: 0, memoryRows: 0, sections: new Map() };
  const peek = (address: number): number => (address < cells.length ? cells[address]! : UNWRITTEN);
  const read = (address: number): number => Math.max(peek(address), 0);
  const write = (address: number, value: number): void => {
    if (address >= cells.length) return;
    if (cells[address] === UNWRITTEN) cells[address] = value;
  };
  const memory: HintMemory = {
    read,
    write,
    isWritten: (address) => peek(address) !== UNWRITTEN,
    allocate(words) {
      const address = free;
      free += Math.ceil(words / ROW_WORDS) * ROW_WORDS;
      return address;
    },
  };
  let pc = 0;
  let fp = INITIAL_FP;
  const value = ({ kind, offset }: HintOperand): number =>
    kind === 'constant' ? offset : kind === 'address' ? add(fp, offset) : read(add(fp, offset));

  function take(hint: Hint): void {
    if (hint.kind === 'allocate') {
      const shares = Math.ceil(value(hint.count) / hint.share);
      write(add(fp, hint.output), memory.allocate(shares * hint.stride + hint.extra));
      return;
    }
    const words = hints[hint.name]!(hint.inputs.map(value), memory);
    if (hint.kind === 'host')
      hint.outputs.forEach((offset, index) => {
        write(add(fp, offset), words[index] ?? 0);
      });
    if (hint.kind === 'rows')
      for (let word = 0; word < words.length; word++) write(value(hint.address) + word, words[word]!);
  }

  const sectionOf = new Map<number, string>();
  for (const { name, start, end } of program.sections)
    for (let each = start; each < end; each++) sectionOf.set(each, name);

  for (; pc !== END_PC; count.cycles++) {
    const section = sectionOf.get(pc) ?? '';
    count.sections.set(section, (count.sections.get(section) ?? 0) + 1);
    for (const hint of program.hints.get(pc) ?? []) take(hint);
    const { a: fieldA, b: fieldB, c: fieldC, d: fieldD, flags, tag } = program.instructions[pc]!;
    const has = (flag: number): boolean => (flags & flag) !== 0;
    const addressOf = (field: number, memory: number, relative: number): number =>
      has(memory | relative) ? add(fp, field) : field;
    const operand = (field: number, memory: number, relative: number): number =>
      has(memory) ? peek(add(fp, field)) : addressOf(field, memory, relative);
    const a = operand(fieldA, FLAG.memA, FLAG.fpA);
    const c = operand(fieldC, FLAG.memC, FLAG.fpC);
    const derefAddress = add(Math.max(a, 0), fieldB);
    const b = has(FLAG.isDeref) ? peek(derefAddress) : operand(fieldB, FLAG.memB, FLAG.fpB);
    const known = (word: number): number => Math.max(word, 0);
    const isAdd = has(FLAG.isAdd);
    let nextPc = pc + 1;
    if (isAdd || has(FLAG.isMul)) {
      const undo = (total: number, other: number): number =>
        isAdd ? subtract(total, other) : other === 0 ? 0 : multiply(total, inverse(other));
      if (c === UNWRITTEN)
        write(add(fp, fieldC), isAdd ? add(known(a), known(b)) : multiply(known(a), known(b)));
      else if (a === UNWRITTEN) write(add(fp, fieldA), undo(c, known(b)));
      else if (b === UNWRITTEN) write(add(fp, fieldB), undo(c, known(a)));
    } else if (has(FLAG.isDeref)) {
      if (b === UNWRITTEN) write(derefAddress, known(c));
      else if (c === UNWRITTEN) write(add(fp, fieldC), b);
    } else if (has(FLAG.isJump)) {
      if (known(a) !== 0) {
        nextPc = known(b);
        fp = known(c);
      }
    } else {
      const d = known(operand(fieldD, FLAG.memD, FLAG.fpD));
      const table = CALL_TABLES.find(({ tags }) => tags.includes(tag))!;
      const rows = table.rowsOf(tag, d);
      if (tag === TAG.HASH_CHAIN || tag === TAG.HASH_PATH) count.hashRows += rows;
      else count.extensionRows += rows;
    }
    pc = nextPc;
  }
  count.memoryRows = free / ROW_WORDS;
  return count;
}

/** The witness of a proof of zeros with these heights. */
function zeroWitness(profile: Profile, heights: Readonly<Record<string, number>>): ChildWitness {
  const logHeights = COLONNADE_MACHINE.tables.map(({ name }) => heights[name]);
  const shape = proofShape(COLONNADE_MACHINE, profile, logHeights);
  const zeros = (words: number): Uint32Array => new Uint32Array(words);
  const cap = zeros(DIGEST_WORDS << profile.logCap);
  const tree = (blocksAt: (logRows: number) => number) => ({
    logCap: profile.logCap,
    leafRow: (logRows: number) => zeros(blocksAt(logRows) * ROW_WORDS),
    siblings: (logRows: number, nextLogRows: number) =>
      zeros(Math.max(logRows - nextLogRows, 0) * DIGEST_WORDS),
  });
  return {
    profileNumber: CHILD_PROFILES.indexOf(profile),
    profile,
    keyDigest: zeros(DIGEST_WORDS),
    preprocessedCap: preprocessedSlots(COLONNADE_MACHINE).length > 0 ? cap : zeros(0),
    statement: zeros(DIGEST_WORDS),
    innerDigest: undefined,
    proof: {
      logHeights,
      mainCap: cap,
      logUpCap: cap,
      sums: zeros(shape.summedSlots.length * DEGREE),
      quotientCap: cap,
      openings: zeros(shape.openingCount * DEGREE),
      foldCaps: shape.folds.map(() => cap),
      finalPolynomial: zeros(DEGREE << profile.logFinalLength),
      nonces: { lookup: 0, deep: 0, batch: 0, folds: shape.folds.map(() => 0), query: 0 },
      distinctCounts: [],
      treeOpenings: [],
      foldOpenings: [],
    },
    shape,
    phaseTrees: PHASES.map((_, number) =>
      tree((logRows) =>
        shape.trees[number]!.matrices.filter(
          ({ logHeight }) => logHeight + profile.logBlowup === logRows,
        ).reduce((blocks, { columns }) => blocks + blocksOf(columns), 0),
      ),
    ),
    foldTrees: shape.folds.map(({ logArity }) => tree(() => blocksOf(DEGREE << logArity))),
  };
}

const program = buildAggregateProgram();
const isVerbose = process.argv.includes('--sections');
console.log(`${program.instructions.length} instructions`);

function count(children: readonly ChildWitness[]): Count {
  return walk(program, aggregateHints(new Uint32Array(DIGEST_WORDS), children));
}

function print(title: string, profile: Profile, heights: Readonly<Record<string, number>>): void {
  const child = zeroWitness(profile, heights);
  const [one, two] = [count([child]), count([child, child])];
  const of = (field: 'cycles' | 'hashRows' | 'extensionRows' | 'memoryRows'): string =>
    `${two[field] - one[field]} (two: ${two[field]})`;
  console.log(
    `${title}: ${of('cycles')} cycles, ${of('hashRows')} hash rows, ${of('extensionRows')} extension rows, ${of('memoryRows')} memory rows`,
  );
  if (isVerbose)
    for (const [section, cycles] of two.sections)
      console.log(`  ${cycles - (one.sections.get(section) ?? 0)} ${section}`);
}

/** Main, preprocessed and LogUp columns times rows. */
function cellsOf(heights: Readonly<Record<string, number>>): number {
  return COLONNADE_MACHINE.tables.reduce((cells, table) => {
    const logHeight = heights[table.name];
    if (logHeight === undefined) return cells;
    const columns = table.preprocessedColumns.length + table.mainColumns.length + logUpColumnCount(table);
    return cells + columns * 2 ** logHeight;
  }, 0);
}

const LEAF_HEIGHTS = {
  cpu: 20,
  program: 13,
  memory: 19,
  range: 16,
  hash: 16,
  word: 17,
  wordMultiply: 15,
  ram: 17,
};
const NODE_HEIGHTS = { cpu: 16, program: 15, memory: 16, range: 16, hash: 15, extension: 15 };
print('leaf child of six heights', LEAF, LEAF_HEIGHTS);
print('leaf child of all tables', LEAF, { ...LEAF_HEIGHTS, extension: 16 });
const GREATEST = {
  ...LEAF_HEIGHTS,
  cpu: 22,
  program: 22,
  memory: 22,
  hash: 22,
  word: 22,
  wordMultiply: 22,
  ram: 22,
};
print('leaf child at the greatest heights', LEAF, GREATEST);
print('inner child, a node of two', INNER, NODE_HEIGHTS);
print('inner child of four heights', INNER, { ...NODE_HEIGHTS, cpu: 17, program: 14 });
print('inner child, an aggregate of one leaf', INNER, {
  ...NODE_HEIGHTS,
  cpu: 15,
  memory: 15,
  hash: 14,
  extension: 14,
});
print('inner child, an aggregate of two leaves', INNER, {
  ...NODE_HEIGHTS,
  cpu: 17,
  memory: 17,
  hash: 16,
  extension: 16,
});
console.log(`cells of a node of two: ${(cellsOf(NODE_HEIGHTS) / 1e6).toFixed(1)} M`);
