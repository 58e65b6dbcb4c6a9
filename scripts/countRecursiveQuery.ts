/**
 * Counts, for the proof of a child of given table heights, the rows that verifying its FRI queries costs on the machine:
 * the figures of docs/decisions/0001-recursive-query-on-paper.md. Shapes come from the tables and the protocol; the
 * cycles of each step are those of the page's listing.
 * Usage: node --import tsx scripts/countRecursiveQuery.ts
 */
import { COLONNADE_MACHINE } from '../machine/system.ts';
import type { AirSystem, TableAir } from '../stark/air/air.ts';
import { DEGREE } from '../stark/field/extension.ts';
import { INNER, LEAF, type Profile } from '../stark/profile.ts';
import { BLOCK_WORDS, blocksOf, type LogHeights, proofShape } from '../stark/proof/shape.ts';

/** What the instruction set offers and how the program is arranged; each choice is costed by turning it off. */
interface Choices {
  /** One DOT8 call covers a run of rows; otherwise one call a row. */
  readonly hasDotRuns: boolean;
  /** PATH yields the domain point of the index; otherwise the program multiplies it up bit by bit. */
  readonly pathYieldsPoint: boolean;
  /** One extension row evaluates 8 packed coefficients; otherwise one a coefficient. */
  readonly hasEvaluate8: boolean;
  /** Operand D may come from memory; otherwise a call with a variable count goes through a jump table. */
  readonly hasMemoryD: boolean;
  /** Groups and layers are the outer loop, queries the unrolled inner one; otherwise a loop per query. */
  readonly queriesInside: boolean;
}

const ALL: Choices = {
  hasDotRuns: true,
  pathYieldsPoint: true,
  hasEvaluate8: true,
  hasMemoryD: true,
  queriesInside: true,
};

/** Cycles of the steps of the page's listings, calls included, for the two arrangements. */
const QUERIES_INSIDE = {
  query: 46,
  level: 2,
  group: 9,
  nextRows: 1,
  height: 20,
  layer: 9,
  rollIn: 2,
  pointBit: 5,
};
const QUERIES_OUTSIDE = {
  query: 46,
  level: 2,
  group: 21,
  nextRows: 3,
  height: 29,
  layer: 20,
  rollIn: 2,
  pointBit: 5,
};
/** Extra cycles of a call whose count is chosen by a jump table. */
const JUMP_TABLE_CYCLES = 3;
/** Extension rows of one height's function: two denominators, sums over the trees, two quotients, their sum. */
const HEIGHT_ROWS = 11;
/** New memory rows of a group (leaf, state, two sums), of a layer (leaf, value), of a height. */
const MEMORY = { group: 4, layer: 2, height: 8 };

interface Count {
  readonly cycles: number;
  readonly hashRows: number;
  readonly extensionRows: number;
  readonly memoryRows: number;
}

