/**
 * The kinds of what a program hands over, whatever types it gave it. A word is one where the code stands if every way there leads
 * through the check of its limbs.
 */
import type { Areas, Path } from './areas.ts';
import { badProgram } from './fragment.ts';
import { type Carried, type Kind, rowOf, type Value, type Word } from './values.ts';

export interface KindChecks {
  /** For the operations that have checked the word's limbs here, and for rows that the author vouches for. */
  checkedWord(pointer: Value): Word;
  withKind(kind: Kind, value: Value): Carried;
  /** The kind of what a program hands over; of anything else a name for messages. */
  kindOf(carried: unknown): Kind | string;
  /** Throws: MachineError 'BAD_PROGRAM' when a program hands over another kind, types or not. */
  requireKind(member: string, carried: unknown, expected: Kind, where?: string): void;
}

export function createKinds(areas: Areas): KindChecks {
  /** Every word of this program, with the path that has checked it: an object that only has the shape of a word is none. */
  const checked = new WeakMap<object, Path>();

  function checkedWord(pointer: Value): Word {
    const word = Object.freeze({ kind: 'word', pointer: Object.freeze({ ...pointer }) }) as Word;
    checked.set(word, areas.here());
    return word;
  }

  function kindOf(carried: unknown): Kind | string {
    if (typeof carried !== 'object' || carried === null || !('kind' in carried)) return typeof carried;
    const { kind } = carried;
    if (kind === 'constant' || kind === 'cell' || kind === 'address') return 'value';
    if (kind !== 'word') return String(kind);
    const path = checked.get(carried);
    if (path === undefined) return 'unchecked word';
    return areas.isOnEveryWay(path) ? 'word' : 'word that is checked on another way';
  }

  return {
    checkedWord,
    withKind(kind, value) {
      if (kind === 'row') return rowOf(value);
      return kind === 'word' ? checkedWord(value) : value;
    },
    kindOf,
    requireKind(member, carried, expected, where) {
      const got = kindOf(carried);
      if (got !== expected)
        throw badProgram(`${where ? `${where}: ` : ''}${member} is of another kind`, {
          member,
          expected,
          got,
        });
    },
  };
}
