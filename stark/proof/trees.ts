/**
 * The trees of a proof as an opener sees them: the four phases that have matrices, then one tree a fold layer.
 * Source: docs/spec/proof-system.md, sections 3 and 9.
 */
import { DEGREE } from '../field/extension.ts';
import type { OpenedTree } from '../merkleOpening.ts';
import type { Profile } from '../profile.ts';
import { LEAF_TAG, type Phase, type ProofShape } from './shape.ts';

export interface PhaseTree extends OpenedTree {
  readonly phase: Phase;
}

export interface ProofTrees {
  readonly phases: readonly PhaseTree[];
  readonly folds: readonly OpenedTree[];
  /** Log of the number of rows of the tallest table: query indices have this many bits. */
  readonly logRows: number;
}

export function proofTrees(shape: ProofShape, profile: Profile): ProofTrees {
  const { logBlowup, logCap } = profile;
  return {
    phases: shape.trees
      .filter((tree) => tree.matrices.length > 0)
      .map(({ phase, matrices }) => ({
        phase,
        leafTag: LEAF_TAG[phase],
        logCap,
        matrices: matrices.map(({ logHeight, columns, nextColumns }) => ({
          logRows: logHeight + logBlowup,
          columns,
          nextColumns,
        })),
      })),
    folds: shape.folds.map(({ logHeight, logArity }) => ({
      leafTag: LEAF_TAG.fold,
      logCap,
      matrices: [{ logRows: logHeight + logBlowup - logArity, columns: DEGREE << logArity, nextColumns: 0 }],
    })),
    logRows: Math.max(...shape.distinctLogHeights) + logBlowup,
  };
}
