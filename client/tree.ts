/** The tree of an aggregate as text and as JSON: what stands in the file, with the programs that the leaves' keys belong to. */
import { describeClaim } from './claims.ts';
import { formatDigest } from './jsonFields.ts';
import { type EntryOfFile, leavesOf } from './proofFile.ts';
import { findKeyByDigest, type PublishedKeys } from './publishedKeys.ts';

const DIGITS_SHOWN = 18;

/** One line a node, indented by a drawing of the branches. */
export function treeLines(entries: readonly EntryOfFile[], keys: PublishedKeys): string[] {
  let leafNumber = 0;
  const level = (children: readonly EntryOfFile[], indent: string): string[] =>
    children.flatMap((entry, index) => {
      const isLast = index === children.length - 1;
      const [branch, below] = isLast ? ['└─ ', '   '] : ['├─ ', '│  '];
      if (entry.kind === 'leaf') {
        const key = findKeyByDigest(keys, entry.keyDigest);
        const program =
          key === undefined
            ? `unpublished key ${formatDigest(entry.keyDigest).slice(0, DIGITS_SHOWN)}…`
            : `${key.program} under ${key.profile}`;
        const says = entry.claim === undefined ? '' : `: ${describeClaim(entry.claim, 'summary').join(' ')}`;
        return [
          `${indent}${branch}leaf ${leafNumber++}: ${program}, statement ${formatDigest(entry.statement).slice(0, DIGITS_SHOWN)}…${says}`,
        ];
      }
      const count = leavesOf(entry.entries).length;
      return [
        `${indent}${branch}aggregate of ${entry.entries.length}, ${count} ${count === 1 ? 'leaf' : 'leaves'}`,
        ...level(entry.entries, indent + below),
      ];
    });
  return level(entries, '');
}

export function treeToJson(entries: readonly EntryOfFile[], keys: PublishedKeys): unknown {
  return entries.map((entry) =>
    entry.kind === 'inner'
      ? { kind: entry.kind, entries: treeToJson(entry.entries, keys) }
      : {
          kind: entry.kind,
          program: findKeyByDigest(keys, entry.keyDigest)?.program ?? null,
          keyDigest: formatDigest(entry.keyDigest),
          statement: formatDigest(entry.statement),
        },
  );
}
