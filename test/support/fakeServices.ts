/**
 * Services for tests of routes and queue: a deterministic prover and checker that compute nothing. They live here so that
 * nothing in server/ can choose them.
 */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { buildProgram } from '../../machine/builder.ts';
import { EMPTY_CALLS, type ExecutionTrace } from '../../machine/executionTrace.ts';
import { encodeTrace } from '../../machine/traceCodec.ts';
import { type AggregateEntry, aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import { assembleBlock } from '../../programs/block/blockInput.ts';
import { blockStatementDigest } from '../../programs/block/blockStatement.ts';
import { checkBlock } from '../../server/aggregation/blockCheck.ts';
import type { NodeInput } from '../../server/aggregation/nodeInput.ts';
import { AGGREGATE, BLOCK, type KeyRing, PRODUCTION_SYSTEM } from '../../server/aggregation/proofSystem.ts';
import { checkAggregation } from '../../server/aggregation/request.ts';
import { buildApp } from '../../server/app.ts';
import type { Checker } from '../../server/checker/checker.ts';
import { checkRequest } from '../../server/checker/checks.ts';
import { COLUMN_PROGRAM } from '../../server/columnProgram.ts';
import type { Estimator } from '../../server/estimates/estimator.ts';
import { sizeOfRun } from '../../server/estimates/sizeOfRun.ts';
import type { JobQueue } from '../../server/jobs/queue.ts';
import { InputsRefused, type ServedProgram, type ServedPrograms } from '../../server/programs.ts';
import { readEnvelope } from '../../server/proofRequest.ts';
import { AttemptLost, type ProofOutcome, type ProofTask, type Prover } from '../../server/prover/prover.ts';
import { createServices, type Services } from '../../server/services.ts';
import { parseSettings, type Settings } from '../../server/settings.ts';
import { parseOrRefuse } from '../../server/validation.ts';
import { LEAF } from '../../stark/profile.ts';

/** The bytes of a trace of one row and one cycle; nothing runs like this. */
export function smallTrace(memoryWords = 8): Buffer {
  const trace: ExecutionTrace = {
    statement: new Uint32Array(8),
    memory: new Uint32Array(memoryWords),
    pc: Uint32Array.of(1),
    fp: Uint32Array.of(8),
    calls: EMPTY_CALLS,
  };
  return Buffer.from(encodeTrace(trace));
}

const sumInputs = z.strictObject({ left: z.int().min(0), right: z.int().min(0) });

/** Sums two numbers; refuses 13. */
const sumProgram: ServedProgram = {
  name: 'sum',
  description: 'The sum of two numbers.',
  parseInputs: (json) => parseOrRefuse(sumInputs, json, 'body.inputs'),
  statementOf(inputs) {
    const { left, right } = inputs as { left: number; right: number };
    if (left === 13) throw new InputsRefused('13 is refused', false, { got: 13 });
    if (left === 14) throw new InputsRefused('14 is too large', true, { got: 14 });
    return Uint32Array.of(left + right, 0, 0, 0, 0, 0, 0, 0);
  },
  program: () => buildProgram('sum', () => {}),
  hintsOf: () => ({}),
};

/** The only program, unless a test asks for others. */
export const SUM_PROGRAMS: ServedPrograms = new Map([[sumProgram.name, sumProgram]]);
const profiles = new Map([['leaf', { profile: LEAF, provableBits: 128 }]]);

export const ADAPTER = { name: 'fake adapter', isSoftware: true } as const;

export function succeed(statement: Uint32Array): ProofOutcome {
  return {
    ok: true,
    proof: Uint8Array.of(1, 2, 3, 4),
    statement,
    measures: {
      adapter: ADAPTER,
      cycles: 8,
      tables: [{ name: 'cpu', rows: 8, cells: 80 }],
      stages: [{ name: 'commit', seconds: 0.5 }],
      grindingSeconds: 0.25,
      deviceSeconds: 0.375,
      peakDeviceBytes: 4096,
    },
  };
}

/** Stand-ins for digests of keys. */
export const FAKE_KEYS = {
  aggregate: new Uint32Array(8).fill(1),
  block: new Uint32Array(8).fill(2),
  leaf: new Uint32Array(8).fill(7),
} as const;

/** Knows digests of keys, no keys: nothing can be verified. */
function fakeKeyRing(leafPrograms: ServedPrograms): KeyRing {
  const none = (): never => {
    throw new Error('there are no keys');
  };
  return {
    system: { ...PRODUCTION_SYSTEM, leafPrograms },
    programOf: none,
    keyOf: none,
    digestOf: async (program) =>
      program === AGGREGATE ? FAKE_KEYS.aggregate : program === BLOCK ? FAKE_KEYS.block : FAKE_KEYS.leaf,
    aggregateKeyDigest: async () => FAKE_KEYS.aggregate,
    blockKeys: none,
  };
}

/** States what the programs would state; its bytes depend on the bytes of all children. */
function proveNode({ role, children, block }: NodeInput): ProofOutcome {
  const statement =
    block === undefined
      ? aggregateStatement(
          FAKE_KEYS.aggregate,
          children.map(({ program, statement, entries }): AggregateEntry => {
            if (entries !== undefined) return { kind: 'inner', entries };
            return {
              kind: 'leaf',
              keyDigest: program === BLOCK ? FAKE_KEYS.block : FAKE_KEYS.leaf,
              statement,
            };
          }),
        )
      : blockStatementDigest(assembleBlock(block.columns, block.list));
  const hash = createHash('sha256').update(role);
  for (const { program, profile, proof } of children) hash.update(`${program} ${profile}`).update(proof);
  const outcome = succeed(statement);
  return outcome.ok ? { ...outcome, proof: new Uint8Array(hash.digest()) } : outcome;
}

/** Proves what programs and nodes state. */
export async function honestProve(task: ProofTask): Promise<ProofOutcome> {
  const { program, input } = task;
  if (input.kind === 'trace') return succeed(new Uint32Array(8));
  if (input.kind === 'proofs') return proveNode(input.node);
  const served = program === COLUMN_PROGRAM.name ? COLUMN_PROGRAM : sumProgram;
  return succeed(served.statementOf(served.parseInputs(readEnvelope(input.json).inputs)));
}

export type Prove = (task: ProofTask, signal: AbortSignal) => Promise<ProofOutcome>;

/** A proof that ends only when it is aborted. */
export const proveForever: Prove = (_task, signal) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new AttemptLost('ABORTED', 'aborted')), { once: true });
  });

