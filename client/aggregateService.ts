/** An aggregation that a service proved, as a proof file. The service is not believed: whoever gets the file verifies it. */

import { aggregateStatement } from '../programs/aggregate/aggregateStatement.ts';
import { blockSummaryToJson, parseBlockSummary } from '../programs/block/blockJson.ts';
import type { BlockSummary } from '../programs/block/blockStatement.ts';
import { BlockError } from '../programs/block/errors.ts';
import type { AggregationAnswer } from '../server/api/aggregationSchemas.ts';
import { FINAL, INNER } from '../stark/profile.ts';
import { claimDigest } from './claims.ts';
import { aggregateEntries, type EntryOfFile, type ProofFile } from './proofFile.ts';
import { findKey, type PublishedKey, type PublishedKeys } from './publishedKeys.ts';
import { ServiceError } from './serviceError.ts';

type Part = AggregationAnswer['nodes'][number]['children'][number];

function fault(detail: string): ServiceError {
  return new ServiceError('UNEXPECTED_ANSWER', `The service's tree has no form of a tree: ${detail}`, {});
}

/**
 * What lies below the root of an aggregate.
 * Throws: ServiceError 'UNEXPECTED_ANSWER' for a tree that is none over exactly these children, each once.
 */
export function entriesOf(answer: AggregationAnswer, children: readonly ProofFile[]): EntryOfFile[] {
  const { nodes } = answer;
  const used = new Set<number>();

  function entryOf({ kind, number }: Part, parent: number): EntryOfFile {
    if (kind === 'node') {
      // Children stand before their parents, so a walk down ends.
      if (number >= parent) throw fault(`node ${number} is below node ${parent}`);
      return { kind: 'inner', entries: below(number) };
    }
    const file = children[number];
    if (file === undefined || used.has(number)) throw fault(`child ${number}`);
    used.add(number);
    const { keyDigest, statement, claim, entries } = file;
    return entries === undefined ? { kind: 'leaf', keyDigest, statement, claim } : { kind: 'inner', entries };
  }

  function below(number: number): EntryOfFile[] {
    const node = nodes[number];
    if (node === undefined || node.role !== 'aggregate') throw fault(`node ${number}`);
    return node.children.map((part) => entryOf(part, number));
  }

  const entries = below(nodes.length - 1);
  if (used.size !== children.length) throw fault(`${used.size} of ${children.length} children`);
  return entries;
}

/** Throws: RangeError when it is not published. */
function keyOf(keys: PublishedKeys, program: string, profile: string): PublishedKey {
  const key = findKey(keys.keys, program, profile);
  if (key === undefined) throw new RangeError(`no key of ${program} under ${profile} is published`);
  return key;
}

function fileAbove(
  entries: readonly EntryOfFile[],
  profile: string,
  proofBytes: Uint8Array,
  keys: PublishedKeys,
): ProofFile {
  const { aggregate } = keys;
  if (aggregate === undefined) throw new RangeError('no aggregate program is published');
  return {
    program: aggregate.program,
    profile,
    keyDigest: keyOf(keys, aggregate.program, profile).keyDigest,
    statement: aggregateStatement(aggregate.recursiveKeyDigest, aggregateEntries(entries)),
    claim: undefined,
    entries,
    proofBytes,
  };
}

/** The proof file of an aggregate of these children. Throws: ServiceError, RangeError. */
export function aggregateFile(
  answer: AggregationAnswer,
  children: readonly ProofFile[],
  proofBytes: Uint8Array,
  keys: PublishedKeys,
): ProofFile {
  return fileAbove(entriesOf(answer, children), INNER.name, proofBytes, keys);
}

/**
 * The proof file of a block: its final proof, above the shrunk proof, above the block proof with its claim (docs/spec/block.md, section
 * Compression). Throws: RangeError.
 */
export function blockFile(summary: BlockSummary, proofBytes: Uint8Array, keys: PublishedKeys): ProofFile {
  const claim = { program: 'block', summary } as const;
  const leaf: EntryOfFile = {
    kind: 'leaf',
    keyDigest: keyOf(keys, 'block', INNER.name).keyDigest,
    statement: claimDigest(claim),
    claim,
  };
  return fileAbove([{ kind: 'inner', entries: [leaf] }], FINAL.name, proofBytes, keys);
}

/** What a caller asked for; of a block, the summary of the caller's own data. */
export type AskedFor =
  | { readonly kind: 'aggregate' }
  | { readonly kind: 'block'; readonly summary: BlockSummary };

/**
 * The proof file of what was asked for. The service chooses neither what it proves nor which block.
 * Throws: ServiceError 'UNEXPECTED_ANSWER' when it answers with something else; RangeError.
 */
export function fileOfAggregation(
  asked: AskedFor,
  answer: AggregationAnswer,
  children: readonly ProofFile[],
  proofBytes: Uint8Array,
  keys: PublishedKeys,
): ProofFile {
  if (answer.kind !== asked.kind)
    throw new ServiceError('UNEXPECTED_ANSWER', 'The service proved something else than it was asked for.', {
      field: 'kind',
      expected: asked.kind,
      got: answer.kind,
    });
  if (asked.kind === 'aggregate') return aggregateFile(answer, children, proofBytes, keys);
  requireSummary(asked.summary, answer.block);
  return blockFile(asked.summary, proofBytes, keys);
}

/** Throws: ServiceError 'UNEXPECTED_ANSWER' naming the first field of the answered block that is not the expected summary's. */
export function requireSummary(expected: BlockSummary, answered: unknown): void {
  const got = summaryFields(answered);
  for (const [field, value] of Object.entries(blockSummaryToJson(expected)))
    if (got[field] !== value)
      throw new ServiceError('UNEXPECTED_ANSWER', 'The service proved another block than it was asked for.', {
        field: `block.${field}`,
        expected: value,
        got: got[field] ?? 'absent',
      });
}

/** In the one form that `blockSummaryToJson` gives; empty when it is no summary. */
function summaryFields(answered: unknown): Readonly<Record<string, string | number>> {
  try {
    return blockSummaryToJson(parseBlockSummary(answered));
  } catch (error) {
    if (error instanceof BlockError) return {};
    throw error;
  }
}
