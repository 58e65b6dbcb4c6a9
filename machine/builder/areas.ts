/**
 * What is written, while a program is being built: a word of a row that is read must have been written on every way to the
 * place that reads it, or the prover chooses it. Ways are paths: the code of a branch, a loop's turn or a function is a path inside
 * the one around it, and what it writes is known behind it only if every run passes it.
 *
 * Rows that somebody hands over, to a function, a turn or out of a branch, are an area of their own: what is read of it is wanted
 * of everybody who hands rows over, before or after. A pointer that is stored in rows made here is followed; through one that was
 * computed from others or hinted nothing is: docs/decisions/0021-written-words.md.
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
  /** The pointers that are stored there: by word, and those whose place is computed under undefined. */
  readonly pointers: Map<number | undefined, StoredPointer[]>;
}

interface StoredPointer {
  readonly target: Target;
  /** The path that stored it. */
  readonly path: Path;
}

/** Where a pointer leads: to a word of an area, to one that is computed, or nobody knows where. */
export type Target = { readonly area: Area; readonly word: number | undefined } | 'anywhere';

/** The code of a branch, a turn or a function: runs as a whole. */
export interface Path {
  readonly parent: Path | undefined;
  readonly written: Map<Area, Set<number>>;
}

/** `count` words from `first` on; without a count, all that the area has behind it, or all there are if it is -Infinity. */
interface Words {
  readonly first: number;
  readonly count: number | undefined;
}

/** An area handed over, with what is written then. */
interface Source {
  readonly target: Target;
  isWritten(word: number): boolean;
}

export interface Areas {
  newArea(words: number | undefined, isHinted?: boolean): Area;
  /** The path whose code is emitted. */
  here(): Path;
  /** Whether the code that is emitted runs only after or within that of the path. */
  isOnEveryWay(path: Path): boolean;
  /** Rows that are handed over; nobody does yet. */
  handedOver(name: string): Area;
  /** Whoever takes from the area takes from the target, as it is written now. */
  handOver(area: Area, target: Target): void;
  /** `count` words from `offset` on are written here; if they hold pointers, these lead to `content`. */
  write(target: Target, offset: number, count: number, content?: Target): void;
  /**
   * Returns 'anywhere' if one of the words holds a pointer: what is computed from them is one. Throws: MachineError 'BAD_PROGRAM', now
   * or when rows are handed over, if the words are not written on every way here.
   */
  read(target: Target, offset: number, count: number | undefined): 'anywhere' | undefined;
  /** Where the pointer that this word holds leads, if it holds one. */
  pointerAt(target: Target, offset: number): Target | undefined;
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

/** Where the outcome of an operation on these leads: it is a pointer if one of them is. */
export function computedFrom(...operands: readonly (Target | undefined)[]): Target | undefined {
  return operands.some((operand) => operand !== undefined) ? 'anywhere' : undefined;
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

  function isWrittenOn(start: Path, area: Area, word: number): boolean {
    for (let path: Path | undefined = start; path; path = path.parent)
      if (path.written.get(area)?.has(word)) return true;
    return false;
  }

  function isWritten(area: Area, word: number): boolean {
    return isWrittenOn(current, area, word);
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

  /** Asks for words of an area; `through` are the areas that the question came through, each with the word that it asked for there. */
  function want(
    area: Area,
    words: Words,
    has: (word: number) => boolean,
    through: ReadonlyMap<Area, number> = new Map(),
  ): void {
    if (area.isHinted) return;
    const { first, count } = words;
    if (area.handedOver === undefined) {
      if (count === undefined && area.words === undefined)
        throw badProgram(
          `words of ${area.name} are read at a computed place, but their number is computed: say that they are open`,
        );
      const start = count === undefined ? Math.max(0, first) : first;
      const end = count === undefined ? (area.words ?? start) : start + count;
      if (start < 0 || end > (area.words ?? end))
        throw badProgram(`word ${start < 0 ? start : end - 1} lies outside of ${area.name}`);
      for (let word = start; word < end; word++)
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
      // Of one that walks down, over all there is.
      const before = through.get(area);
      const all =
        before === undefined
          ? each
          : { first: each.first < before ? -Infinity : each.first, count: undefined };
      wanted.push(all);
      for (const source of sources) wantOf(source, all, new Map([...through, [area, all.first]]));
    }
  }

  function wantOf({ target, isWritten }: Source, words: Words, through: ReadonlyMap<Area, number>): void {
    if (target !== 'anywhere') want(target.area, wordsBehind(target, words), isWritten, through);
  }

  function handedOver(name: string): Area {
    return {
      name,
      words: undefined,
      isHinted: false,
      home: current,
      handedOver: { sources: [], wanted: [] },
      pointers: new Map(),
    };
  }

  function addSource(area: Area, source: Source): void {
    if (source.target === 'anywhere' || area.handedOver === undefined) return;
    area.handedOver.sources.push(source);
    for (const words of [...area.handedOver.wanted]) wantOf(source, words, new Map([[area, words.first]]));
  }

  /** The pointers that may be stored in these words, one of which or all are at a computed place. */
  function pointersIn(target: Target, offset: number, count: number | undefined): StoredPointer[] {
    if (target === 'anywhere' || target.area.pointers.size === 0) return [];
    const { pointers } = target.area;
    const { first, count: words } = wordsBehind(target, { first: offset, count });
    if (words === undefined)
      return [...pointers].flatMap(([word, stored]) => (word === undefined || word >= first ? stored : []));
    const known = Array.from({ length: words }, (_, word) => pointers.get(first + word) ?? []);
    return [...known.flat(), ...(pointers.get(undefined) ?? [])];
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
    here: () => current,
    isOnEveryWay: (path) => isAround(path, current),
    handedOver,
    handOver(area, target) {
      if (target === 'anywhere') return;
      const written = writtenNow(target.area);
      addSource(area, { target, isWritten: (word) => written.has(word) });
    },
    write(target, offset, count, content) {
      if (target === 'anywhere') return;
      const { area, word: start } = target;
      for (let word = 0; word < count; word++) {
        const place = start === undefined ? undefined : start + offset + word;
        if (place !== undefined) mark(current, area, place);
        if (content === undefined) continue;
        const stored = { target: content, path: current };
        const others = area.pointers.get(place);
        if (others) others.push(stored);
        else area.pointers.set(place, [stored]);
      }
    },
    read(target, offset, count) {
      if (target === 'anywhere') return undefined;
      want(target.area, wordsBehind(target, { first: offset, count }), (word) =>
        isWritten(target.area, word),
      );
      return pointersIn(target, offset, count).length > 0 ? 'anywhere' : undefined;
    },
    pointerAt(target, offset) {
      const stored = pointersIn(target, offset, 1);
      if (target === 'anywhere' || stored.length === 0) return undefined;
      if (target.word === undefined || target.area.pointers.has(undefined)) return 'anywhere';
      // What is stored on every way here is the word; on no such way, it may be each of them.
      const certain = stored.length === 1 ? stored[0] : stored.find(({ path }) => isAround(path, current));
      if (certain) return certain.target;
      const either = handedOver(`word ${target.word + offset} of ${target.area.name}`);
      for (const { target: one, path } of stored)
        if (one !== 'anywhere')
          addSource(either, { target: one, isWritten: (word) => isWrittenOn(path, one.area, word) });
      return { area: either, word: 0 };
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
