/** The aggregate program of production, as trees of proof files need it. */
import { run } from '../machine/system.ts';
import { prepareAggregate } from '../programs/aggregate/prepare.ts';
import { runAggregate } from '../programs/aggregate/run.ts';
import type { AggregateHost } from './aggregateTree.ts';
import { aggregateProgram } from './programs.ts';
import type { KnownSystem } from './publishedKeys.ts';

/** For aggregates under this profile, over children under the key with digest K or those of leaves. */
export function aggregateHost(
  recursiveKeyDigest: Uint32Array,
  profile: string,
  { policy }: KnownSystem,
): AggregateHost {
  const program = aggregateProgram();
  return {
    program,
    profile,
    run(children) {
      const { witnesses, statement } = prepareAggregate(recursiveKeyDigest, children, policy);
      return { execution: runAggregate(run, program, recursiveKeyDigest, witnesses), statement };
    },
  };
}
