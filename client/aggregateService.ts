/** An aggregation that a service proved, as a proof file: its tree, with the children that were sent as they are. */
import type { AggregationAnswer } from '../server/api/aggregationSchemas.ts';
import type { EntryOfFile, ProofFile } from './proofFile.ts';
import { ServiceError } from './serviceError.ts';

type Part = AggregationAnswer['nodes'][number]['children'][number];

function fault(detail: string): ServiceError {
  return new ServiceError('UNEXPECTED_ANSWER', `The service's tree has no form of a tree: ${detail}`, {});
}

/**
 * What lies below the root of an aggregate. The service is not believed: the verifier recomputes the statement from these entries.
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
