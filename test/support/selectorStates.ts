/**
 * Which states of its selectors a table admits, from the constraints alone: every combination of values on a row, every pair
 * of consecutive rows, the first and the last row. An honest generator shows the combinations that it makes; this shows the
 * others.
 *
 * Columns that are no selectors are unknown. A constraint rejects a combination when it has a value other than 0 whatever
 * the unknown columns hold: 0 times unknown is 0, everything else with an unknown part is unknown. What is found is
 * therefore at least what a prover can do.
 */
import type { NodeId, TableAir } from '../../stark/air/air.ts';
import * as field from '../../stark/field/koalaBear.ts';
import type { DeclaredChoice, TableDeclaration } from './tableDeclaration.ts';

/** Values tried in every selector: the two it should have, and two by which a missing constraint shows. */
const VALUES = [0, 1, 2, field.MODULUS - 1] as const;
/** Tried in mirrors besides: a word that is the value of no selector. */
const OTHER_WORD = 1_234_567;
const UNKNOWN = -1;
/** Where a missing constraint admits very many combinations, so many more than are declared show it. */
const MORE_STATES = 600;

/** Values of the selectors first, last and transition on a row. */
interface Place {
  readonly first: number;
  readonly last: number;
  readonly transition: number;
}
const INSIDE: Place = { first: 0, last: 0, transition: 1 };
const FIRST: Place = { first: 1, last: 0, transition: 1 };
const LAST: Place = { first: 0, last: 1, transition: 0 };

/** A constraint or multiplicity with the nodes that it needs, operands first. */
interface Form {
  readonly label: string;
  readonly root: NodeId;
  readonly cone: readonly NodeId[];
  readonly readsNext: boolean;
  /** No column but selectors, no matrix, no statement. */
  readonly isPure: boolean;
  /** Columns of selectors and mirrors that it reads, by their place in a state. */
  readonly current: readonly number[];
  readonly next: readonly number[];
}

/** Values of the selectors, then of the mirrors. */
type State = readonly number[];

export interface Enumeration {
  /** The states that may follow, by name of a state; of an undeclared one, by its selectors. */
  readonly followers: Readonly<Record<string, string[] | 'any'>>;
  readonly first: string[] | 'any';
  readonly last: string[] | 'any';
}

export interface EnumerationOptions {
  /** Leaves out the constraint of this label. */
  readonly without?: string;
  /** Stops after so many combinations of a row: what is found is admitted, but not all that is admitted is found. */
  readonly mostStates?: number;
  /** Told of every constraint that rejects something. */
  readonly onReject?: (label: string) => void;
}

function union(left: readonly string[], right: readonly string[]): string[] {
  return [...new Set([...left, ...right])].sort();
}

function coneOf(air: TableAir, root: NodeId): NodeId[] {
  const seen = new Set<NodeId>();
  const visit = (id: NodeId): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const node = air.graph.nodes[id]!;
    if (node.kind === 'add' || node.kind === 'subtract' || node.kind === 'multiply') {
      visit(node.left);
      visit(node.right);
    }
  };
  visit(root);
  return [...seen].sort((left, right) => left - right);
}

/** The constraints of a table as questions about the columns named. */
interface Questions {
  readonly onRow: readonly Form[];
  readonly onPair: readonly Form[];
  formOf(label: string, root: NodeId): Form;
  /** The value of a form on a row of the state `current` before one of the state `next`; UNKNOWN where it has none. */
  evaluate(form: Form, place: Place, current: State, next: State): number;
  /** Whether none of the forms rejects the state, or the two. */
  admits(forms: readonly Form[], place: Place, current: State, next?: State): boolean;
  /** Calls `found` with every combination of the values that the pure constraints admit on a row, until it returns false. */
  combine(values: readonly (readonly number[])[], found: (state: State) => boolean): void;
}

