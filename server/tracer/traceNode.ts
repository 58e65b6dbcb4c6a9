/** From the proofs below a node of a tree to the columns that are proved. Runs in the tracer's thread. */
import { MachineError } from '../../machine/errors.ts';
import { buildTraces } from '../../machine/system.ts';
import type { NodeInput } from '../aggregation/nodeInput.ts';
import type { KeyRing } from '../aggregation/proofSystem.ts';
import { NodeRefused, runNode } from '../aggregation/runNode.ts';
import { preprocessedTraces } from '../keys.ts';
import { isTooLarge, type Traced } from './tracer.ts';

/** Throws: what is neither a child's fault nor a MachineError. */
export async function traceNode(ring: KeyRing, node: NodeInput): Promise<Traced> {
  try {
    const started = performance.now();
    const { program, execution, least } = await runNode(ring, node);
    const executed = performance.now();
    const traces = buildTraces(program, execution, least);
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
