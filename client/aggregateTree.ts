/**
 * Builds a tree of aggregates over proof files: levels of nodes of a given fan-in, up to one proof. Every file is verified before the first
 * node, every node when it is made; a failure names the child and the check.
 * Source: docs/spec/recursion.md; docs/cli.md, section aggregate.
 */
import type { ExecutionTrace } from '../machine/executionTrace.ts';
import type { Program } from '../machine/program.ts';
import { AggregationError } from '../programs/aggregate/errors.ts';
import type { Child } from '../programs/aggregate/witness.ts';
import { planTree } from '../server/aggregation/tree.ts';
import type { Claim } from './claims.ts';
import { formatDigest } from './jsonFields.ts';
import type { LocalProof } from './localProver.ts';
import { aggregateEntries, type EntryOfFile, type ProofFile } from './proofFile.ts';
import { findKey, type KnownSystem, type PublishedKeys } from './publishedKeys.ts';
import { verifyProofFile } from './verifyFile.ts';

/** A proof to aggregate, with the name that errors give it: its file, or its place in the tree. */
export interface NamedProof {
  readonly name: string;
  readonly file: ProofFile;
}

/** The aggregate program's host side: checks and runs it over children. */
export interface AggregateHost {
  readonly program: Program;
  /** Of the aggregate's own proofs. */
  readonly profile: string;
  /**
   * Verifies the children natively and runs the program over them.
   * Throws: AggregationError; `details.child` is the number of the child.
   */
  run(children: readonly Child[]): { readonly execution: ExecutionTrace; readonly statement: Uint32Array };
}

/** Proves a run of the aggregate program; `label` names the node. */
export type ProveNode = (label: string, execution: ExecutionTrace) => Promise<LocalProof>;

export interface NodeReport {
  /** 1 is the level above the files. */
  readonly level: number;
  readonly node: string;
  readonly children: readonly string[];
  readonly leaves: number;
  readonly measures: LocalProof['measures'];
  readonly checkAndRunSeconds: number;
  readonly verifySeconds: number;
  readonly proofBytes: number;
  readonly statement: string;
}

/** What stands in the way of an aggregate, with the name of the child or node. */
export class TreeError extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: string, sentence: string, details: Readonly<Record<string, string | number>>) {
    super(`${code}: ${sentence} ${JSON.stringify(details)}`);
    this.name = 'TreeError';
    this.code = code;
    this.details = details;
  }
}

/**
 * Verifies every file against the published keys and refuses what cannot be aggregated.
 * Throws: TreeError naming the file, with the code of the check that fails.
 */
export function checkChildren(
  children: readonly NamedProof[],
  keys: PublishedKeys,
  known: KnownSystem,
  onChild: (name: string, number: number) => void = () => undefined,
): void {
  if (children.length === 0) throw new AggregationError('NO_ENTRIES');
  const firstWith = new Map<string, string>();
  for (const [number, { name, file }] of children.entries()) {
    onChild(name, number);
    const digests = `${formatDigest(file.keyDigest)} ${formatDigest(file.statement)}`;
    const first = firstWith.get(digests);
    if (first !== undefined)
      throw new TreeError(
        'DUPLICATE_CHILD',
        'Two children are proofs of the same statement under the same key.',
        {
          child: name,
          first,
        },
      );
    firstWith.set(digests, name);
    const verdict = verifyProofFile(keys, known, file);
    if (!verdict.ok)
      throw new TreeError(verdict.reason, 'A child is refused.', { child: name, ...verdict.details });
    const { aggregate } = keys;
    const isLeaf = aggregate?.leafKeyDigests.some(
      (digest) => formatDigest(digest) === formatDigest(file.keyDigest),
    );
    const isNode =
      aggregate !== undefined && formatDigest(aggregate.recursiveKeyDigest) === formatDigest(file.keyDigest);
    if (!isLeaf && !isNode)
      throw new TreeError(
        'LEAF_NOT_ALLOWED',
        'Proofs under this key are neither leaves nor nodes of published aggregates.',
        { child: name, program: file.program, profile: file.profile },
      );
  }
}