/** Throws: RangeError when a name is no column. */
function questionsOf(
  air: TableAir,
  selectors: readonly string[],
  mirrors: readonly string[],
  without: string | undefined,
  onReject: (label: string) => void,
): Questions {
  const { nodes } = air.graph;
  const places = new Map<number, number>();
  for (const [place, name] of [...selectors, ...mirrors].entries()) {
    const column = air.mainColumns.indexOf(name);
    if (column < 0) throw new RangeError(`table ${air.name} has no column ${name}`);
    places.set(column, place);
  }

  function formOf(label: string, root: NodeId): Form {
    const cone = coneOf(air, root).map((id) => nodes[id]!);
    const read = (row: 'current' | 'next'): number[] =>
      cone.flatMap((node) => {
        const place = node.kind === 'main' && node.row === row ? places.get(node.column) : undefined;
        return place === undefined ? [] : [place];
      });
    return {
      label,
      root,
      cone: coneOf(air, root),
      current: read('current'),
      next: read('next'),
      readsNext: cone.some((node) => node.kind === 'main' && node.row === 'next'),
      isPure: cone.every((node) => {
        if (node.kind === 'main') return (places.get(node.column) ?? selectors.length) < selectors.length;
        return node.kind !== 'element' && node.kind !== 'public' && node.kind !== 'preprocessed';
      }),
    };
  }

  const values = new Float64Array(nodes.length);
  function evaluate({ cone, root }: Form, place: Place, current: State, next: State): number {
    for (const id of cone) {
      const node = nodes[id]!;
      let value = UNKNOWN;
      switch (node.kind) {
        case 'constant':
          value = node.value;
          break;
        case 'main': {
          const at = places.get(node.column);
          if (at !== undefined) value = (node.row === 'current' ? current : next)[at] ?? UNKNOWN;
          break;
        }
        case 'selector':
          value = place[node.selector];
          break;
        case 'add':
        case 'subtract': {
          const [left, right] = [values[node.left]!, values[node.right]!];
          if (left !== UNKNOWN && right !== UNKNOWN)
            value = node.kind === 'add' ? field.add(left, right) : field.subtract(left, right);
          break;
        }
        case 'multiply': {
          const [left, right] = [values[node.left]!, values[node.right]!];
          if (left === 0 || right === 0) value = 0;
          else if (left !== UNKNOWN && right !== UNKNOWN) value = field.multiply(left, right);
          break;
        }
        default:
      }
      values[id] = value;
    }
    return values[root]!;
  }
  function admits(forms: readonly Form[], place: Place, current: State, next: State = []): boolean {
    const rejecting = forms.find((form) => evaluate(form, place, current, next) > 0);
    if (rejecting !== undefined) onReject(rejecting.label);
    return rejecting === undefined;
  }

  const constraints = air.constraints
    .filter(({ label }) => label !== without)
    .map(({ label, expression }) => formOf(label, expression));
  const onRow = constraints.filter(({ readsNext }) => !readsNext);
  // A pure constraint is asked as soon as its last selector has a value.
  const byDepth: Form[][] = selectors.map(() => []);
  for (const form of onRow)
    if (form.isPure && form.current.length > 0) byDepth[Math.max(...form.current)]!.push(form);

  function combine(tried: readonly (readonly number[])[], found: (state: State) => boolean): void {
    const partial: number[] = [];
    function extend(): boolean {
      const depth = partial.length;
      if (depth === tried.length) return found([...partial]);
      for (const value of tried[depth]!) {
        partial.push(value);
        const goesOn = !admits(byDepth[depth]!, INSIDE, partial) || extend();
        partial.pop();
        if (!goesOn) return false;
      }
      return true;
    }
    extend();
  }
  return {
    onRow,
    onPair: constraints.filter(({ readsNext }) => readsNext),
    formOf,
    evaluate,
    admits,
    combine,
  };
}

