/**
 * A prover that is bound by the constraints alone: the executor without its courtesies. Frames and hinted rows lie where `place`
 * says; what a relation leaves open, a cell that nobody has written and a hint that the host does not have are invented. A run that ends
 * asserts what the instructions assert, like one of the executor.
 */
import { createCallRecorder } from '../../machine/callRecorder.ts';
import type { CallTable } from '../../machine/callTable.ts';
import { MachineError } from '../../machine/errors.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { END_PC, FLAG, INITIAL_CLK, INITIAL_FP } from '../../machine/instruction.ts';
import type { Hint, HintFunctions, HintOperand, Program } from '../../machine/program.ts';
import { CALL_TABLES } from '../../machine/system.ts';
import { createMemory, UNWRITTEN } from '../../machine/writeOnceMemory.ts';
import { add, inverse, multiply, subtract } from '../../stark/field/koalaBear.ts';

export interface UnboundProver {
  readonly hints: HintFunctions;
  /** A value for what nothing determines. Without it such a run is stopped. */
  readonly invent?: () => number;
  /** The address of the allocation of this number in the order of the run; undefined for the honest one. */
  readonly place?: (number: number) => number | undefined;
  readonly maximumCycles: number;
}

export interface UnboundRun extends ExecutionTrace {
  /** What was invented, by the program's line. */
  readonly invented: readonly string[];
  /** The addresses of the allocations. */
  readonly places: readonly number[];
}

const MAXIMUM_MEMORY_WORDS = 2 ** 22;
const ROW_WORDS = 8;
const { memA, fpA, memB, fpB, memC, fpC, memD, fpD, isAdd, isMul, isDeref, isJump, isCall } = FLAG;
const OPERATIONS = isAdd | isMul | isDeref | isJump | isCall;

/** An operand: where it lies, if it is a cell, and its value. */
interface Operand {
  readonly address: number;
  value: number;
}

