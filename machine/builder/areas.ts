/**
 * What is written, while a program is being built: a word of a row that is read must have been written on every way to the
 * place that reads it, or the prover chooses it. Ways are paths: the code of a branch, a loop's turn or a function is a path inside
 * the one around it, and what it writes is known behind it only if every run passes it.
 *
 * Rows that somebody hands over, to a function, a turn or out of a branch, are an area of their own: what is read of it is wanted
 * of everybody who hands rows over, before or after. Through a pointer that was taken from memory, computed from others or
 * hinted nothing is followed: docs/decisions/0021-written-words.md.
 */
import { badProgram } from './fragment.ts';

/** Consecutive words: rows made by the program, or rows that somebody hands over. */
export interface Area {
  /** For messages. */
  readonly name: string;
  /** Words of rows made here; undefined when they are handed over or their number is computed. */
  readonly words: number | undefined;
  /** Hints write these rows when they are made. */
  readonly isHinted: boolean;
  /** The path that made it. */
  readonly home: Path;
  /** Who hands it over, and what is read of it; undefined for rows made here. */
  readonly handedOver: { readonly sources: Source[]; readonly wanted: Words[] } | undefined;
  /** By word: the pointer that is stored there. */
  readonly pointers: Map<number, Target>;
}

/** Where a pointer leads: to a word of an area, to one that is computed, or nobody knows where. */
export type Target = { readonly area: Area; readonly word: number | undefined } | 'anywhere';

/** The code of a branch, a turn or a function: runs as a whole. */
export interface Path {
  readonly parent: Path | undefined;
  readonly written: Map<Area, Set<number>>;
}

/** `count` words from `first` on; without a count, all that the area has. */
interface Words {
  readonly first: number;
  readonly count: number | undefined;
}

/** An area handed over, with what was written by then. */
interface Source {
  readonly target: Target;
  readonly written: ReadonlySet<number>;
}

export interface Areas {
  newArea(words: number | undefined, isHinted?: boolean): Area;
  /** Rows that are handed over; nobody does yet. */
  handedOver(name: string): Area;
  /** Whoever takes from the area takes from the target, as it is written now. */
  handOver(area: Area, target: Target): void;
  /** `count` words from `offset` on are written here. */
  write(target: Target, offset: number, count: number): void;
  /** Throws: MachineError 'BAD_PROGRAM', now or when rows are handed over, if the words are not written on every way here. */
  read(target: Target, offset: number, count: number | undefined): void;
  /** Whether rows made here hold no such words yet: 'open'; or whether rows handed over may. */
  state(target: Target, offset: number, count: number): 'written' | 'open' | 'handed over';
  /** What follows is a path of its own, up to `leave`. */
  enter(): Path;
  /** The same for a function: it sees only what main has written on every way. */
  enterFunction(): Path;
  /** Ends the path, and those inside it. */
  leave(path: Path): void;
  /** What this path wrote is written on every way that leads here. */
  passed(path: Path): void;
  /** The same for one of the two. */
  passedEither(left: Path, right: Path): void;
  /** The words of an area that a path wrote. */
  writtenOn(path: Path, area: Area): Iterable<number>;
}

/** The target `words` words further on; 'anywhere' and computed places stay what they are. */
export function targetAfter(target: Target, words: number | undefined): Target {
  if (target === 'anywhere' || target.word === undefined) return target;
  return { area: target.area, word: words === undefined ? undefined : target.word + words };
}

function covers(known: Words, { first, count }: Words): boolean {
  if (known.count === undefined) return known.first <= first;
  return known.first === first && known.count === count;
}

function isAround(outer: Path, path: Path): boolean {
  for (let each: Path | undefined = path; each; each = each.parent) if (each === outer) return true;
  return false;
}

