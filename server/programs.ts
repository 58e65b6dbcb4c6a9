/** The programs that the service proves: the form of their inputs, and what a run with them will state. */
import type { HintFunctions, Program } from '../machine/program.ts';
import { clippedDetails, clippedText } from './problems.ts';

/** Inputs of the right form that the program cannot prove anything about. Long texts and lists in it are cut. */
export class InputsRefused extends Error {
  readonly code = 'INPUTS_REFUSED';
  /** Whether smaller inputs of this kind would do. */
  readonly isTooLarge: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(detail: string, isTooLarge: boolean, details: Readonly<Record<string, unknown>>) {
    super(clippedText(detail));
    this.name = 'InputsRefused';
    this.isTooLarge = isTooLarge;
    this.details = clippedDetails(details);
  }
}

export interface ServedProgram {
  readonly name: string;
  /** What a proof of it says, in a sentence. */
  readonly description: string;
  /** The inputs in a JSON value. Throws: Problem malformed-request at the first fault, InputsRefused. */
  parseInputs(json: unknown): unknown;
  /** The statement digest of a run with parsed inputs. Throws: InputsRefused. */
  statementOf(inputs: unknown): Uint32Array;
  program(): Program;
  /** What the run reads: the parsed inputs as hints. */
  hintsOf(inputs: unknown): HintFunctions;
}

export type ServedPrograms = ReadonlyMap<string, ServedProgram>;
