/**
 * The assembler: lays out frames, gives every instruction its pc, and turns operands into fields and flags.
 * Source: docs/spec/machine.md, sections Instructions and Programs.
 */
import { add } from '../../stark/field/koalaBear.ts';
import { END_PC, FLAG, INITIAL_FP, type Instruction, jumpTo } from '../instruction.ts';
import type { Hint, HintOperand, Program, ProgramSection } from '../program.ts';
import { badProgram, type Fragment, type Item, type Operand, type PendingHint } from './fragment.ts';
import { type SourceMark, sourceLine } from './source.ts';
import type { Block, Cell, Frame } from './values.ts';

/** Words of a row; frames and blocks are aligned to it. */
const ROW_WORDS = 8;

function alignToRow(words: number): number {
  return Math.ceil(words / ROW_WORDS) * ROW_WORDS;
}

/** Header slots, then single cells, then the aligned blocks. */
function layOut(frame: Frame): void {
  let slot = frame.headerSlots;
  for (const cell of frame.cells) {
    if (!cell.place) cell.place = { kind: 'slot', slot: slot++ };
  }
  let offset = alignToRow(slot);
  for (const block of frame.blocks) {
    block.offset = offset;
    offset += block.rows * ROW_WORDS;
  }
  frame.words = Math.max(offset, ROW_WORDS);
}

function wordsOf(frame: Frame): number {
  if (frame.words === undefined) throw badProgram(`the frame of ${frame.name} is not laid out`);
  return frame.words;
}

function blockOffset(block: Block): number {
  if (block.offset === undefined) throw badProgram('a block is not laid out');
  return block.offset;
}

function cellOffset(cell: Cell): number {
  const { place } = cell;
  switch (place?.kind) {
    case 'slot':
      return place.slot;
    case 'block':
      return blockOffset(place.block) + place.word;
    case 'next':
      return wordsOf(cell.frame) + place.slot;
    case 'cell':
      return cellOffset(place.cell);
    case undefined:
      throw badProgram('a cell is not laid out');
  }
}

/** An operand as (reads memory?, adds fp?, field). */
interface Field {
  readonly isMemory: boolean;
  readonly isRelative: boolean;
  readonly field: number;
}

const NO_FIELD: Field = { isMemory: false, isRelative: false, field: 0 };

/** The address of a word of a block of the main frame. */
function absolute(block: Block, word: number): Field {
  return { isMemory: false, isRelative: false, field: INITIAL_FP + blockOffset(block) + word };
}

function resolve(operand: Operand | undefined, frame: Frame): Field {
  switch (operand?.kind) {
    case undefined:
      return NO_FIELD;
    case 'constant':
      return { isMemory: false, isRelative: false, field: operand.value };
    case 'cell':
      return { isMemory: true, isRelative: false, field: cellOffset(operand.cell) };
    case 'address': {
      const { block, word } = operand;
      if (block.frame !== frame) return absolute(block, word);
      return { isMemory: false, isRelative: true, field: blockOffset(block) + word };
    }
    case 'absolute':
      return absolute(operand.block, operand.word);
    case 'label':
      if (operand.label.pc === undefined) throw badProgram('a jump leads to a label that is nowhere');
      return { isMemory: false, isRelative: false, field: operand.label.pc };
    case 'framePointer':
      return { isMemory: false, isRelative: true, field: 0 };
    case 'nextFrame':
      return { isMemory: false, isRelative: true, field: wordsOf(frame) };
    case 'offsetOf': {
      const { target, words } = operand;
      const base = 'rows' in target ? blockOffset(target) : cellOffset(target);
      return { isMemory: false, isRelative: false, field: add(base, words) };
    }
  }
}

function encode(item: Extract<Item, { kind: 'instruction' }>, frame: Frame): Instruction {
  const [a, b, c, d] = [
    resolve(item.operands.a, frame),
    resolve(item.operands.b, frame),
    resolve(item.operands.c, frame),
    resolve(item.operands.d, frame),
  ];
  const flags =
    (a.isMemory ? FLAG.memA : 0) |
    (a.isRelative ? FLAG.fpA : 0) |
    (b.isMemory ? FLAG.memB : 0) |
    (b.isRelative ? FLAG.fpB : 0) |
    (c.isMemory ? FLAG.memC : 0) |
    (c.isRelative ? FLAG.fpC : 0) |
    (d.isMemory ? FLAG.memD : 0) |
    (d.isRelative ? FLAG.fpD : 0) |
    FLAG[item.operation];
  return { a: a.field, b: b.field, c: c.field, d: d.field, tag: item.tag, flags };
}