/** One query. */
function countQuery(system: AirSystem, profile: Profile, logHeights: LogHeights, choices: Choices): Count {
  const shape = proofShape(system, profile, logHeights);
  const { logBlowup, logCap, logFinalLength } = profile;
  const costs = choices.queriesInside ? QUERIES_INSIDE : QUERIES_OUTSIDE;
  // A call whose count is no constant of the program.
  const variableCall = choices.hasMemoryD ? 0 : JUMP_TABLE_CYCLES;
  let hashRows = 0;
  let extensionRows = 0;
  let memoryRows = 0;
  let cycles = costs.query;

  for (const { matrices } of shape.trees) {
    const heights = new Set(matrices.map(({ logHeight }) => logHeight));
    const tallest = Math.max(...heights);
    hashRows += tallest + logBlowup - logCap + heights.size - 1;
    for (const height of heights) {
      const group = matrices.filter(({ logHeight }) => logHeight === height);
      const blocks = group.reduce((sum, { columns }) => sum + blocksOf(columns), 0);
      const nextBlocks = group.reduce((sum, { nextColumns }) => sum + blocksOf(nextColumns), 0);
      hashRows += blocks;
      extensionRows += blocks + nextBlocks;
      memoryRows += blocks + MEMORY.group;
      cycles += costs.group + 3 * variableCall + (nextBlocks > 0 ? costs.nextRows + variableCall : 0);
      if (!choices.hasDotRuns) cycles += 2 * (blocks + nextBlocks);
    }
  }
  const heightCount = shape.distinctLogHeights.length;
  extensionRows += HEIGHT_ROWS * heightCount;
  memoryRows += MEMORY.height * heightCount;
  cycles += costs.height * heightCount;

  for (const { logHeight, logArity, rollsIn } of shape.folds) {
    const blocks = blocksOf(DEGREE * 2 ** logArity);
    hashRows += blocks + logHeight + logBlowup - logArity - logCap;
    extensionRows += 1 + (rollsIn ? 1 : 0);
    memoryRows += blocks + MEMORY.layer;
    cycles += costs.layer + 2 * variableCall + (rollsIn ? costs.rollIn : 0);
  }
  // Index segments between heights and layers, and one squaring of the point a level.
  const tallest = shape.distinctLogHeights[0]!;
  cycles += costs.level * (heightCount + shape.folds.length) + tallest - logFinalLength;
  if (!choices.pathYieldsPoint) cycles += costs.pointBit * (tallest + logBlowup);

  // The final polynomial at the query's point.
  let coefficients = 2 ** logFinalLength;
  while (choices.hasEvaluate8 && coefficients >= 8) {
    coefficients = Math.ceil(coefficients / 8);
    extensionRows += coefficients;
    cycles += coefficients;
  }
  if (coefficients > 1) {
    extensionRows += coefficients;
    cycles += coefficients;
  }
  // Almost every cycle that is no call fills one new cell of a frame.
  memoryRows += Math.ceil(cycles / BLOCK_WORDS);
  return { cycles, hashRows, extensionRows, memoryRows };
}

/** Cycles of loops, key, statement, grinds and the setting up of descriptors, once a child. */
const SETUP_CYCLES = 2_000;
/** Compressions of key, statement, heights, sums, grinds and squeezes, once a child. */
const SETUP_HASHES = 150;
/** Extension rows a table for its selectors and its closing equation. */
const TABLE_ROWS = 60;

/** What precedes the queries: transcript, the constraints at zeta, the weights. */
function countOnce(system: AirSystem, profile: Profile, logHeights: LogHeights): Count {
  const shape = proofShape(system, profile, logHeights);
  const caps = 3 + shape.folds.length;
  const openingRows = blocksOf(DEGREE * shape.openingCount);
  const capRows = caps * 2 ** profile.logCap;
  const finalRows = blocksOf(DEGREE * 2 ** profile.logFinalLength);
  const hashRows = openingRows + capRows + finalRows + SETUP_HASHES;

  // Unpacking 8 openings, their weighted sum 8 at a time, and one weight a block.
  let extensionRows = 2 * blocksOf(shape.openingCount) + shape.blockCount;
  for (const slot of shape.presentSlots) {
    const { constraints, graph, interactions } = system.tables[slot]!;
    extensionRows += TABLE_ROWS + constraints.length;
    for (const node of graph.nodes) {
      if (node.kind === 'add' || node.kind === 'subtract' || node.kind === 'multiply') extensionRows++;
      if (node.kind === 'linear')
        extensionRows += graph.matrices[node.matrix]!.rows * blocksOf(node.inputs.length);
    }
    extensionRows += interactions.reduce((sum, { values }) => sum + values.length, 0);
    extensionRows += 6 * Math.ceil(interactions.length / 2);
  }
  const cycles = extensionRows + SETUP_CYCLES;
  return {
    cycles,
    hashRows,
    extensionRows,
    // The packed openings, caps and final polynomial; one row a working element.
    memoryRows: openingRows + capRows + finalRows + extensionRows,
  };
}

