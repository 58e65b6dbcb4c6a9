/**
 * A program as data: its bytecode, the hints the executor runs beside it, and where each instruction came from.
 * Source: docs/spec/machine.md, section Programs.
 */
import type { Instruction } from './instruction.ts';

/** An operand of a hint: the value `offset`, the address fp + offset, or the word stored there. */
export interface HintOperand {
  readonly kind: 'constant' | 'address' | 'cell';
  /** A canonical word. */
  readonly offset: number;
}

/** Runs before its instruction at zero cycles; nothing it writes is constrained by its being a hint. */
export type Hint =
  | {
      readonly kind: 'host';
      readonly name: string;
      readonly inputs: readonly HintOperand[];
      /** The returned words go to fp + outputs[i]. */
      readonly outputs: readonly number[];
    }
  /** The returned words, 8 for each of `count` rows, go to consecutive cells from the address on. */
  | {
      readonly kind: 'rows';
      readonly name: string;
      readonly inputs: readonly HintOperand[];
      readonly address: HintOperand;
      readonly count: HintOperand;
    }
  /** The returned words are the witness of the call at this instruction. */
  | { readonly kind: 'witness'; readonly name: string; readonly inputs: readonly HintOperand[] }
  /** Reserves ceil(count / share) * stride + extra fresh words at a multiple of 8 and writes their address to fp + output. */
  | {
      readonly kind: 'allocate';
      readonly count: HintOperand;
      readonly share: number;
      readonly stride: number;
      readonly extra: number;
      readonly output: number;
    };

/** Instructions start..end-1 belong to the function (or loop of a function) `name`. */
export interface ProgramSection {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface Program {
  readonly name: string;
  readonly instructions: readonly Instruction[];
  /** By pc. */
  readonly hints: ReadonlyMap<number, readonly Hint[]>;
  readonly sections: readonly ProgramSection[];
  /** The line of the TypeScript program that emitted the instruction at `pc`. */
  sourceOf(pc: number): string;
  /** Words of the first frame, from address 8 on. */
  readonly mainFrameWords: number;
}

/** The machine's memory and allocator as a hint sees them. Reading an unwritten cell throws a MachineError. */
export interface HintMemory {
  read(address: number): number;
  write(address: number, value: number): void;
  isWritten(address: number): boolean;
  /** The address, a multiple of 8, of `words` fresh cells. */
  allocate(words: number): number;
}

/** A host function that supplies what the program does not compute: returns the canonical words of the hint. */
export type HintFunction = (inputs: readonly number[], memory: HintMemory) => ArrayLike<number>;

export type HintFunctions = Readonly<Record<string, HintFunction>>;