/** The program's child of a proof file. */
export function childOf({ file }: NamedProof, keys: PublishedKeys): Child {
  const key = findKey(keys.keys, file.program, file.profile);
  if (key === undefined) throw new RangeError(`no key of ${file.program} under ${file.profile} is published`);
  return {
    key: key.verifyingKey,
    statement: file.statement,
    proofBytes: file.proofBytes,
    inner:
      file.entries === undefined ? undefined : { kind: 'inner', entries: aggregateEntries(file.entries) },
  };
}

/** How a proof stands in the tree of the aggregate above it. */
function entryOf({ file }: NamedProof): EntryOfFile {
  const { keyDigest, statement, entries } = file;
  const claim: Claim | undefined = file.claim;
  return entries === undefined ? { kind: 'leaf', keyDigest, statement, claim } : { kind: 'inner', entries };
}

/**
 * Proves every node of the tree, level by level, and returns the root. `onNode` hears each node when it is proved and verified.
 * The tree is the one that a service makes of as many leaves with this fan-in.
 * Throws: TreeError naming node and child; RangeError as `planTree`; what the prover throws.
 */
export async function proveTree(
  children: readonly NamedProof[],
  fanIn: number,
  host: AggregateHost,
  proveNode: ProveNode,
  keys: PublishedKeys,
  known: KnownSystem,
  onNode: (report: NodeReport, node: NamedProof) => Promise<void>,
): Promise<NamedProof> {
  const { aggregate } = keys;
  const key = aggregate && findKey(keys.keys, aggregate.program, host.profile);
  if (aggregate === undefined || key === undefined)
    throw new TreeError('KEY_NOT_PUBLISHED', 'No key of the aggregate program is published.', {
      profile: host.profile,
    });
  const { nodes } = planTree({ kind: 'aggregate', leafCount: children.length, fanIn, isOfAggregates: false });
  const proved: NamedProof[] = [];
  const perLevel = new Map<number, number>();
  for (const { level, children: parts } of nodes) {
    const position = (perLevel.get(level) ?? 0) + 1;
    perLevel.set(level, position);
    const name = `node ${level}.${position}`;
    const below = parts.flatMap(({ kind, number }) => (kind === 'leaf' ? children : proved)[number] ?? []);
    const start = performance.now();
    const { execution, statement } = runNode(name, below, host, keys);
    const checkAndRunSeconds = (performance.now() - start) / 1000;
    const proof = await proveNode(`${name} of ${below.length}`, execution);
    const node: NamedProof = {
      name,
      file: {
        program: aggregate.program,
        profile: host.profile,
        keyDigest: key.keyDigest,
        statement,
        claim: undefined,
        entries: below.map(entryOf),
        proofBytes: proof.proofBytes,
      },
    };
    const verifyStart = performance.now();
    const verdict = verifyProofFile(keys, known, node.file);
    if (!verdict.ok)
      throw new TreeError(verdict.reason, 'A node that was just proved does not verify.', {
        node: name,
        ...verdict.details,
      });
    await onNode(
      {
        level,
        node: name,
        children: below.map((child) => child.name),
        leaves: verdict.leaves.length,
        measures: proof.measures,
        checkAndRunSeconds,
        verifySeconds: (performance.now() - verifyStart) / 1000,
        proofBytes: proof.proofBytes.length,
        statement: formatDigest(statement),
      },
      node,
    );
    proved.push(node);
  }
  const root = proved.at(-1);
  if (root === undefined) throw new AggregationError('NO_ENTRIES');
  return root;
}

function runNode(
  node: string,
  below: readonly NamedProof[],
  host: AggregateHost,
  keys: PublishedKeys,
): ReturnType<AggregateHost['run']> {
  try {
    return host.run(below.map((child) => childOf(child, keys)));
  } catch (error) {
    if (!(error instanceof AggregationError)) throw error;
    const { child, ...details } = error.details;
    const name = typeof child === 'number' ? below[child]?.name : undefined;
    throw new TreeError(error.code, 'A node cannot be made of its children.', {
      node,
      ...(name === undefined ? {} : { child: name }),
      ...details,
    });
  }
}
