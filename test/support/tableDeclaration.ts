/**
 * What a table of the machine is meant to admit, declared beside its tests: the states of its selectors, which of them may
 * follow which, what range look-ups bound, and for every operation what its rows prove. `selectorStates.ts`,
 * `constraintForms.ts` and `jacobianRank.ts` derive the same from the constraints; `test/machine/tables.test.ts` compares.
 */
import type { TableAir } from '../../stark/air/air.ts';

/** One combination of selectors that a row may have. */
export interface DeclaredState {
  /** The selectors that are 1; the others are 0. */
  readonly ones: readonly string[];
  /** Labels of the interactions that count on such a row. */
  readonly uses: readonly string[];
  /** Names of the states that may follow, or 'any'. */
  readonly followers: readonly string[] | 'any';
}

/** What some columns may hold on rows of which others are given: what is decided by few values, but by no selector. */
export interface DeclaredChoice {
  readonly name: string;
  readonly given: Readonly<Record<string, number>>;
  readonly columns: readonly string[];
  /** The combinations admitted, each by the columns that are 1; the others are 0. */
  readonly admitted: readonly (readonly string[])[];
}

/** Words of a tuple that the rows of an operation compute from all others. */
export interface Outcome {
  /** Counted from the operation's first row. */
  readonly row: number;
  /** Label of the interaction. */
  readonly interaction: string;
  /** Positions in its tuple. */
  readonly words: readonly number[];
}

/** The rows of one operation in a valid trace, at a point that is random as far as the operation allows. */
export interface Operation {
  readonly name: string;
  /** All main columns. */
  readonly columns: readonly Uint32Array[];
  readonly preprocessed?: readonly Uint32Array[];
  readonly statement?: ArrayLike<number>;
  readonly firstRow: number;
  readonly rows: number;
  readonly outcomes: readonly Outcome[];
  /** Of all words that the rows put on buses, how many are independent: everything else follows from the constraints. */
  readonly freedom: number;
}

export interface TableDeclaration {
  readonly air: TableAir;
  /** The columns whose values decide what a row is. */
  readonly selectors: readonly string[];
  /** Columns that repeat selectors on some rows, for another row to read. */
  readonly mirrors?: readonly string[];
  /** By name. */
  readonly states: Readonly<Record<string, DeclaredState>>;
  /** What the first row may be, and the last. */
  readonly first: readonly string[] | 'any';
  readonly last: readonly string[] | 'any';
  readonly choices?: readonly DeclaredChoice[];
  /** By label of a look-up of the range bus, what is below 2^16: columns of the row, their sum, or a multiple. */
  readonly ranges?: Readonly<Record<string, string>>;
  /** By label of a constraint that is x * (x - 1), its x: a column or a sum of columns, in their order. */
  readonly booleans?: Readonly<Record<string, string>>;
  /**
   * By label of a constraint, with # for its numbers, its degree in the columns that are no selectors, where that is not 1 in
   * all states: `2`, `1 and 2` of one that has another degree in some states, `2, 3` of constraints that differ.
   */
  readonly degrees?: Readonly<Record<string, string>>;
  /** By label of a constraint, with # for its numbers, the states on whose rows it says something, in their order. */
  readonly speaks?: Readonly<Record<string, readonly string[]>>;
  /**
   * By label of a constraint, what alone makes it hold in some states: `column = value`, or several of them. Every other
   * constraint relates columns: no value of a single one makes it hold.
   */
  readonly alone?: Readonly<Record<string, readonly string[]>>;
  /** Columns of which constraints alone leave a choice that range look-ups end; they count as given. */
  readonly rangeBound?: readonly string[];
  /** Every tag, every state: each occurs in some operation. */
  operations(): readonly Operation[];
  /** Constraints without which neither the states nor the ranks change, with the reason. */
  readonly unseen: Readonly<Record<string, string>>;
}

/** `prefix0`, `prefix1`, … */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** A part of a declaration with an entry for each number below `count`. */
export function forEach<Value>(
  count: number,
  entry: (index: number) => readonly [string, Value],
): Record<string, Value> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => entry(index)));
}

/** `name is boolean` for columns of which a constraint says that. */
export function booleanColumns(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [`${name} is boolean`, name]));
}
