/** From the proofs below a node of a tree to the columns that are proved. Runs in the tracer's thread. */
import { MachineError } from '../../machine/errors.ts';
import { buildTraces, COLONNADE_MACHINE } from '../../machine/system.ts';
import { requirePinned } from '../../programs/block/compression.ts';
import { BlockError } from '../../programs/block/errors.ts';
import type { TableTrace } from '../../stark/air/air.ts';
import type { NodeInput } from '../aggregation/nodeInput.ts';
import type { KeyRing } from '../aggregation/proofSystem.ts';
import { NodeRefused, runNode } from '../aggregation/runNode.ts';
import { preprocessedTraces } from '../keys.ts';
import { isTooLarge, type Traced } from './tracer.ts';

/** Before the device is used: tables of other heights would make a proof of another size. Throws: NodeRefused. */
function refuseUnpinned(
  { system: { heights } }: KeyRing,
  { role }: NodeInput,
  traces: readonly (TableTrace | undefined)[],
): void {
  const pinned = heights[role];
  if (pinned === undefined) return;
  try {
    const tableNames = COLONNADE_MACHINE.tables.map(({ name }) => name);
    requirePinned(
      tableNames,
      traces.map((trace) => trace?.logHeight),
      pinned,
    );
  } catch (error) {
    if (!(error instanceof BlockError)) throw error;
    throw new NodeRefused(error.message, { blockError: error.code, ...error.details });
  }
}

/** Throws: what is neither a child's fault nor a MachineError. */
export async function traceNode(ring: KeyRing, node: NodeInput): Promise<Traced> {
  try {
    const started = performance.now();
    const { program, execution, least } = await runNode(ring, node);
    const executed = performance.now();
    const traces = buildTraces(program, execution, least);
    refuseUnpinned(ring, node, traces);
    const traced = performance.now();
    return {
      ok: true,
      preprocessed: preprocessedTraces(program),
      traces,
      statement: execution.statement.slice(),
      cycles: execution.pc.length,
      stages: [
        { name: 'execute', seconds: (executed - started) / 1000 },
        { name: 'trace', seconds: (traced - executed) / 1000 },
      ],
    };
  } catch (error) {
    if (error instanceof NodeRefused)
      return { ok: false, code: 'INPUTS_REFUSED', detail: error.message, details: error.details };
    if (!(error instanceof MachineError)) throw error;
    const { code, message: detail, details } = error;
    return {
      ok: false,
      code: isTooLarge(error) ? 'TOO_LARGE' : 'INPUTS_REFUSED',
      detail,
      details: { machineError: code, ...details },
    };
  }
}
