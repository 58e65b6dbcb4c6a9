/**
 * The code of one frame while it is being built: instructions with operands that are laid out later, labels and hints.
 * Source: docs/spec/machine.md, section Programs.
 */
import { MachineError, type MachineErrorDetails } from '../errors.ts';
import type { FlagName } from '../instruction.ts';
import type { SourceMark } from './source.ts';
import type { Block, Cell, Frame, Scope, Value } from './values.ts';

/** A position in the program, named before it is known. */
export interface Label {
  pc: number | undefined;
}

export type Operand =
  | Value
  | { readonly kind: 'label'; readonly label: Label }
  /** The address of a word of a block whose address is known. */
  | { readonly kind: 'absolute'; readonly block: Block; readonly word: number }
  | { readonly kind: 'framePointer' }
  /** fp + the words of this frame: where the next iteration of a counted loop lives. */
  | { readonly kind: 'nextFrame' }
  /** The offset of a cell or block in the frame that owns it, plus `words`. */
  | { readonly kind: 'offsetOf'; readonly target: Cell | Block; readonly words: number };

export interface Operands {
  readonly a?: Operand;
  readonly b?: Operand;
  readonly c?: Operand;
  readonly d?: Operand;
}

export type PendingHint =
  | {
      readonly kind: 'host';
      readonly name: string;
      readonly inputs: readonly Value[];
      readonly outputs: readonly Cell[];
    }
  /** Rows from an address on. */
  | {
      readonly kind: 'rows';
      readonly name: string;
      readonly inputs: readonly Value[];
      readonly address: Value;
      readonly count: Value;
    }
  /** `count` fresh rows. */
  | { readonly kind: 'freshRows'; readonly count: Value; readonly output: Cell }
  /** The witness of the call that follows at once. */
  | { readonly kind: 'witness'; readonly name: string; readonly inputs: readonly Value[] }
  /** Room for one frame like `frame` for every `share` of `count`, and for the header of one more. */
  | {
      readonly kind: 'frames';
      readonly frame: Frame;
      readonly count: Value;
      readonly share: number;
      readonly output: Cell;
    };

export type Item =
  | {
      readonly kind: 'instruction';
      readonly operation: FlagName;
      readonly operands: Operands;
      readonly tag: number;
      readonly source: SourceMark;
    }
  | { readonly kind: 'label'; readonly label: Label }
  | { readonly kind: 'hint'; readonly hint: PendingHint };

/** A frame and the code that runs in it. */
export interface Fragment extends Frame {
  readonly parent: Fragment | undefined;
  readonly entry: Label;
  readonly items: Item[];
  scope: Scope;
  /** In a loop, the cell that holds the surrounding frame's pointer. */
  outerFp: Cell | undefined;
  /** Values of outer frames (by cell, or by block and word) with the cells that hold them here. */
  readonly captured: Map<Cell | Block, { readonly word: number; readonly cell: Cell }[]>;
}

/** Throws at the place in a TypeScript program that asked for something impossible. */
export function badProgram(reason: string, details: MachineErrorDetails = {}): MachineError {
  return new MachineError('BAD_PROGRAM', { reason, ...details });
}
