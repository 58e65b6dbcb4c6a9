/** Bytecode as text: one line an instruction, with the line of the program that emitted it. */
import { MODULUS } from '../stark/field/koalaBear.ts';
import { FLAG, type Instruction, TAG } from './instruction.ts';
import type { Hint, HintOperand, Program } from './program.ts';

function signed(word: number): number {
  return word > MODULUS / 2 ? word - MODULUS : word;
}

function relative(word: number): string {
  const offset = signed(word);
  return offset < 0 ? `fp-${-offset}` : `fp+${offset}`;
}

function operand(word: number, isMemory: boolean, isRelative: boolean): string {
  if (isMemory) return `m[${relative(word)}]`;
  return isRelative ? relative(word) : String(signed(word));
}

function tagName(tag: number): string {
  return Object.entries(TAG).find(([, value]) => value === tag)?.[0] ?? `CALL_${tag}`;
}

export function disassembleInstruction(instruction: Instruction): string {
  const { flags } = instruction;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  const a = operand(instruction.a, has(FLAG.memA), has(FLAG.fpA));
  const b = operand(instruction.b, has(FLAG.memB), has(FLAG.fpB));
  const c = operand(instruction.c, has(FLAG.memC), has(FLAG.fpC));
  if (has(FLAG.isAdd)) return `${a} + ${b} = ${c}`;
  if (has(FLAG.isMul)) return `${a} * ${b} = ${c}`;
  if (has(FLAG.isDeref)) return `m[${a} + ${signed(instruction.b)}] = ${c}`;
  if (has(FLAG.isJump)) {
    const target = c === 'fp+0' ? `jump ${b}` : `jump ${b}, fp = ${c}`;
    return a === '1' ? target : `if ${a}: ${target}`;
  }
  return `${tagName(instruction.tag)} ${a}, ${b}, ${c}, ${operand(instruction.d, has(FLAG.memD), has(FLAG.fpD))}`;
}

function hintText(hint: Hint): string {
  const shown = ({ kind, offset }: HintOperand): string =>
    operand(offset, kind === 'cell', kind === 'address');
  if (hint.kind === 'allocate')
    return `m[${relative(hint.output)}] = ${shown(hint.count)} times ${hint.stride / hint.share} fresh words`;
  const inputs = hint.inputs.map(shown);
  const given = givenBy(hint, shown);
  return `${hint.name}(${inputs.join(', ')}) gives ${given}`;
}

function givenBy(hint: Exclude<Hint, { kind: 'allocate' }>, shown: (operand: HintOperand) => string): string {
  switch (hint.kind) {
    case 'host':
      return `${hint.outputs.length} words`;
    case 'rows':
      return `${shown(hint.count)} rows at ${shown(hint.address)}`;
    case 'witness':
      return 'the witness';
  }
}

/** The whole program, function by function. */
export function disassemble(program: Program): string {
  const lines: string[] = [];
  for (const { name, start, end } of program.sections) {
    lines.push(`${name}:`);
    for (let pc = start; pc < end; pc++) {
      for (const hint of program.hints.get(pc) ?? []) lines.push(`        hint ${hintText(hint)}`);
      const instruction = program.instructions[pc];
      if (instruction)
        lines.push(
          `${String(pc).padStart(6)}  ${disassembleInstruction(instruction).padEnd(48)}${program.sourceOf(pc)}`,
        );
    }
  }
  return lines.join('\n');
}
