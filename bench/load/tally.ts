/** What clients saw: answers by route and status, durations, and what should not have happened. */

export interface Tally {
  answered(route: string, status: number, milliseconds: number): void;
  /** Something that no client may see. */
  failed(what: string): void;
  count(what: string): void;
  readonly failures: ReadonlyMap<string, number>;
  readonly counts: ReadonlyMap<string, number>;
  routes(): RouteTally[];
}

export interface RouteTally {
  readonly route: string;
  readonly status: number;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

/** The value below which this share of the sorted values lies. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

export function createTally(): Tally {
  const durations = new Map<string, number[]>();
  const failures = new Map<string, number>();
  const counts = new Map<string, number>();
  const increment = (map: Map<string, number>, key: string): void => {
    map.set(key, (map.get(key) ?? 0) + 1);
  };
  return {
    answered(route, status, milliseconds) {
      const key = `${status} ${route}`;
      const known = durations.get(key);
      if (known === undefined) durations.set(key, [milliseconds]);
      else known.push(milliseconds);
    },
    failed: (what) => increment(failures, what),
    count: (what) => increment(counts, what),
    failures,
    counts,
    routes: () =>
      [...durations].sort().map(([key, values]) => {
        const sorted = values.toSorted((left, right) => left - right);
        return {
          route: key.slice(4),
          status: Number(key.slice(0, 3)),
          count: sorted.length,
          p50Ms: quantile(sorted, 0.5),
          p99Ms: quantile(sorted, 0.99),
          mostMs: sorted.at(-1) ?? 0,
        };
      }),
  };
}