export interface FakeService {
  readonly app: FastifyInstance;
  readonly services: Services;
  readonly jobs: JobQueue;
  readonly proved: ProofTask[];
  close(): Promise<void>;
}

export async function startFakeService(
  overrides: {
    readonly prove?: Prove;
    readonly state?: Prover['state'];
    readonly checker?: Partial<Checker>;
    readonly programs?: ServedPrograms;
    readonly estimator?: Estimator;
    readonly settings?: Partial<Settings>;
  } = {},
): Promise<FakeService> {
  const settings: Settings = { ...parseSettings([], {}), ...overrides.settings };
  const proved: ProofTask[] = [];
  const programs = overrides.programs ?? SUM_PROGRAMS;
  const ring = fakeKeyRing(programs);
  const prover: Prover = {
    state: overrides.state ?? (() => ({ state: 'ready', adapter: ADAPTER, bindingBytes: 2 ** 27 })),
    device: () => ({ usedBytes: 0, idleBytes: 0, peakBytes: 0, budgetBytes: 2 ** 30, busySeconds: 0 }),
    prove: (task, signal, onProgress) => {
      onProgress({ stage: 'commitMain', fraction: 0.5 });
      proved.push(task);
      return (overrides.prove ?? honestProve)(task, signal);
    },
    close: async () => {},
  };
  const checker: Checker = {
    prepare: () => {},
    isReady: () => true,
    checkRequest: async (task) => checkRequest(programs, profiles, task),
    checkAggregation: (task) => checkAggregation(ring, task),
    checkBlock: async (task) => checkBlock(task),
    verify: async () => ({ verdict: { ok: true }, seconds: 0.125 }),
    checkTraceForm: async () => ({ ok: true }),
    instructionCount: async () => 1,
    keyDigest: ({ program, profile }) => ring.digestOf(program, profile),
    close: async () => {},
    ...overrides.checker,
  };
  const services = createServices({
    settings,
    programs,
    profiles,
    prover,
    checker,
    estimator: overrides.estimator ?? {
      estimate: async (task) => sizeOfRun(programs, profiles, task),
      close: async () => {},
    },
    log: { info: () => {}, warn: () => {}, error: () => {} },
  });
  const app = await buildApp(services);
  return {
    app,
    services,
    jobs: services.jobs,
    proved,
    async close() {
      await services.jobs.close();
      await app.close();
    },
  };
}
