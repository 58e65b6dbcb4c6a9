/**
 * Lies about hints. A guest program declares for each hint by name what pins its words; every hint that a run asks for and every
 * name of the program's list is looked up there, words are replaced by other values, and a run that ends must state what the
 * declaration allows. So a new hint needs a declaration, and a declaration needs an assertion in the program.
 */
import assert from 'node:assert/strict';
import { MachineError } from '../../machine/errors.ts';
import type { HintFunctions, HintMemory, Program } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import type { Random } from './random.ts';
import { runUnbound, type UnboundRun } from './unboundProver.ts';

export type Declaration =
  /** Any other word stops the run. */
  | { readonly pinned: 'stops' }
  /** Another word stops the run or is stated: the statement is the true one of what was told. */
  | { readonly pinned: 'states' }
  /** As above but for words that nothing reads or that decide nothing. */
  | { readonly pinned: 'stops' | 'states'; readonly free: FreeWords }
  /** The honest run does not ask for it. */
  | { readonly pinned: 'not asked'; readonly why: string };

export interface Lie {
  /** The word's place in what the hint says: what it writes to memory, then its answer. */
  readonly word: number;
  readonly inputs: readonly number[];
  readonly honest: number;
  readonly value: number;
}

export interface FreeWords {
  readonly why: string;
  readonly isFree: (lie: Lie) => boolean;
}

/** The answers of a run, by name. */
export type Told = ReadonlyMap<string, readonly (readonly number[])[]>;

export interface Guest {
  readonly program: Program;
  /** Fresh functions for a run. */
  readonly hints: () => HintFunctions;
  /** The program's list of hints. */
  readonly names: readonly string[];
  readonly declarations: Readonly<Record<string, Declaration>>;
  /** The statement that is true if the hints are; undefined if they are those of no statement. */
  readonly statementOf: (told: Told) => Uint32Array | undefined;
}

/** A word of a hint: of the answer, or of what the function writes to memory. */
interface Word {
  readonly name: string;
  readonly call: number;
  readonly word: number;
  readonly honest: number;
  readonly inputs: readonly number[];
}

const STOPS = [MachineError, RangeError];

/** Cycles of a run with a lie; more are a loop without end. */
function cycleLimit(cycles: number): number {
  return 2 * cycles + 4096;
}

/** Hint functions that note every word and replace one of them. */
function lying(
  hints: HintFunctions,
  lie:
    | { readonly name: string; readonly call: number; readonly word: number; readonly value: number }
    | undefined,
): { readonly hints: HintFunctions; readonly words: Word[]; readonly told: Map<string, number[][]> } {
  const words: Word[] = [];
  const told = new Map<string, number[][]>();
  const replaced = Object.entries(hints).map(([name, give]) => {
    let calls = 0;
    return [
      name,
      (inputs: readonly number[], memory: HintMemory): number[] => {
        const call = calls++;
        let count = 0;
        const say = (honest: number): number => {
          const word = count++;
          words.push({ name, call, word, honest, inputs });
          return lie?.name === name && lie.call === call && lie.word === word ? lie.value : honest;
        };
        // What is written to memory is told as well.
        const heard: HintMemory = {
          read: (address) => memory.read(address),
          isWritten: (address) => memory.isWritten(address),
          allocate: (size) => memory.allocate(size),
          write: (address, value) => memory.write(address, say(value)),
        };
        const answer = Array.from(give(inputs, heard), say);
        told.set(name, [...(told.get(name) ?? []), answer]);
        return answer;
      },
    ] as const;
  });
  return { hints: Object.fromEntries(replaced), words, told };
}