/** What the selectors of a table admit. Throws: RangeError when a selector is no column. */
export function enumerateStates(
  { air, selectors, mirrors = [], states: declared }: TableDeclaration,
  { without, mostStates = Number.POSITIVE_INFINITY, onReject = () => undefined }: EnumerationOptions = {},
): Enumeration {
  const { onRow, onPair, admits, combine } = questionsOf(air, selectors, mirrors, without, onReject);
  // A constraint of two rows may say something on one, where what it has of the next row is multiplied by 0.
  const mixed = [...onRow, ...onPair].filter(({ isPure }) => !isPure);
  let states: State[] = [];
  /** The state with every value of its mirrors; a mirror that may hold anything is unknown. */
  function withMirrors(state: State): State[] {
    if (!admits(mixed, INSIDE, state)) return [];
    return mirrors.reduce<State[]>(
      (extended, _, mirror) => {
        const place = selectors.length + mirror;
        const reading = mixed.filter(({ current }) => current.includes(place));
        const tried = [...VALUES, OTHER_WORD];
        const admitted = tried.filter((value) => {
          const probe = [...state, ...mirrors.map(() => UNKNOWN)];
          probe[place] = value;
          return admits(reading, INSIDE, probe);
        });
        const kept = admitted.length === tried.length ? [UNKNOWN] : admitted;
        return extended.flatMap((each) => kept.map((value) => [...each, value]));
      },
      [state],
    );
  }
  combine(
    selectors.map(() => VALUES),
    (state) => {
      states.push(state);
      return states.length < mostStates;
    },
  );

  /** For each state of `before`, by index, which of `after` may be on the next row; asked once for what the forms read. */
  function pairs(forms: readonly Form[], place: Place, before: readonly State[], after: readonly State[]) {
    const reads = (row: 'current' | 'next'): number[] => [...new Set(forms.flatMap((form) => form[row]))];
    const [readHere, readThere] = [reads('current'), reads('next')];
    const keyOf = (state: State, read: readonly number[]): string => read.map((at) => state[at]).join();
    const afterByKey = new Map<string, number[]>();
    for (const [index, state] of after.entries()) {
      const key = keyOf(state, readThere);
      const group = afterByKey.get(key) ?? [];
      group.push(index);
      afterByKey.set(key, group);
    }
    const known = new Map<string, number[]>();
    return before.map((state) => {
      const key = keyOf(state, readHere);
      const found =
        known.get(key) ??
        [...afterByKey.values()].flatMap((group) =>
          admits(forms, place, state, after[group[0]!]!) ? group : [],
        );
      known.set(key, found);
      return found;
    });
  }
  /** Leaves the states that have one before them and one after them, until nothing changes. */
  function keepConnected(forms: readonly Form[]): void {
    for (let count = -1; count !== states.length; ) {
      count = states.length;
      const followers = pairs(forms, INSIDE, states, states);
      const followed = new Set([...new Set(followers)].flat());
      states = states.filter((_, index) => followers[index]!.length > 0 && followed.has(index));
    }
  }
  // First what selectors alone say, which most combinations do not outlive.
  keepConnected(onPair.filter(({ isPure }) => isPure));
  states = states.flatMap(withMirrors);
  keepConnected(onPair);
  const pureFirst = [...onPair].sort((left, right) => Number(right.isPure) - Number(left.isPure));

  // The last row of the table stands before the first.
  const mayBeFirst = states.filter((state) => admits(onRow, FIRST, state));
  const mayBeLast = states.filter((state) => admits(onRow, LAST, state));
  const around = pairs(pureFirst, LAST, mayBeLast, mayBeFirst);
  const firsts = [...new Set([...new Set(around)].flat())].map((index) => mayBeFirst[index]!);
  const lasts = mayBeLast.filter((_, index) => around[index]!.length > 0);

  const nameByKey = new Map(
    Object.entries(declared).map(([name, { ones }]) => [
      selectors.map((selector) => (ones.includes(selector) ? 1 : 0)).join(),
      name,
    ]),
  );
  function nameOf(state: State): string {
    const name = nameByKey.get(state.slice(0, selectors.length).join());
    if (name !== undefined) return name;
    const held = selectors.flatMap((selector, place) => {
      const value = state[place]!;
      return value === 0 ? [] : value === 1 ? [selector] : [`${selector} = ${value}`];
    });
    return `undeclared: ${held.join(', ') || 'none'}`;
  }
  function namesOf(of: readonly State[], all: number): string[] | 'any' {
    const found = [...new Set(of.map(nameOf))].sort();
    return found.length === all ? 'any' : found;
  }

  const stateNames = states.map(nameOf);
  const nameCount = new Set(stateNames).size;
  const followers = pairs(pureFirst, INSIDE, states, states);
  /** The names of followers, the same list where the followers are the same. */
  const namesByFollowers = new Map(
    [...new Set(followers)].map((each) => [
      each,
      namesOf(
        each.map((index) => states[index]!),
        nameCount,
      ),
    ]),
  );
  const found: Record<string, string[] | 'any'> = {};
  for (const [index, name] of stateNames.entries()) {
    const after = namesByFollowers.get(followers[index]!)!;
    const before = found[name];
    // States that differ in their mirrors alone have one name.
    found[name] = before === undefined ? after : unionOfNames(before, after);
  }
  function unionOfNames(left: string[] | 'any', right: string[] | 'any'): string[] | 'any' {
    if (left === 'any' || right === 'any') return 'any';
    const names = union(left, right);
    return names.length === nameCount ? 'any' : names;
  }
  return {
    followers: found,
    first: namesOf(firsts, nameCount),
    last: namesOf(lasts, nameCount),
  };
}