export function createAreas(): Areas {
  const main: Path = { parent: undefined, written: new Map() };
  let current = main;
  /** For each path that is open, the one that goes on behind it. */
  const outer = new Map<Path, Path>();

  function isWritten(area: Area, word: number): boolean {
    for (let path: Path | undefined = current; path; path = path.parent)
      if (path.written.get(area)?.has(word)) return true;
    return false;
  }

  function writtenNow(area: Area): Set<number> {
    const words = new Set<number>();
    for (let path: Path | undefined = current; path; path = path.parent)
      for (const word of path.written.get(area) ?? []) words.add(word);
    return words;
  }

  function mark(path: Path, area: Area, word: number): void {
    const words = path.written.get(area);
    if (words) words.add(word);
    else path.written.set(area, new Set([word]));
  }

  /** What of an area is wanted when words behind a target are. */
  function wordsBehind(target: Exclude<Target, 'anywhere'>, { first, count }: Words): Words {
    return target.word === undefined ? { first: 0, count: undefined } : { first: target.word + first, count };
  }

  /** Asks for words of an area; `through` are the areas that the question came through. */
  function want(
    area: Area,
    words: Words,
    has: (word: number) => boolean,
    through: ReadonlySet<Area> = new Set(),
  ): void {
    if (area.isHinted) return;
    const { first, count } = words;
    if (area.handedOver === undefined) {
      const end = count === undefined ? (area.words ?? first) : first + count;
      if (first < 0 || end > (area.words ?? end))
        throw badProgram(`word ${end - 1} lies outside of ${area.name}`);
      for (let word = first; word < end; word++)
        if (!has(word))
          throw badProgram(
            `word ${word} of ${area.name} is read, but not written on every way: store it, or say that it is open`,
            { word },
          );
      return;
    }
    const { sources, wanted } = area.handedOver;
    const asked: Words[] =
      count === undefined
        ? [words]
        : Array.from({ length: count }, (_, word) => first + word)
            .filter((word) => !has(word))
            .map((word) => ({ first: word, count: 1 }));
    for (const each of asked) {
      if (wanted.some((known) => covers(known, each))) continue;
      // Asked for another word of the area on the way to it: a pointer that walks, from turn to turn, over all that lies behind.
      const all = through.has(area) ? { first: Math.max(0, first), count: undefined } : each;
      wanted.push(all);
      for (const source of sources) wantOf(source, all, new Set([...through, area]));
    }
  }

  function wantOf({ target, written }: Source, words: Words, through: ReadonlySet<Area>): void {
    if (target !== 'anywhere')
      want(target.area, wordsBehind(target, words), (word) => written.has(word), through);
  }

  function enter(path: Path): Path {
    outer.set(path, current);
    current = path;
    return path;
  }

  return {
    newArea: (words, isHinted = false) => ({
      name: words === undefined ? 'allocated rows' : `a block of ${words / 8} rows`,
      words,
      isHinted,
      home: current,
      handedOver: undefined,
      pointers: new Map(),
    }),
    handedOver: (name) => ({
      name,
      words: undefined,
      isHinted: false,
      home: current,
      handedOver: { sources: [], wanted: [] },
      pointers: new Map(),
    }),
    handOver(area, target) {
      if (target === 'anywhere' || area.handedOver === undefined) return;
      const source: Source = { target, written: writtenNow(target.area) };
      area.handedOver.sources.push(source);
      for (const words of [...area.handedOver.wanted]) wantOf(source, words, new Set([area]));
    },
    write(target, offset, count) {
      if (target === 'anywhere' || target.word === undefined) return;
      for (let word = 0; word < count; word++) mark(current, target.area, target.word + offset + word);
    },
    read(target, offset, count) {
      if (target !== 'anywhere')
        want(target.area, wordsBehind(target, { first: offset, count }), (word) =>
          isWritten(target.area, word),
        );
    },
    state(target, offset, count) {
      if (target === 'anywhere' || target.area.isHinted) return 'written';
      const { area, word: start } = target;
      const isWhole =
        start !== undefined &&
        Array.from({ length: count }, (_, word) => isWritten(area, start + offset + word)).every(Boolean);
      if (isWhole) return 'written';
      return area.handedOver ? 'handed over' : 'open';
    },
    enter: () => enter({ parent: current, written: new Map() }),
    enterFunction: () => enter({ parent: main, written: new Map() }),
    leave(path) {
      current = outer.get(path) ?? main;
    },
    passed(path) {
      for (const [area, words] of path.written)
        if (isAround(area.home, current)) for (const word of words) mark(current, area, word);
    },
    passedEither(left, right) {
      for (const [area, words] of left.written) {
        const others = right.written.get(area);
        if (others === undefined || !isAround(area.home, current)) continue;
        for (const word of words) if (others.has(word)) mark(current, area, word);
      }
    },
    writtenOn: (path, area) => path.written.get(area) ?? [],
  };
}