function hintOperand(operand: Operand, frame: Frame): HintOperand {
  const { isMemory, isRelative, field } = resolve(operand, frame);
  return { kind: isMemory ? 'cell' : isRelative ? 'address' : 'constant', offset: field };
}

function resolveHint(hint: PendingHint, frame: Frame): Hint {
  const inputsOf = (inputs: readonly Operand[]): HintOperand[] =>
    inputs.map((input) => hintOperand(input, frame));
  switch (hint.kind) {
    case 'host': {
      const { kind, name, inputs, outputs } = hint;
      return { kind, name, inputs: inputsOf(inputs), outputs: outputs.map(cellOffset) };
    }
    case 'rows': {
      const { kind, name, inputs, address, count } = hint;
      return {
        kind,
        name,
        inputs: inputsOf(inputs),
        address: hintOperand(address, frame),
        count: hintOperand(count, frame),
      };
    }
    case 'freshRows':
      return {
        kind: 'allocate',
        count: hintOperand(hint.count, frame),
        share: 1,
        stride: ROW_WORDS,
        extra: 0,
        output: cellOffset(hint.output),
      };
    case 'witness': {
      const { kind, name, inputs } = hint;
      return { kind, name, inputs: inputsOf(inputs) };
    }
    case 'frames':
      return {
        kind: 'allocate',
        count: hintOperand(hint.count, frame),
        share: hint.share,
        stride: wordsOf(hint.frame),
        extra: hint.frame.headerSlots,
        output: cellOffset(hint.output),
      };
  }
}

/** An instruction without effect, for a hint that no instruction follows. */
const NO_OPERATION: Instruction = { a: 0, b: 0, c: 0, d: 0, tag: 0, flags: FLAG.isAdd };

type Step = Exclude<Item, { kind: 'label' }> | { readonly kind: 'noOperation' };

/** Gives labels their pcs; yields what is emitted at each. A hint before a label gets an instruction of its own. */
function placeFragment(fragment: Fragment, start: number): { steps: Step[]; end: number } {
  const steps: Step[] = [];
  let pc = start;
  let hasPendingHint = false;
  fragment.entry.pc = pc;
  for (const item of fragment.items) {
    if (item.kind === 'label') {
      if (hasPendingHint) {
        steps.push({ kind: 'noOperation' });
        pc++;
      }
      hasPendingHint = false;
      item.label.pc = pc;
      continue;
    }
    steps.push(item);
    hasPendingHint = item.kind === 'hint';
    if (item.kind === 'instruction') pc++;
  }
  return { steps, end: pc };
}

/** Assembles the fragments in their order: instruction 0 jumps to the first, instruction 1 is END. */
export function assemble(name: string, fragments: readonly Fragment[]): Program {
  for (const fragment of fragments) layOut(fragment);
  const instructions: Instruction[] = [jumpTo(END_PC + 1), jumpTo(END_PC)];
  const sources: (SourceMark | undefined)[] = [undefined, undefined];
  const sections: ProgramSection[] = [{ name: 'start and end', start: 0, end: END_PC + 1 }];
  const hints = new Map<number, Hint[]>();

  const placed = [];
  let start = END_PC + 1;
  for (const fragment of fragments) {
    const { steps, end } = placeFragment(fragment, start);
    placed.push({ fragment, steps });
    sections.push({ name: fragment.name, start, end });
    start = end;
  }
  for (const { fragment, steps } of placed) {
    for (const step of steps) {
      if (step.kind === 'hint') {
        const pc = instructions.length;
        hints.set(pc, [...(hints.get(pc) ?? []), resolveHint(step.hint, fragment)]);
      } else if (step.kind === 'noOperation') {
        instructions.push(NO_OPERATION);
        sources.push(undefined);
      } else {
        instructions.push(encode(step, fragment));
        sources.push(step.source);
      }
    }
  }
  const main = fragments[0];
  if (!main) throw badProgram('there is no main function');
  return {
    name,
    instructions,
    hints,
    sections,
    sourceOf(pc) {
      const mark = sources[pc];
      return mark
        ? sourceLine(mark)
        : (sections.find((each) => pc < each.end)?.name ?? 'outside the program');
    },
    mainFrameWords: wordsOf(main),
  };
}