/** The run, or undefined when it is stopped. */
function attempt(run: () => UnboundRun): UnboundRun | undefined {
  try {
    return run();
  } catch (error) {
    if (STOPS.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

/** The honest run and the words that it was told. Throws: AssertionError when something is undeclared. */
export function honestRun(guest: Guest): { readonly run: UnboundRun; readonly words: readonly Word[] } {
  const { program, names, declarations } = guest;
  const { hints, words, told } = lying(guest.hints(), undefined);
  const honest = runUnbound(program, { hints, maximumCycles: 2 ** 20 });
  assert.deepEqual(honest.statement, run(program, guest.hints()).statement, 'the executor states the same');
  assert.deepEqual(guest.statementOf(told), honest.statement, 'the honest statement is what was told');
  for (const name of new Set([...names, ...told.keys(), ...namesIn(program)]))
    assert.ok(Object.hasOwn(declarations, name), `the hint '${name}' is not declared`);
  for (const [name, { pinned }] of Object.entries(declarations))
    assert.equal(told.has(name), pinned !== 'not asked', `the hint '${name}' is declared, but not asked`);
  return { run: honest, words };
}

/** The hints that the bytecode asks for on any way. */
function namesIn(program: Program): string[] {
  return [...program.hints.values()].flat().flatMap((hint) => (hint.kind === 'allocate' ? [] : [hint.name]));
}

/** At most `count` of the words, spread over a name's calls and places. */
function sampled<Entry>(entries: readonly Entry[], count: number, random: Random): Entry[] {
  const left = [...entries];
  while (left.length > count) left.splice(random.below(left.length), 1);
  return left;
}

/** Other values of a word: its neighbours, the ends of the field, a limb's base, what another hint says, anything. */
function liesAbout(honest: number, others: readonly Word[], random: Random, count: number): number[] {
  const lies = [
    0,
    1,
    MODULUS - 1,
    (honest + 1) % MODULUS,
    (honest + MODULUS - 1) % MODULUS,
    (honest + 2 ** 16) % MODULUS,
    others[random.below(others.length)]!.honest,
    random.word(),
  ];
  return sampled(
    [...new Set(lies)].filter((lie) => lie !== honest),
    count,
    random,
  );
}

/**
 * Lies about every hint: `wordsEach` words of each name, `liesEach` values a word. Throws: AssertionError for a run that ends with a
 * statement that the declaration does not allow, and for a declaration that no lie bears out.
 */
export function tellLies(
  guest: Guest,
  random: Random,
  wordsEach: number,
  liesEach: number,
): { lies: number } {
  const honest = honestRun(guest);
  const limit = cycleLimit(honest.run.pc.length);
  const free = new Set<string>();
  let lies = 0;
  for (const [name, declaration] of Object.entries(guest.declarations)) {
    const words = sampled(
      honest.words.filter((word) => word.name === name),
      wordsEach,
      random,
    );
    for (const { call, word, honest: before, inputs } of words)
      for (const value of liesAbout(before, honest.words, random, liesEach)) {
        lies++;
        const where = `${name}(${inputs.join(', ')}), call ${call}, word ${word}: ${before} told as ${value}`;
        const { hints, told } = lying(guest.hints(), { name, call, word, value });
        const ended = attempt(() =>
          runUnbound(guest.program, { hints, maximumCycles: limit, invent: () => random.word() }),
        );
        if (ended === undefined) continue;
        const isSame = String(ended.statement) === String(honest.run.statement);
        if ('free' in declaration && declaration.free.isFree({ word, inputs, honest: before, value })) {
          assert.ok(isSame, `a free word moves the statement: ${where}`);
          free.add(name);
          continue;
        }
        assert.ok(!isSame, `a word that nothing pins: ${where}`);
        assert.equal(declaration.pinned, 'states', `the run ends with another statement: ${where}`);
        const stated = guest.statementOf(told);
        if (stated !== undefined) assert.deepEqual(ended.statement, stated, `a false statement: ${where}`);
      }
    if ('free' in declaration) assert.ok(free.has(name), `no lie shows that words of '${name}' are free`);
  }
  return { lies };
}

/** The executor takes no word of p or more for any hint: a prover's word has one representative. */
export function refuseOtherRepresentatives(guest: Guest): void {
  const { words } = honestRun(guest);
  for (const name of new Set(words.map((word) => word.name))) {
    const first = words.find((word) => word.name === name)!;
    const { hints } = lying(guest.hints(), { ...first, value: first.honest + MODULUS });
    assert.throws(() => run(guest.program, hints), MachineError, name);
  }
}

/** Puts frames and rows at random on others, on constants and on the statement: the run is stopped or states the same. */
export function moveFrames(
  guest: Guest,
  random: Random,
  runs: number,
): { readonly same: number; readonly refused: number } {
  const { run: honest } = honestRun(guest);
  const strides = [...guest.program.hints.values()]
    .flat()
    .flatMap((hint) => (hint.kind === 'allocate' ? [hint.stride] : []));
  const pick = <Entry>(entries: readonly Entry[]): Entry => entries[random.below(entries.length)]!;
  let same = 0;
  for (let number = 0; number < runs; number++) {
    const moved = new Map<number, number>();
    for (let frame = 0; frame <= random.below(2); frame++) {
      const base = random.below(4) === 0 ? 8 * random.below(60) : pick(honest.places);
      const offset = pick([0, 0, 8, 16, 24, 40]) + pick([-1, 0, 0, 1]) * pick(strides);
      moved.set(random.below(honest.places.length), Math.max(0, base + offset));
    }
    const ended = attempt(() =>
      runUnbound(guest.program, {
        hints: guest.hints(),
        maximumCycles: cycleLimit(honest.pc.length),
        invent: () => random.word(),
        place: (each) => moved.get(each),
      }),
    );
    if (ended === undefined) continue;
    assert.deepEqual(ended.statement, honest.statement, `frames at ${JSON.stringify([...moved])}`);
    same++;
  }
  return { same, refused: runs - same };
}
