/** Strict validation by zod: a body is never stripped or coerced, and every fault is named with its path. */
import type { FastifySchemaCompiler } from 'fastify';
import type { z } from 'zod';
import { Problem } from './problems.ts';

const MAXIMUM_FAULTS_SHOWN = 16;

/** Throws: Problem malformed-request. `prefix` names the part of the request that is checked. */
export function parseOrRefuse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  prefix: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.slice(0, MAXIMUM_FAULTS_SHOWN).map(({ path, message }) => ({
    path: [prefix, ...path.map(String)].join('.'),
    message,
  }));
  throw new Problem('malformed-request', errors[0]?.message ?? 'The request is malformed.', { errors });
}

/** Validates every part of a request against its zod schema. */
export const strictValidator: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (value: unknown) => {
    try {
      return { value: parseOrRefuse(schema, value, httpPart ?? 'request') };
    } catch (error) {
      return { error: error instanceof Error ? error : new Error(String(error)) };
    }
  };
};
