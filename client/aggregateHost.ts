/** The aggregate program of production, as trees of proof files need it. */
import type { AggregateHost } from './aggregateTree.ts';

/** Undefined while no aggregate program has a published key. */
export function aggregateHost(): AggregateHost | undefined {
  return undefined;
}