/** Runs a program to its end. Throws: MachineError or RangeError when the prover cannot go on. */
export function runUnbound(program: Program, prover: UnboundProver): UnboundRun {
  const memory = createMemory(MAXIMUM_MEMORY_WORDS, INITIAL_FP + program.mainFrameWords);
  const recorder = createCallRecorder();
  const states = new Map(CALL_TABLES.map((table) => [table, table.createState()]));
  const tableOfTag = new Map<number, CallTable>(
    CALL_TABLES.flatMap((table) => table.tags.map((tag): [number, CallTable] => [tag, table])),
  );
  const [pcs, fps, places]: [number[], number[], number[]] = [[], [], []];
  const invented: string[] = [];
  let [pc, fp, witness] = [0, INITIAL_FP, new Uint32Array(0)];

  function invent(): number {
    if (!prover.invent) throw new MachineError('RELATION_OPEN', { pc });
    invented.push(program.sourceOf(pc));
    return prover.invent();
  }
  /** Tables and hints read what nobody has written as well. */
  memory.read = (address) => {
    const known = memory.peek(address);
    return known === UNWRITTEN ? settled({ address, value: known }) : known;
  };

  /** The operand's value, invented if it is open. */
  function settled(operand: Operand): number {
    if (operand.value === UNWRITTEN) determine(operand, invent());
    return operand.value;
  }

  function determine(operand: Operand, value: number): void {
    operand.value = value;
    memory.write(operand.address, value);
  }

  function inputOf({ kind, offset }: HintOperand): number {
    if (kind === 'constant') return offset;
    return kind === 'address' ? add(fp, offset) : memory.read(add(fp, offset));
  }

  /** What the host says, or inventions for what it cannot say. */
  function told(name: string, inputs: readonly HintOperand[], count: number | undefined): number[] {
    const give = prover.hints[name];
    if (!give) throw new MachineError('UNKNOWN_HINT', { hint: name });
    try {
      const words = Array.from(give(inputs.map(inputOf), memory));
      if (count === undefined || words.length === count) return words;
    } catch (error) {
      if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    }
    if (count === undefined || count > MAXIMUM_MEMORY_WORDS)
      throw new MachineError('HINT_FAILED', { hint: name });
    return Array.from({ length: count }, invent);
  }

  function runHint(hint: Hint): void {
    switch (hint.kind) {
      case 'allocate': {
        const words = Math.ceil(inputOf(hint.count) / hint.share) * hint.stride + hint.extra;
        const place = prover.place?.(places.length) ?? memory.allocate(words);
        places.push(place);
        memory.write(add(fp, hint.output), place);
        return;
      }
      case 'host':
        for (const [index, word] of told(hint.name, hint.inputs, hint.outputs.length).entries())
          memory.write(add(fp, hint.outputs[index]!), word);
        return;
      case 'rows': {
        const [address, count] = [inputOf(hint.address), ROW_WORDS * inputOf(hint.count)];
        for (const [index, word] of told(hint.name, hint.inputs, count).entries())
          memory.write(add(address, index), word);
        return;
      }
      case 'witness':
        witness = Uint32Array.from(told(hint.name, hint.inputs, undefined));
    }
  }

  /** Asserts left (operation) right = total, solved for the one operand that is open; others are invented first. */
  function relate(
    [left, right, total]: readonly [Operand, Operand, Operand],
    forward: (left: number, right: number) => number,
    backward: (total: number, other: number) => number | undefined,
  ): void {
    if (left.value === UNWRITTEN && right.value === UNWRITTEN) settled(left);
    for (const [open, other] of [
      [left, right],
      [right, left],
    ] as const) {
      if (open.value !== UNWRITTEN) continue;
      const solved = backward(settled(total), other.value);
      if (solved === undefined) settled(open);
      else determine(open, solved);
    }
    const outcome = forward(left.value, right.value);
    if (total.value === UNWRITTEN) determine(total, outcome);
    else if (total.value !== outcome) throw new MachineError('RELATION_FAILED', { pc });
  }

  function runInstruction(cycle: number): void {
    const { a: fieldA, b: fieldB, c: fieldC, d: fieldD, tag, flags } = program.instructions[pc]!;
    const operand = (isMemory: number, isRelative: number, field: number): Operand => {
      const address = (flags & (isMemory | isRelative)) === 0 ? field : add(fp, field);
      return { address, value: (flags & isMemory) === 0 ? address : memory.peek(address) };
    };
    const [a, c] = [operand(memA, fpA, fieldA), operand(memC, fpC, fieldC)];
    const b = operand(memB, fpB, fieldB);
    let next = pc + 1;
    switch (flags & OPERATIONS) {
      case isAdd:
        relate([a, b, c], add, subtract);
        break;
      case isMul:
        relate([a, b, c], multiply, (total, other) =>
          other === 0 ? undefined : multiply(total, inverse(other)),
        );
        break;
      case isDeref: {
        const address = add(settled(a), fieldB);
        const stored: Operand = { address, value: memory.peek(address) };
        if (stored.value === UNWRITTEN) determine(stored, settled(c));
        else if (c.value === UNWRITTEN) determine(c, stored.value);
        else if (c.value !== stored.value) throw new MachineError('RELATION_FAILED', { pc });
        break;
      }
      case isJump:
        for (const each of [a, b, c]) settled(each);
        if (a.value !== 0) [next, fp] = [b.value, c.value];
        break;
      case isCall: {
        const d = operand(memD, fpD, fieldD);
        for (const each of [a, b, d]) settled(each);
        const table = tableOfTag.get(tag);
        if (!table) throw new MachineError('NO_SUCH_TABLE', { tag });
        const clk = INITIAL_CLK + cycle;
        const given = c.value === UNWRITTEN ? undefined : c.value;
        const made = { tag, a: a.value, b: b.value, c: given, d: d.value, clk, witness };
        if ((table.witnessWords?.(tag, d.value) ?? 0) !== witness.length)
          throw new MachineError('HINT_FAILED', { tag });
        const outcome = table.execute(memory, made, states.get(table), recorder.leave);
        recorder.record(made, outcome);
        if (c.value === UNWRITTEN) determine(c, outcome);
        else if (c.value !== outcome) throw new MachineError('RELATION_FAILED', { pc });
      }
    }
    pc = next;
  }

  for (let cycle = 0; ; cycle++) {
    pcs.push(pc);
    fps.push(fp);
    if (pc === END_PC) break;
    if (pc >= program.instructions.length) throw new MachineError('PC_OUT_OF_RANGE', { pc });
    if (cycle >= prover.maximumCycles) throw new MachineError('OUT_OF_CYCLES', { limit: cycle });
    witness = new Uint32Array(0);
    for (const hint of program.hints.get(pc) ?? []) runHint(hint);
    runInstruction(cycle);
  }
  const image = memory.image();
  return {
    memory: image,
    pc: Uint32Array.from(pcs),
    fp: Uint32Array.from(fps),
    calls: recorder.log(),
    statement: image.slice(0, ROW_WORDS),
    invented,
    places,
  };
}