/** The interactions that count in each declared state, by its name; one that is no boolean there is marked. */
export function enumerateUses({ air, selectors, states }: TableDeclaration): Record<string, string[]> {
  const { formOf, evaluate } = questionsOf(air, selectors, [], undefined, () => undefined);
  const multiplicities = air.interactions
    .filter(({ weight }) => weight === 1)
    .map(({ label, multiplicity }) => formOf(label, multiplicity));
  return Object.fromEntries(
    Object.entries(states).map(([name, { ones }]) => {
      const state = selectors.map((selector) => (ones.includes(selector) ? 1 : 0));
      const used = multiplicities.flatMap((form) => {
        const value = evaluate(form, INSIDE, state, []);
        if (value === 0) return [];
        return [value === 1 || value === field.MODULUS - 1 ? form.label : `${form.label} (no boolean)`];
      });
      return [name, used.sort()];
    }),
  );
}

/** The declaration in the same form. */
export function declaredUses({ states }: TableDeclaration): Record<string, string[]> {
  return Object.fromEntries(Object.entries(states).map(([name, { uses }]) => [name, [...uses].sort()]));
}

/** What the columns of a choice may hold on a row inside the table: by combination, the columns that are not 0. */
export function enumerateChoice(
  air: TableAir,
  { given, columns }: DeclaredChoice,
  { without, onReject = () => undefined }: Omit<EnumerationOptions, 'mostStates'> = {},
): string[][] {
  const names = [...Object.keys(given), ...columns];
  const { onRow, admits, combine } = questionsOf(air, names, [], without, onReject);
  const found: string[][] = [];
  combine([...Object.values(given).map((value) => [value]), ...columns.map(() => VALUES)], (state) => {
    if (admits(onRow, INSIDE, state))
      found.push(
        columns.flatMap((column) => {
          const value = state[names.indexOf(column)]!;
          return value === 0 ? [] : [value === 1 ? column : `${column} = ${value}`];
        }),
      );
    return true;
  });
  return found.sort();
}

/** The declaration in the form of an enumeration. */
export function declaredStates({ states, first, last }: TableDeclaration): Enumeration {
  const count = Object.keys(states).length;
  const sorted = (names: readonly string[] | 'any'): string[] | 'any' =>
    names === 'any' || new Set(names).size === count ? 'any' : [...names].sort();
  return {
    followers: Object.fromEntries(
      Object.entries(states).map(([name, { followers }]) => [name, sorted(followers)]),
    ),
    first: sorted(first),
    last: sorted(last),
  };
}

/** Whether a table admits the declared states, followers and choices and no other, without the constraint of a label. */
export function admitsAsDeclared(declaration: TableDeclaration, without?: string): boolean {
  const { air, choices = [], states } = declaration;
  const options = without === undefined ? {} : { without };
  const mostStates = Object.keys(states).length + MORE_STATES;
  return (
    choices.every(
      (choice) =>
        JSON.stringify(enumerateChoice(air, choice, options)) === JSON.stringify(sortedChoice(choice)),
    ) &&
    JSON.stringify(inOrder(enumerateStates(declaration, { ...options, mostStates }))) ===
      JSON.stringify(inOrder(declaredStates(declaration)))
  );
}

/** The constraints without which other states, followers or choices are admitted. */
export function constraintsSeenByStates(declaration: TableDeclaration): Set<string> {
  const { air, choices = [] } = declaration;
  const rejecting = new Set<string>();
  const onReject = (label: string): void => void rejecting.add(label);
  enumerateStates(declaration, { onReject });
  for (const choice of choices) enumerateChoice(air, choice, { onReject });
  return new Set([...rejecting].filter((without) => !admitsAsDeclared(declaration, without)));
}

/** The combinations admitted, in the order in which they are found. */
export function sortedChoice({ admitted }: DeclaredChoice): string[][] {
  return admitted.map((ones) => [...ones]).sort();
}

function inOrder({ followers, first, last }: Enumeration): unknown {
  return [Object.entries(followers).sort(([left], [right]) => (left < right ? -1 : 1)), first, last];
}
