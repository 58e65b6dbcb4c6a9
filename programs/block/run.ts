/** A run of the block program whose failure names the child, or says that it is the block that is refused, and the line. */
import { MachineError } from '../../machine/errors.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import type { HintFunctions, Program } from '../../machine/program.ts';
import { type ChildWitness, childHints } from '../aggregate/witness.ts';
import { BlockError } from './errors.ts';
import { HINT } from './hintNames.ts';
import { type BlockWitness, blockHints } from './hints.ts';

/**
 * Runs the program over the children and the columns by `run`, the executor with the machine's tables.
 * Throws: BlockError 'CHILD_NOT_VERIFIED', 'BLOCK_NOT_PROVABLE'.
 */
export function runBlockProgram(
  run: (program: Program, hints: HintFunctions) => ExecutionTrace,
  program: Program,
  witness: BlockWitness,
  children: readonly ChildWitness[],
): ExecutionTrace {
  let current: number | undefined;
  const hints = blockHints(witness);
  const nodeCount = hints[HINT.NODE_COUNT]!;
  const watched: HintFunctions = {
    ...hints,
    ...childHints(children, (child) => {
      current = child;
    }),
    // The first hint after the children.
    [HINT.NODE_COUNT]: (inputs, memory) => {
      current = undefined;
      return nodeCount(inputs, memory);
    },
  };
  try {
    return run(program, watched);
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    const details = { check: error.code, source: error.location?.source ?? 'unknown' };
    if (current === undefined) throw new BlockError('BLOCK_NOT_PROVABLE', details);
    throw new BlockError('CHILD_NOT_VERIFIED', { child: current, ...details });
  }
}
