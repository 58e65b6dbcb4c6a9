/**
 * Runs a program: one instruction a cycle, each a relation that is solved for the one operand cell still unwritten.
 * Source: docs/spec/machine.md, sections Memory and Instructions.
 */
import { add, inverse, isCanonical, MODULUS, multiply, subtract } from '../stark/field/koalaBear.ts';
import { ROW_WORDS } from './buses.ts';
import { createCallRecorder } from './callRecorder.ts';
import type { Call, CallTable } from './callTable.ts';
import { locateError, MachineError } from './errors.ts';
import type { ExecutionTrace } from './executionTrace.ts';
import { END_PC, FLAG, INITIAL_CLK, INITIAL_FP } from './instruction.ts';
import type { Hint, HintFunctions, HintOperand, Program } from './program.ts';
import { createMemory, UNWRITTEN, type WriteOnceMemory } from './writeOnceMemory.ts';

export interface RunLimits {
  /** Cycles before END. */
  readonly maximumCycles: number;
  readonly maximumMemoryWords: number;
}

const FIRST_CYCLES = 1 << 12;
const STATEMENT_WORDS = 8;
const NO_WITNESS = new Uint32Array(0);

const { memA, fpA, memB, fpB, memC, fpC, memD, fpD, isAdd, isMul, isDeref, isJump, isCall } = FLAG;
const OPERATIONS = isAdd | isMul | isDeref | isJump | isCall;

function doubled(words: Uint32Array): Uint32Array {
  const grown = new Uint32Array(2 * words.length);
  grown.set(words);
  return grown;
}

/** Everything of an instruction in typed arrays, by pc. */
function decode(program: Program) {
  const { instructions } = program;
  const fields = (name: 'a' | 'b' | 'c' | 'd' | 'tag' | 'flags'): Int32Array => {
    const words = new Int32Array(instructions.length);
    for (let pc = 0; pc < words.length; pc++) words[pc] = instructions[pc]![name];
    return words;
  };
  const hasHints = new Uint8Array(instructions.length);
  for (const pc of program.hints.keys()) hasHints[pc] = 1;
  return {
    a: fields('a'),
    b: fields('b'),
    c: fields('c'),
    d: fields('d'),
    tag: fields('tag'),
    flags: fields('flags'),
    hasHints,
  };
}

function hintInput(memory: WriteOnceMemory, fp: number, operand: HintOperand): number {
  if (operand.kind === 'constant') return operand.offset;
  const address = add(fp, operand.offset);
  return operand.kind === 'address' ? address : memory.read(address);
}

/** Fills the hint's cells, or returns the witness of the call at its instruction. */
function runHint(
  hint: Hint,
  memory: WriteOnceMemory,
  fp: number,
  functions: HintFunctions,
): Uint32Array | undefined {
  if (hint.kind === 'allocate') {
    const count = hintInput(memory, fp, hint.count);
    const shares = Math.ceil(count / hint.share);
    memory.write(add(fp, hint.output), memory.allocate(shares * hint.stride + hint.extra));
    return undefined;
  }
  const { name } = hint;
  const give = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (!give) throw new MachineError('UNKNOWN_HINT', { hint: name });
  const inputs = hint.inputs.map((operand) => hintInput(memory, fp, operand));
  const words = give(inputs, memory);
  for (let index = 0; index < words.length; index++)
    if (!isCanonical(words[index]!))
      throw new MachineError('HINT_FAILED', { hint: name, index, got: words[index]! });
  if (hint.kind === 'witness') return Uint32Array.from(words);
  if (hint.kind === 'rows') {
    const address = hintInput(memory, fp, hint.address);
    const expected = hintInput(memory, fp, hint.count) * ROW_WORDS;
    if (words.length !== expected)
      throw new MachineError('HINT_FAILED', { hint: name, expected, got: words.length });
    for (let word = 0; word < expected; word++) memory.write(add(address, word), words[word]!);
    return undefined;
  }
  const { outputs } = hint;
  if (words.length !== outputs.length)
    throw new MachineError('HINT_FAILED', { hint: name, expected: outputs.length, got: words.length });
  outputs.forEach((offset, index) => {
    memory.write(add(fp, offset), words[index]!);
  });
  return undefined;
}

