/**
 * An AIR as data: an expression graph, the constraints and bus interactions that name its nodes, and the shape of the
 * table. Trace check, degree and width count, verifier, WGSL generator and recursive verifier are evaluators of it.
 * Source: docs/spec/proof-system.md, section 4.
 */

/** Index of a node in `Graph.nodes`; operands stand before the nodes that use them. */
export type NodeId = number;

export type Row = 'current' | 'next';

/**
 * first and last are 1 on that row and 0 on the others (degree 1); transition is x - g^-1, which vanishes on the last
 * row only and raises a degree by one coefficient, not by a height, so it counts as degree 0.
 */
export type Selector = 'first' | 'last' | 'transition';

export type Node =
  | { readonly kind: 'constant'; readonly value: number }
  /** A word of the statement digest. */
  | { readonly kind: 'public'; readonly index: number }
  | { readonly kind: 'preprocessed'; readonly column: number; readonly row: Row }
  | { readonly kind: 'main'; readonly column: number; readonly row: Row }
  | { readonly kind: 'selector'; readonly selector: Selector }
  | { readonly kind: 'add' | 'subtract' | 'multiply'; readonly left: NodeId; readonly right: NodeId }
  /** The vector matrix * inputs, whose words are read by `element` nodes only. */
  | { readonly kind: 'linear'; readonly matrix: number; readonly inputs: readonly NodeId[] }
  | { readonly kind: 'element'; readonly vector: NodeId; readonly index: number };

/**
 * Row-major matrix of canonical base elements: values[row * columns + column]. Those of a table that `defineTable` made are a
 * frozen list, for a typed array cannot be frozen.
 */
export interface ConstantMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[] | Uint32Array;
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly matrices: readonly ConstantMatrix[];
}

/** Vanishes on every row of a valid trace. */
export interface Constraint {
  readonly label: string;
  readonly expression: NodeId;
}

/** Adds `multiplicity / fingerprint(bus, values)` to the table's sum on every row. Sends are positive, receives negative. */
export interface Interaction {
  readonly label: string;
  readonly bus: number;
  readonly multiplicity: NodeId;
  readonly values: readonly NodeId[];
  /**
   * What this interaction adds to the count that must stay below p: 1 for a boolean multiplicity, 0 for the
   * multiplicity column of the table that is looked up.
   */
  readonly weight: 0 | 1;
}

export interface Bus {
  readonly name: string;
  /** Words of every tuple on this bus; a constant of the system. */
  readonly width: number;
}

/** How the backend completes a table's columns that the executor does not write out. */
export type Expansion = 'none' | 'poseidon';

export interface TableAir {
  readonly name: string;
  readonly preprocessedColumns: readonly string[];
  /** Columns that are read on the next row stand first. */
  readonly mainColumns: readonly string[];
  /** Leading columns that some expression reads on the next row. */
  readonly preprocessedNextColumns: number;
  readonly mainNextColumns: number;
  readonly graph: Graph;
  readonly constraints: readonly Constraint[];
  readonly interactions: readonly Interaction[];
  readonly minimumLogHeight: number;
  readonly maximumLogHeight: number;
  /** False when the table may be absent from a proof. */
  readonly isRequired: boolean;
  readonly expansion: Expansion;
}

/** The tables of a machine in slot order, and its buses; a bus's index is its id. */
export interface AirSystem {
  readonly name: string;
  readonly version: number;
  readonly tables: readonly TableAir[];
  readonly buses: readonly Bus[];
}

/** Words of a statement digest, the only public values of a proof. */
export const STATEMENT_WORDS = 8;

/**
 * The columns of one table as the executor yields them: one array of 2^logHeight canonical words a column. Under
 * expansion 'poseidon' the leading columns only; the backend computes the others.
 */
export interface TableTrace {
  readonly logHeight: number;
  readonly columns: readonly Uint32Array[];
}
