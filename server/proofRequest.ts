/**
 * Reads the JSON body of a proof request. It runs in the threads: whatever a body costs, the event loop does not pay it.
 */
import type { z } from 'zod';
import { PRIORITY, proofRequestSchema } from './api/schemas.ts';
import { describeShape, type JsonLimits, jsonShape } from './jsonShape.ts';
import { Problem, type ProblemCode, type ProblemDetails } from './problems.ts';
import { InputsRefused, type ServedProgram, type ServedPrograms } from './programs.ts';
import { parseOrRefuse } from './validation.ts';

export interface ProofRequest {
  readonly program: ServedProgram;
  readonly profile: string;
  /** As the program reads them. */
  readonly inputs: unknown;
  /** As they stand in the request. */
  readonly inputsJson: unknown;
  readonly priority: number;
  /** Milliseconds since 1970. */
  readonly deadlineMs: number | undefined;
}

/** Throws: Problem malformed-request, unknown-program, unknown-profile; InputsRefused. */
export function readProofRequest(
  programs: ServedPrograms,
  profiles: ReadonlyMap<string, unknown>,
  json: Uint8Array,
): ProofRequest {
  const { program: programName, profile, inputs, priority, deadline } = readEnvelope(json);
  const program = served(programs, programName, 'program');
  served(profiles, profile, 'profile');
  return {
    program,
    profile,
    inputs: program.parseInputs(inputs),
    inputsJson: inputs,
    ...schedulingOf({ priority, deadline }),
  };
}

/** The body without a look at its inputs. Throws: Problem malformed-request. */
export function readEnvelope(json: Uint8Array): z.output<typeof proofRequestSchema> {
  return parseOrRefuse(proofRequestSchema, parseJson(json), 'body');
}

/** When a job wants to run, as the queue takes it. */
export function schedulingOf({
  priority,
  deadline,
}: {
  readonly priority?: number | undefined;
  readonly deadline?: string | undefined;
}): Pick<ProofRequest, 'priority' | 'deadlineMs'> {
  return {
    priority: priority ?? PRIORITY.usual,
    deadlineMs: deadline === undefined ? undefined : Date.parse(deadline),
  };
}

/** A text beyond the limits is refused before it is parsed. Throws: Problem malformed-request. */
export function parseJson(json: Uint8Array, limits?: JsonLimits): unknown {
  const shape = jsonShape(json, limits);
  if (!shape.ok) {
    const { measure, limit, atByte } = shape;
    throw new Problem('malformed-request', describeShape(shape), { measure, expectedAtMost: limit, atByte });
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json));
  } catch (error) {
    // A TypeError is bad UTF-8.
    if (error instanceof SyntaxError || error instanceof TypeError)
      throw new Problem('malformed-request', `The body is not JSON: ${error.message}`);
    throw error;
  }
}

/** Throws: Problem unknown-program, unknown-profile. */
export function served<Value>(
  known: ReadonlyMap<string, Value>,
  name: string,
  what: 'program' | 'profile',
): Value {
  const value = known.get(name);
  if (value !== undefined) return value;
  throw new Problem(`unknown-${what}`, `There is no ${what} ${JSON.stringify(name)}.`, {
    expected: [...known.keys()],
    got: name,
  });
}

/** A refusal in a form that a thread can hand over. */
export interface Refusal {
  readonly ok: false;
  readonly code: ProblemCode;
  readonly detail: string;
  readonly details: ProblemDetails;
}

/** Throws what is neither a Problem nor InputsRefused: a mistake of ours. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Problem)
    return { ok: false, code: error.code, detail: error.message, details: error.details };
  if (error instanceof InputsRefused) {
    const { isTooLarge, message: detail, details } = error;
    return { ok: false, code: isTooLarge ? 'job-too-large' : 'inputs-refused', detail, details };
  }
  throw error;
}