/** x with x * factor = product. Throws: MachineError 'DIVISION_BY_ZERO'. */
function quotient(product: number, factor: number): number {
  if (factor === 0) throw new MachineError('DIVISION_BY_ZERO', { product });
  return multiply(product, inverse(factor));
}

function failed(operation: string, left: number, right: number, expected: number): MachineError {
  return new MachineError('RELATION_FAILED', { operation, A: left, B: right, C: expected });
}

/**
 * Runs a program from pc 0 to END. Calls go to the table that owns their tag.
 * Throws: MachineError, with the line of the program.
 */
export function execute(
  program: Program,
  tables: readonly CallTable[],
  hints: HintFunctions,
  limits: RunLimits,
): ExecutionTrace {
  const code = decode(program);
  const length = program.instructions.length;
  const memory = createMemory(limits.maximumMemoryWords, INITIAL_FP + program.mainFrameWords);
  const recorder = createCallRecorder();
  const states = new Map(tables.map((table) => [table, table.createState()]));
  const tableOfTag: (CallTable | undefined)[] = [];
  for (const table of tables) for (const tag of table.tags) tableOfTag[tag] = table;

  let pcs: Uint32Array = new Uint32Array(FIRST_CYCLES);
  let fps: Uint32Array = new Uint32Array(FIRST_CYCLES);
  let cycle = 0;
  let pc = 0;
  let fp = INITIAL_FP;
  /** Of the instruction at pc. */
  let witness: Uint32Array = NO_WITNESS;

  function call(a: number, b: number, c: number, d: number): number {
    const tag = code.tag[pc]!;
    const clk = INITIAL_CLK + cycle;
    const table = tableOfTag[tag];
    if (!table) throw new MachineError('NO_SUCH_TABLE', { tag });
    const expected = table.witnessWords?.(tag, d) ?? 0;
    if (witness.length !== expected)
      throw new MachineError('HINT_FAILED', { tag, expected, got: witness.length });
    const made: Call = { tag, a, b, c: c === UNWRITTEN ? undefined : c, d, clk, witness };
    const outcome = table.execute(memory, made, states.get(table), recorder.leave);
    recorder.record(made, outcome);
    return outcome;
  }

  function runToEnd(): void {
    const { a: fieldA, b: fieldB, c: fieldC, d: fieldD, flags: flagWords, hasHints } = code;
    for (;;) {
      if (cycle === pcs.length) {
        pcs = doubled(pcs);
        fps = doubled(fps);
      }
      pcs[cycle] = pc;
      fps[cycle] = fp;
      if (pc === END_PC) return;
      if (pc >= length) throw new MachineError('PC_OUT_OF_RANGE', { pc, length });
      if (cycle >= limits.maximumCycles)
        throw new MachineError('OUT_OF_CYCLES', { limit: limits.maximumCycles });
      witness = NO_WITNESS;
      if (hasHints[pc] === 1)
        for (const hint of program.hints.get(pc) ?? []) witness = runHint(hint, memory, fp, hints) ?? witness;

      const flags = flagWords[pc]!;
      const { cells } = memory;
      let addressA = fieldA[pc]!;
      let a = addressA;
      if ((flags & (memA | fpA)) !== 0) {
        addressA += fp;
        if (addressA >= MODULUS) addressA -= MODULUS;
        a = (flags & memA) === 0 ? addressA : addressA < cells.length ? cells[addressA]! : UNWRITTEN;
      }
      let addressB = fieldB[pc]!;
      let b = addressB;
      if ((flags & isDeref) !== 0) {
        if (a === UNWRITTEN) throw new MachineError('UNWRITTEN_CELL', { address: addressA });
        addressB += a;
        if (addressB >= MODULUS) addressB -= MODULUS;
        b = addressB < cells.length ? cells[addressB]! : UNWRITTEN;
      } else if ((flags & (memB | fpB)) !== 0) {
        addressB += fp;
        if (addressB >= MODULUS) addressB -= MODULUS;
        b = (flags & memB) === 0 ? addressB : addressB < cells.length ? cells[addressB]! : UNWRITTEN;
      }
      let addressC = fieldC[pc]!;
      let c = addressC;
      if ((flags & (memC | fpC)) !== 0) {
        addressC += fp;
        if (addressC >= MODULUS) addressC -= MODULUS;
        c = (flags & memC) === 0 ? addressC : addressC < cells.length ? cells[addressC]! : UNWRITTEN;
      }

      let nextPc = pc + 1;
      switch (flags & OPERATIONS) {
        case isAdd:
          if (c === UNWRITTEN && a >= 0 && b >= 0) memory.write(addressC, add(a, b));
          else if (a === UNWRITTEN && b >= 0 && c >= 0) memory.write(addressA, subtract(c, b));
          else if (b === UNWRITTEN && a >= 0 && c >= 0) memory.write(addressB, subtract(c, a));
          else if (a < 0 || b < 0 || c < 0) throw new MachineError('RELATION_OPEN', { operation: 'ADD' });
          else if (add(a, b) !== c) throw failed('ADD', a, b, c);
          break;
        case isMul:
          if (c === UNWRITTEN && a >= 0 && b >= 0) memory.write(addressC, multiply(a, b));
          else if (a === UNWRITTEN && b >= 0 && c >= 0) memory.write(addressA, quotient(c, b));
          else if (b === UNWRITTEN && a >= 0 && c >= 0) memory.write(addressB, quotient(c, a));
          else if (a < 0 || b < 0 || c < 0) throw new MachineError('RELATION_OPEN', { operation: 'MUL' });
          else if (multiply(a, b) !== c) throw failed('MUL', a, b, c);
          break;
        case isDeref:
          if (b === UNWRITTEN) {
            if (c === UNWRITTEN) throw new MachineError('UNWRITTEN_CELL', { address: addressB });
            memory.write(addressB, c);
          } else if (c === UNWRITTEN) memory.write(addressC, b);
          else if (b !== c) throw failed('DEREF', a, b, c);
          break;
        case isJump: {
          if (a === UNWRITTEN) throw new MachineError('UNWRITTEN_CELL', { address: addressA });
          // The cpu table looks up all operands, so they must be written even when the jump is not taken.
          if (b === UNWRITTEN) throw new MachineError('UNWRITTEN_CELL', { address: addressB });
          if (c === UNWRITTEN) throw new MachineError('UNWRITTEN_CELL', { address: addressC });
          if (a !== 0) {
            nextPc = b;
            fp = c;
          }
          break;
        }
        case isCall: {
          if (a === UNWRITTEN) throw new MachineError('UNWRITTEN_CELL', { address: addressA });
          if (b === UNWRITTEN) throw new MachineError('UNWRITTEN_CELL', { address: addressB });
          let addressD = fieldD[pc]!;
          let d = addressD;
          if ((flags & (memD | fpD)) !== 0) {
            addressD = add(addressD, fp);
            d = (flags & memD) === 0 ? addressD : memory.peek(addressD);
            if (d === UNWRITTEN) throw new MachineError('UNWRITTEN_CELL', { address: addressD });
          }
          const outcome = call(a, b, c, d);
          if (c === UNWRITTEN) memory.write(addressC, outcome);
          else if (c !== outcome) throw failed('CALL', a, b, c);
          break;
        }
        default:
          throw new MachineError('BAD_PROGRAM', { reason: 'an instruction has no operation', flags });
      }
      pc = nextPc;
      cycle++;
    }
  }

  try {
    runToEnd();
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    throw locateError(error, { pc, cycle, source: program.sourceOf(pc) });
  }
  const image = memory.image();
  return {
    memory: image,
    pc: pcs.slice(0, cycle + 1),
    fp: fps.slice(0, cycle + 1),
    calls: recorder.log(),
    statement: image.slice(0, STATEMENT_WORDS),
  };
}
