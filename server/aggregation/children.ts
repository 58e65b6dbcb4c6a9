/**
 * The children of a request, as leaves of its tree: jobs are looked up, and what cannot be aggregated is refused by the child's
 * number. On the event loop; uploaded proofs have been verified before.
 */
import { flattenLeaves, TREE_LIMITS, treeSize } from '../../programs/aggregate/aggregateStatement.ts';
import type { Checker } from '../checker/checker.ts';
import type { Job } from '../jobs/job.ts';
import type { JobStore } from '../jobs/store.ts';
import { Problem } from '../problems.ts';
import type { LeafRecord } from './aggregation.ts';
import { partJob } from './aggregations.ts';
import type { ShownColumn } from './blockCheck.ts';
import { refuseDuplicates } from './duplicates.ts';
import { AGGREGATE, COLUMN, type ProofSystem } from './proofSystem.ts';
import type { ReadAggregation, ReadChild } from './request.ts';
import { largestProof, planTree } from './tree.ts';

export interface ChildContext {
  readonly store: JobStore;
  readonly checker: Checker;
  readonly system: ProofSystem;
}

/** One a child. Throws: Problem. The tree is one that can be proved. */
export async function leavesOfChildren(
  { store, checker, system }: ChildContext,
  { kind, fanIn, children, keys }: ReadAggregation,
): Promise<LeafRecord[]> {
  const leaves: LeafRecord[] = [];
  for (const [child, each] of children.entries()) {
    switch (each.kind) {
      case 'job': {
        const job = requireJob(store, child, each.id);
        requireBelow(system, child, job);
        const { program, profile, entries, state, request } = job;
        const isProved = state.name === 'succeeded';
        leaves.push({
          origin: 'job',
          program,
          profile,
          keyDigest: await checker.keyDigest({ program, profile }),
          statement: isProved ? state.proof.statement : request?.expectedStatement,
          entries,
          job: partJob(job, true),
          proof: isProved ? state.proof.bytes : undefined,
          inputs: undefined,
        });
        break;
      }
      case 'upload': {
        const { program, profile, keyDigest, statement, entries, proof } = each;
        const rest = { job: undefined, inputs: undefined };
        leaves.push({ origin: 'upload', program, profile, keyDigest, statement, entries, proof, ...rest });
        break;
      }
      case 'column': {
        const rest = { job: undefined, proof: undefined, entries: undefined };
        leaves.push({
          origin: 'column',
          program: COLUMN,
          profile: system.profiles.leaf.name,
          keyDigest: keys.column,
          statement: each.statement,
          inputs: each.json,
          ...rest,
        });
      }
    }
  }
  refuseMixed(leaves);
  refuseDuplicates(
    leaves.map(({ program, profile, statement, job }) =>
      statement === undefined ? job?.id : [program, profile, ...statement].join(' '),
    ),
  );
  refuseTooLarge(kind, fanIn, leaves);
  return leaves;
}

/** Before any tree is walked leaf by leaf. Throws: Problem tree-too-large. */
function refuseTooLarge(kind: ReadAggregation['kind'], fanIn: number, leaves: readonly LeafRecord[]): void {
  const isOfAggregates = leaves.every(({ entries }) => entries !== undefined);
  const plan = planTree({ kind, leafCount: leaves.length, fanIn, isOfAggregates });
  const sizes = leaves.map(({ entries }) =>
    entries === undefined ? { levels: 0, leaves: 1 } : treeSize(entries),
  );
  const { levels, leaves: leafCount } = largestProof(plan, sizes);
  if (levels <= TREE_LIMITS.levels && leafCount <= TREE_LIMITS.leaves) return;
  throw new Problem(
    'tree-too-large',
    `A proof of this tree would have ${levels} levels and ${leafCount} leaves below it.`,
    { levels, leaves: leafCount, expectedAtMost: { ...TREE_LIMITS } },
  );
}

/** Throws: Problem unknown-child, child-failed, child-cancelled, child-expired. */
function requireJob(store: JobStore, child: number, id: string): Job {
  const job = store.find(id);
  if (job === undefined)
    throw new Problem('unknown-child', `Child ${child}: no job ${id}.`, { child, job: id });
  const { state } = job;
  if ('failure' in state)
    throw new Problem(`child-${state.name}`, `Child ${child}: ${state.failure.code}.`, {
      child,
      job: id,
      failure: state.failure,
    });
  return job;
}

/** Throws: Problem child-wrong-key. */
function requireBelow({ profiles }: ProofSystem, child: number, { id, program, profile }: Job): void {
  if (profile !== profiles.final.name) return;
  throw new Problem('child-wrong-key', `Child ${child} is a proof of ${program} under ${profile}.`, {
    child,
    job: id,
    program,
    profile,
  });
}

/** Throws: Problem mixed-children. */
function refuseMixed(leaves: readonly LeafRecord[]): void {
  const first = leaves[0]?.program;
  const child = leaves.findIndex(({ program }) => program !== first);
  if (child < 0) return;
  const got = leaves[child]?.program;
  throw new Problem('mixed-children', `Child ${child} is a proof of ${got}, child 0 of ${first}.`, {
    child,
    expected: first,
    got,
  });
}

/**
 * What the columns below the children of a block say, in order. Throws: Problem no-column, claim-missing.
 */
export function shownColumns(
  { store, system }: ChildContext,
  { children, keys }: ReadAggregation,
  leaves: readonly LeafRecord[],
): ShownColumn[] {
  return leaves.flatMap(({ program, statement, entries, job, keyDigest }, child): ShownColumn[] => {
    if (program !== COLUMN && program !== AGGREGATE)
      throw new Problem('no-column', `Child ${child} is a proof of ${program}.`, { child, program });
    const below = entries === undefined ? [{ keyDigest, statement }] : flattenLeaves(entries);
    const said: ReadChild | undefined = children[child];
    return below.map((column, leaf): ShownColumn => {
      if (!column.keyDigest.every((word, index) => word === keys.column[index]))
        throw new Problem('no-column', `Leaf ${leaf} of child ${child} is no column.`, { child, leaf });
      const claim = said?.kind === 'upload' ? said.claims[leaf] : undefined;
      if (claim !== undefined) return { child, said: { kind: 'claim', claim } };
      const shown =
        entries === undefined && job !== undefined
          ? store.find(job.id)
          : column.statement && store.findByStatement(COLUMN, system.profiles.leaf.name, column.statement);
      const input = shown?.request?.input;
      if (input?.kind === 'inputs') return { child, said: { kind: 'inputs', json: input.json } };
      throw new Problem('claim-missing', `Of leaf ${leaf} of child ${child} only the digest is known.`, {
        child,
        leaf,
      });
    });
  });
}
