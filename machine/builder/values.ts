/**
 * What a program computes with while it is being built: values, rows and words, and the frames and cells behind them.
 * Programs treat all of these as opaque.
 */
import type { Area, Target } from './areas.ts';

/** A branch of a frame's code: a cell may be used in the scope that defines it and in the scopes inside it. */
export interface Scope {
  readonly parent: Scope | undefined;
}

/** Consecutive rows of a frame, aligned to 8 words; their offset is known once the frame is laid out. */
export interface Block {
  readonly frame: Frame;
  readonly scope: Scope;
  readonly rows: number;
  readonly area: Area;
  offset: number | undefined;
}

/** Where a cell lives: a fixed slot, a word of a block, a slot of the loop's next frame, or where another cell lives. */
export type Place =
  | { readonly kind: 'slot'; readonly slot: number }
  | { readonly kind: 'block'; readonly block: Block; readonly word: number }
  | { readonly kind: 'next'; readonly slot: number }
  | { readonly kind: 'cell'; readonly cell: Cell };

/** One word of a frame. A cell without a place gets a slot of its own when the frame is laid out. */
export interface Cell {
  readonly frame: Frame;
  readonly scope: Scope;
  place: Place | undefined;
}

/** The frame of a function or of one loop iteration while its code is being built. */
export interface Frame {
  readonly name: string;
  /** The frame around a loop; undefined for functions. */
  readonly parent: Frame | undefined;
  readonly cells: Cell[];
  readonly blocks: Block[];
  /** Leading slots with a fixed meaning. */
  headerSlots: number;
  /** Words, a multiple of 8; known once the frame is laid out. */
  words: number | undefined;
}

declare const opaque: unique symbol;

/**
 * A field element of the running program: a constant, a cell, or the address of a word of this frame. A cell with a target
 * holds a pointer: it depends on where frames lie, which the prover chooses.
 */
export type Value =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'cell'; readonly cell: Cell; readonly target?: Target | undefined }
  | { readonly kind: 'address'; readonly block: Block; readonly word: number; readonly target: Target };

/** A pointer to the first of 8 words at a multiple of 8. Tables accept nothing else, so the claim costs nothing. */
export interface Row {
  readonly kind: 'row';
  readonly pointer: Value;
}

/**
 * A pointer to two rows whose 16 words are known to be below 2^16: a 256-bit integer. Operations that have checked them make one, and
 * `openWord`, where the program vouches for it; it is a word only where every way leads through them.
 */
export interface Word {
  readonly kind: 'word';
  readonly pointer: Value;
  readonly [opaque]: 'checked word';
}

/** What instructions take: a value, or a number that stands for itself modulo p. */
export type Input = Value | number;

/** What loops carry and functions take and return: one cell each. */
export type Carried = Value | Row | Word;
export type Shape = Readonly<Record<string, Carried>>;

export type Kind = 'value' | 'row' | 'word';
export type Kinds = Readonly<Record<string, Kind>>;
export type OfKind<K extends Kind> = K extends 'value' ? Value : K extends 'row' ? Row : Word;
export type ShapeOf<K extends Kinds> = { readonly [Name in keyof K]: OfKind<K[Name]> };

export function rowOf(pointer: Value): Row {
  return { kind: 'row', pointer };
}

/** Where a value leads, if it is a pointer. */
export function targetOf(value: Input): Target | undefined {
  return typeof value === 'number' || value.kind === 'constant' ? undefined : value.target;
}

/** The value, leading elsewhere. */
export function leadingTo(value: Value, target: Target | undefined): Value {
  if (value.kind === 'constant') return value;
  if (value.kind === 'address') return { ...value, target: target ?? 'anywhere' };
  return { kind: 'cell', cell: value.cell, target };
}

export function pointerOf(carried: Carried): Value {
  return carried.kind === 'row' || carried.kind === 'word' ? carried.pointer : carried;
}
