/**
 * The run of a node: its children are verified natively first, then by the program. Runs in the tracer's thread; what is wrong
 * with a child is named before the device is used.
 */
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import type { LeastHeights } from '../../machine/padding.ts';
import type { Program } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { AggregationError } from '../../programs/aggregate/errors.ts';
import { prepareAggregate } from '../../programs/aggregate/prepare.ts';
import { runAggregate } from '../../programs/aggregate/run.ts';
import { type Child, type ChildWitness, childWitness } from '../../programs/aggregate/witness.ts';
import { BlockError } from '../../programs/block/errors.ts';
import { prepareBlock } from '../../programs/block/prepare.ts';
import { runBlockProgram } from '../../programs/block/run.ts';
import type { NodeChild, NodeInput } from './nodeInput.ts';
import { AGGREGATE, BLOCK, type KeyRing } from './proofSystem.ts';

export interface NodeRun {
  readonly program: Program;
  readonly execution: ExecutionTrace;
  readonly least: LeastHeights;
}

/** Children that cannot be proved about: not the machine's fault. */
export class NodeRefused extends Error {
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, details: Readonly<Record<string, unknown>>) {
    super(message);
    this.name = 'NodeRefused';
    this.details = details;
  }
}

/** Throws: NodeRefused; MachineError of a run that is too large. */
export async function runNode(ring: KeyRing, input: NodeInput): Promise<NodeRun> {
  const least = ring.system.heights[input.role] ?? {};
  try {
    if (input.role === 'block') {
      const program = await ring.programOf(BLOCK);
      return { program, execution: await runBlock(ring, program, input), least };
    }
    const program = await ring.programOf(AGGREGATE);
    const { verifiable, policy } = ring.system;
    const aggregateKeyDigest = await ring.aggregateKeyDigest();
    const children = await Promise.all(input.children.map((child) => childOf(ring, child)));
    const { witnesses } = prepareAggregate(aggregateKeyDigest, children, policy, verifiable);
    return { program, execution: runAggregate(run, program, aggregateKeyDigest, witnesses), least };
  } catch (error) {
    if (error instanceof AggregationError)
      throw new NodeRefused(error.message, { aggregationError: error.code, ...error.details });
    if (error instanceof BlockError)
      throw new NodeRefused(error.message, { blockError: error.code, ...error.details });
    throw error;
  }
}

async function childOf(ring: KeyRing, child: NodeChild): Promise<Child> {
  const { program, profile, statement, proof, entries } = child;
  return {
    key: await ring.keyOf(program, profile),
    statement,
    proofBytes: proof,
    inner: entries === undefined ? undefined : { kind: 'inner', entries },
  };
}

/** Throws: BlockError, AggregationError, MachineError. */
async function runBlock(
  ring: KeyRing,
  program: Program,
  { children, block }: NodeInput,
): Promise<ExecutionTrace> {
  if (block === undefined) throw new RangeError('a block node without its columns');
  const { verifiable, policy } = ring.system;
  const below = await Promise.all(
    children.map(async (child) => ({ ...(await childOf(ring, child)), entries: child.entries ?? [] })),
  );
  const { witness } = prepareBlock(await ring.blockKeys(), below, block.columns, block.list, policy);
  const witnesses: ChildWitness[] = [];
  for (const [child, each] of below.entries()) {
    const witnessed = childWitness(verifiable.system, [ring.system.profiles.inner], each);
    if (!witnessed.ok)
      throw new AggregationError('CHILD_REJECTED', { child, reason: witnessed.reason, ...witnessed.details });
    witnesses.push(witnessed.witness);
  }
  return runBlockProgram(run, program, witness, witnesses);
}
