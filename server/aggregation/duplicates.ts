/** Children that show the same. */
import { Problem } from '../problems.ts';

/** `names` by child, undefined where a child has none yet. Throws: Problem duplicate-child, naming both children. */
export function refuseDuplicates(names: readonly (string | undefined)[]): void {
  const firstWith = new Map<string, number>();
  for (const [child, name] of names.entries()) {
    if (name === undefined) continue;
    const first = firstWith.get(name);
    if (first !== undefined)
      throw new Problem('duplicate-child', `Child ${child} shows what child ${first} shows.`, {
        child,
        first,
      });
    firstWith.set(name, child);
  }
}