/** The future extension table, as far as an opened row shows it: 90 columns, 9 row lookups and calls. */
const EXTENSION_TABLE: TableAir = {
  name: 'extension',
  preprocessedColumns: [],
  mainColumns: Array.from({ length: 90 }, (_, column) => `column${column}`),
  preprocessedNextColumns: 0,
  mainNextColumns: 16,
  graph: { nodes: [], matrices: [] },
  constraints: [],
  interactions: Array.from({ length: 9 }, (_, index) => ({
    label: `lookup${index}`,
    bus: 2,
    multiplicity: 0,
    values: [],
    weight: 1,
  })),
  minimumLogHeight: 8,
  maximumLogHeight: 22,
  isRequired: false,
  expansion: 'none',
};

const machine: AirSystem = { ...COLONNADE_MACHINE, tables: [...COLONNADE_MACHINE.tables, EXTENSION_TABLE] };

function heightsOf(heights: Readonly<Record<string, number>>): LogHeights {
  return machine.tables.map(({ name }) => heights[name]);
}

const CHILDREN: readonly { name: string; profile: Profile; heights: LogHeights }[] = [
  {
    name: 'leaf child',
    profile: LEAF,
    heights: heightsOf({
      cpu: 20,
      program: 13,
      memory: 19,
      range: 16,
      hash: 16,
      word: 17,
      wordMultiply: 15,
      ram: 17,
    }),
  },
  {
    name: 'inner child',
    profile: INNER,
    heights: heightsOf({ cpu: 17, program: 14, memory: 16, range: 16, hash: 16, extension: 16 }),
  },
];

const VARIANTS: readonly { name: string; choices: Choices; profile?: Partial<Profile> }[] = [
  { name: 'all', choices: ALL },
  { name: 'a DOT8 call a row', choices: { ...ALL, hasDotRuns: false } },
  { name: 'point from bits in the program', choices: { ...ALL, pathYieldsPoint: false } },
  { name: 'final polynomial by Horner', choices: { ...ALL, hasEvaluate8: false } },
  { name: 'D an immediate only', choices: { ...ALL, hasMemoryD: false } },
  { name: 'a loop per query', choices: { ...ALL, queriesInside: false } },
  {
    name: 'none',
    choices: {
      hasDotRuns: false,
      pathYieldsPoint: false,
      hasEvaluate8: false,
      hasMemoryD: false,
      queriesInside: false,
    },
  },
  { name: 'all, caps of 2^6', choices: ALL, profile: { logCap: 6 } },
  { name: 'all, caps of 2^7', choices: ALL, profile: { logCap: 7 } },
];

function figures(count: Count, factor: number): number[] {
  return [count.cycles, count.hashRows, count.extensionRows, count.memoryRows].map((rows) => rows * factor);
}

for (const { name, profile, heights } of CHILDREN) {
  const shape = proofShape(machine, profile, heights);
  const columns = shape.trees.flatMap(({ matrices }) => matrices);
  console.log(
    `\n${name}: ${columns.reduce((sum, matrix) => sum + matrix.columns, 0)} columns, ` +
      `${shape.openingCount} openings, ${shape.distinctLogHeights.length} heights, ${shape.folds.length} fold layers`,
  );
  console.log('| choices | cycles | hash | extension | memory |');
  console.log(
    `| once, before the queries | ${figures(countOnce(machine, profile, heights), 1).join(' | ')} |`,
  );
  for (const variant of VARIANTS) {
    const chosen = { ...profile, ...variant.profile };
    const once = figures(countOnce(machine, chosen, heights), 1);
    const query = countQuery(machine, chosen, heights, variant.choices);
    const total = figures(query, chosen.queries).map((rows, index) => rows + once[index]!);
    console.log(`| ${variant.name}, one query | ${figures(query, 1).join(' | ')} |`);
    console.log(`| ${variant.name}, child | ${total.join(' | ')} |`);
  }
}
