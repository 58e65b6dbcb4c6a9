/**
 * The errors of the machine room: a code for each, one sentence for each, and where in a program it happened.
 */

/** Every code with its sentence; codes are never reused. */
export const MACHINE_ERRORS = {
  UNWRITTEN_CELL: 'a memory cell was read before it was written',
  CELL_CONFLICT: 'a memory cell was written twice with different values',
  RELATION_FAILED: 'an instruction asserts a relation that does not hold',
  RELATION_OPEN: 'an instruction leaves more than one operand undetermined',
  DIVISION_BY_ZERO: 'a product cannot be solved for a factor because the other one is zero',
  CALL_FAILED: 'a called table refuses its operands',
  NO_SUCH_TABLE: 'no table of the machine answers to this call tag',
  MISALIGNED_ROW: 'a row pointer is no multiple of 8',
  OUT_OF_MEMORY: 'the run needs more memory than its limit',
  OUT_OF_CYCLES: 'the run needs more cycles than its limit',
  PC_OUT_OF_RANGE: 'the program counter left the program',
  UNKNOWN_HINT: 'the program asks for a hint that the host does not offer',
  HINT_FAILED: 'a hint returned another number of words than asked, or words outside the field',
  TABLE_TOO_HIGH: 'a table needs more rows than its limit',
  BAD_PROGRAM: 'the program cannot be assembled',
  BAD_TRACE: 'an execution trace does not have the shape of a run of this program',
  TRACE_MAGIC: 'the bytes are no execution trace',
  TRACE_VERSION: 'the execution trace has a version that is not read here',
  TRACE_LIMIT: 'the execution trace declares a part that is empty, misshapen or too large',
  TRACE_TRUNCATED: 'the execution trace ends before its declared length',
  TRACE_TRAILING_BYTES: 'bytes follow the execution trace',
  TRACE_NOT_CANONICAL: 'the execution trace holds a word outside 0..p-1',
} as const;

export type MachineErrorCode = keyof typeof MACHINE_ERRORS;

/** Where in a run an error happened; `source` is the line of the program that emitted the instruction. */
export interface MachineLocation {
  readonly pc: number;
  readonly cycle: number;
  readonly source: string;
}

export type MachineErrorDetails = Readonly<Record<string, number | string>>;

/** An error of the machine; tables throw it without a location and the executor adds one. */
export class MachineError extends Error {
  readonly code: MachineErrorCode;
  readonly details: MachineErrorDetails;
  readonly location: MachineLocation | undefined;

  constructor(code: MachineErrorCode, details: MachineErrorDetails = {}, location?: MachineLocation) {
    const listed = Object.entries(details).map(([name, value]) => `${name} ${value}`);
    const place = location ? ` at ${location.source} (pc ${location.pc}, cycle ${location.cycle})` : '';
    super(`${code}: ${[MACHINE_ERRORS[code], ...listed].join(', ')}${place}`);
    this.name = 'MachineError';
    this.code = code;
    this.details = details;
    this.location = location;
  }
}

/** The same error with a place in the program; one that has a place already keeps it. */
export function locateError(error: MachineError, location: MachineLocation): MachineError {
  return error.location ? error : new MachineError(error.code, error.details, location);
}
