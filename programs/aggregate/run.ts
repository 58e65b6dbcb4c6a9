/** A run of the aggregate program whose failure names the child and the line of the program that refuses it. */
import { MachineError } from '../../machine/errors.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import type { HintFunctions, Program } from '../../machine/program.ts';
import { AggregationError } from './errors.ts';
import { aggregateHints, type ChildWitness } from './witness.ts';

/**
 * Runs the program over the children by `run`, the executor with the machine's tables.
 * Throws: AggregationError 'CHILD_NOT_VERIFIED' for a child whose proof does not verify.
 */
export function runAggregate(
  run: (program: Program, hints: HintFunctions) => ExecutionTrace,
  program: Program,
  aggregateKeyDigest: Uint32Array,
  children: readonly ChildWitness[],
): ExecutionTrace {
  let current: number | undefined;
  const hints = aggregateHints(aggregateKeyDigest, children, (child) => {
    current = child;
  });
  try {
    return run(program, hints);
  } catch (error) {
    if (!(error instanceof MachineError) || current === undefined) throw error;
    throw new AggregationError('CHILD_NOT_VERIFIED', {
      child: current,
      check: error.code,
      source: error.location?.source ?? 'unknown',
    });
  }
}
