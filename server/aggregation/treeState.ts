/** Where a tree of proofs stands: what is still to be proved, what can start, and how its time adds up. Pure. */
import type { JobStateName } from '../api/schemas.ts';
import type { Part, TreePlan } from './tree.ts';

/**
 * A part's own state: `waiting` before it is a job, because parts below it are missing or the queue is full; `unneeded`
 * where the proof of a node above it was there already.
 */
export type PartState = JobStateName | 'waiting' | 'unneeded';

/** What is to be proved for the root, and from what. */
export interface NeededParts {
  readonly nodes: ReadonlySet<number>;
  readonly leaves: ReadonlySet<number>;
}

/** Walks down from the root and not below a node whose proof is there. */
export function neededParts({ nodes }: TreePlan, isProved: (node: number) => boolean): NeededParts {
  const needed = { nodes: new Set<number>(), leaves: new Set<number>() };
  const visit = (part: Part): void => {
    if (part.kind === 'leaf') {
      needed.leaves.add(part.number);
    } else if (!isProved(part.number)) {
      needed.nodes.add(part.number);
      nodes[part.number]?.children.forEach(visit);
    }
  };
  visit({ kind: 'node', number: nodes.length - 1 });
  return needed;
}

/** The nodes among those that wait whose children are all proved. */
export function readyNodes(
  { nodes }: TreePlan,
  isWaiting: (node: number) => boolean,
  isProved: (part: Part) => boolean,
): number[] {
  return nodes.flatMap(({ children }, node) => (isWaiting(node) && children.every(isProved) ? [node] : []));
}

/** Seconds that a part's proof took; undefined where nothing was proved here. */
export type PartSeconds = (part: Part) => number | undefined;

export interface TreeTimes {
  /** Sum over all parts: with one prover nothing is faster. */
  readonly busySeconds: number;
  /** The longest way from a leaf to the root: with any number of provers nothing is faster. */
  readonly criticalPathSeconds: number;
  /** The parts on that way, from below. */
  readonly criticalPath: readonly Part[];
}

/** Parts without a time count as 0. */
export function treeTimes({ leafCount, nodes }: TreePlan, secondsOf: PartSeconds): TreeTimes {
  interface Way {
    readonly seconds: number;
    readonly parts: readonly Part[];
  }
  const leafWay = (part: Part): Way => ({ seconds: secondsOf(part) ?? 0, parts: [part] });
  const nodeWays: Way[] = [];
  let busySeconds = 0;
  for (let number = 0; number < leafCount; number++) busySeconds += secondsOf({ kind: 'leaf', number }) ?? 0;
  for (const [number, { children }] of nodes.entries()) {
    const ways = children.map((part) =>
      part.kind === 'leaf' ? leafWay(part) : (nodeWays[part.number] ?? leafWay(part)),
    );
    const longest = ways.reduce((best, way) => (way.seconds > best.seconds ? way : best));
    const part: Part = { kind: 'node', number };
    const seconds = secondsOf(part) ?? 0;
    busySeconds += seconds;
    nodeWays.push({ seconds: longest.seconds + seconds, parts: [...longest.parts, part] });
  }
  const root = nodeWays.at(-1);
  return { busySeconds, criticalPathSeconds: root?.seconds ?? 0, criticalPath: root?.parts ?? [] };
}

/**
 * Seconds until the root is proved by so many provers, each part as soon as one is free and the parts below it are there, lower numbers
 * first. A computation: one prover gives the busy time, as many as there are leaves the critical path.
 */
export function secondsOnProvers(
  { leafCount, nodes }: TreePlan,
  secondsOf: PartSeconds,
  provers: number,
): number {
  const parts = [
    ...Array.from({ length: leafCount }, (_, number): Part => ({ kind: 'leaf', number })),
    ...nodes.map((_, number): Part => ({ kind: 'node', number })),
  ];
  const endOf = new Map<string, number>();
  const nameOf = ({ kind, number }: Part): string => `${kind} ${number}`;
  const freeAt = new Array<number>(provers).fill(0);
  const readyAt = (part: Part): number | undefined => {
    const below = part.kind === 'leaf' ? [] : (nodes[part.number]?.children ?? []);
    const ends = below.map((child) => endOf.get(nameOf(child)));
    return ends.some((end) => end === undefined) ? undefined : Math.max(0, ...ends.map((end) => end ?? 0));
  };
  const waiting = new Set(parts);
  while (waiting.size > 0) {
    // Of the parts that can start, the one that can start first.
    let next: { readonly part: Part; readonly at: number } | undefined;
    for (const part of waiting) {
      const at = readyAt(part);
      if (at !== undefined && (next === undefined || at < next.at)) next = { part, at };
    }
    if (next === undefined) throw new RangeError('a plan whose parts wait for each other');
    const { part, at } = next;
    const seconds = secondsOf(part) ?? 0;
    waiting.delete(part);
    // What takes no time needs no prover.
    if (seconds === 0) {
      endOf.set(nameOf(part), at);
      continue;
    }
    const prover = freeAt.indexOf(Math.min(...freeAt));
    const end = Math.max(at, freeAt[prover] ?? 0) + seconds;
    freeAt[prover] = end;
    endOf.set(nameOf(part), end);
  }
  return endOf.get(`node ${nodes.length - 1}`) ?? 0;
}
