/** The bodies, queries and answers of the routes. Objects are strict: a field that is not listed is refused. */
import { z } from 'zod';
import { MODULUS } from '../../stark/field/koalaBear.ts';

const STATEMENT_WORDS = 8;
const WORD_DIGITS = 8;

/** Eight canonical words, each as 8 hex digits, in order. */
export const statementSchema = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/, "expected '0x' and 64 lower-case hex digits: 8 words of 8 digits")
  .transform((digits) =>
    Uint32Array.from({ length: STATEMENT_WORDS }, (_, index) =>
      Number.parseInt(digits.slice(2 + WORD_DIGITS * index, 2 + WORD_DIGITS * (index + 1)), 16),
    ),
  )
  .refine((words) => words.every((word) => word < MODULUS), 'a word is not below the modulus');

/** The form that `statementSchema` reads. */
export function formatStatement(statement: Uint32Array): string {
  return `0x${[...statement].map((word) => word.toString(16).padStart(WORD_DIGITS, '0')).join('')}`;
}

const name = z.string().min(1).max(64);

/** `inputs` is checked against the program's own schema. */
export const proofRequestSchema = z.strictObject({ program: name, profile: name, inputs: z.unknown() });

/** Where the body is a trace. */
export const traceQuerySchema = z.strictObject({ program: name.optional(), profile: name.optional() });

export const verifyQuerySchema = z.strictObject({ program: name, profile: name, statement: statementSchema });

export const jobParametersSchema = z.strictObject({ id: z.string().max(64) });

const measuresSchema = z.object({
  adapter: z.object({ name: z.string(), isSoftware: z.boolean() }),
  cycles: z.number(),
  tables: z.array(z.object({ name: z.string(), rows: z.number(), cells: z.number() })),
  stages: z.array(z.object({ name: z.string(), seconds: z.number() })),
  grindingSeconds: z.number(),
});

export const jobSchema = z.object({
  id: z.string(),
  program: z.string(),
  profile: z.string(),
  input: z.enum(['inputs', 'trace']),
  state: z.enum(['queued', 'running', 'verifying', 'succeeded', 'failed']),
  attempts: z.number(),
  /** Of a running job. */
  progress: z.object({ stage: z.string(), fraction: z.number() }).optional(),
  events: z.array(z.object({ state: z.string(), at: z.string(), note: z.string().optional() })),
  failure: z
    .object({
      code: z.string(),
      title: z.string(),
      detail: z.string(),
      details: z.record(z.string(), z.unknown()),
    })
    .optional(),
  proof: z
    .object({
      statement: z.string(),
      proofBytes: z.number(),
      securityBits: z.number(),
      verifySeconds: z.number(),
      measures: measuresSchema,
    })
    .optional(),
});

export type JobAnswer = z.infer<typeof jobSchema>;

export const verdictSchema = z.object({
  isValid: z.boolean(),
  /** Why not. */
  reason: z.string().optional(),
  details: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
  verifySeconds: z.number(),
});

export const healthSchema = z.object({ status: z.literal('ok') });

export const readinessSchema = z.object({
  status: z.literal('ready'),
  adapter: z.object({ name: z.string(), isSoftware: z.boolean() }),
  programs: z.array(z.string()),
  profiles: z.array(z.string()),
});
