/**
 * Sealing: what another maker hands over is read once, checked, and copied into plain frozen objects and lists, so that what is
 * checked, digested and used is one thing that nobody can change. Reading may run code of the other maker (getters, proxies):
 * whatever that throws is a fault of the object, and never leaves this file.
 */
import { isCanonical } from './field/koalaBear.ts';

/** Most items that the lists of one object may have together, some fifty times those of the machine; arbitrary. */
const MAXIMUM_ITEMS = 2 ** 20;
/** Most UTF-16 units of a name; arbitrary. */
const MAXIMUM_TEXT_LENGTH = 2 ** 10;

export interface SealFault {
  /** NOT_CANONICAL: a number is no word. MALFORMED: anything else that has no digest. */
  readonly code: 'NOT_CANONICAL' | 'MALFORMED';
  readonly details: { readonly at: string; readonly expected: string; readonly got: string | number };
}

export type Sealed<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly fault: SealFault };

class Refused extends Error {
  readonly fault: SealFault;

  constructor(fault: SealFault) {
    super(fault.code);
    this.name = 'Refused';
    this.fault = fault;
  }
}

/** What a refused value was, shortly. */
function told(value: unknown): string | number {
  if (typeof value === 'number' && Number.isFinite(value)) return Object.is(value, -0) ? '-0' : value;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 40))}`;
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value;
}

/** Reads the parts of one object. `at` says where a part stands; every function throws `Refused`, which `sealed` catches. */
export interface Reader {
  /** An object whose properties are to be read, each once. */
  object<Value extends object>(value: Value, at: string): Value;
  text(value: string, at: string): string;
  /** A canonical word. */
  word(value: number, at: string): number;
  /** A whole number from `least` to `greatest`. */
  count(value: number, at: string, least: number, greatest: number): number;
  flag(value: boolean, at: string): boolean;
  oneOf<Value extends string | number>(value: Value, at: string, choices: readonly Value[]): Value;
  /** A list without holes, of an array or a Uint32Array; `read` is called for every item. */
  list<Item, Read>(
    value: ArrayLike<Item>,
    at: string,
    read: (item: Item, at: string) => Read,
  ): readonly Read[];
  /** A part that is sealed by itself, and kept as it is when it is sealed already. */
  part<Value extends object>(value: Value, at: string, kind: SealedKind<Value>): Value;
  refuse(at: string, expected: string, got: unknown): never;
}

/** One kind of objects that are sealed by themselves. */
export interface SealedKind<Value> {
  /** A new object whose parts are frozen, each read once. */
  readonly read: (reader: Reader, value: Value, at: string) => Value;
  /** The objects of this kind that were sealed: frozen in every part. */
  readonly known: WeakSet<object>;
}

export function sealedKind<Value extends object>(read: SealedKind<Value>['read']): SealedKind<Value> {
  return { read, known: new WeakSet() };
}

function createReader(): Reader {
  let itemsLeft = MAXIMUM_ITEMS;

  function refuse(at: string, expected: string, got: unknown): never {
    throw new Refused({ code: 'MALFORMED', details: { at, expected, got: told(got) } });
  }

  function count(value: number, at: string, least: number, greatest: number): number {
    if (typeof value !== 'number') refuse(at, 'a number', value);
    if (!Number.isInteger(value) || Object.is(value, -0) || value < least || value > greatest)
      throw new Refused({
        code: 'NOT_CANONICAL',
        details: { at, expected: `a whole number from ${least} to ${greatest}`, got: told(value) },
      });
    return value;
  }

  const reader: Reader = {
    object(value, at) {
      if (typeof value !== 'object' || value === null) refuse(at, 'an object', value);
      return value;
    },
    text(value, at) {
      if (typeof value !== 'string') refuse(at, 'a text', value);
      if (value.length > MAXIMUM_TEXT_LENGTH)
        refuse(at, `at most ${MAXIMUM_TEXT_LENGTH} characters`, value.length);
      // A lone surrogate has no UTF-8 form: its bytes would be those of another text.
      if (/\p{Surrogate}/u.test(value)) refuse(at, 'a text without lone surrogates', value);
      return value;
    },
    word(value, at) {
      if (typeof value !== 'number') refuse(at, 'a number', value);
      if (!isCanonical(value) || Object.is(value, -0))
        throw new Refused({
          code: 'NOT_CANONICAL',
          details: { at, expected: 'a canonical word', got: told(value) },
        });
      return value;
    },
    count,
    flag(value, at) {
      if (typeof value !== 'boolean') refuse(at, 'true or false', value);
      return value;
    },
    oneOf(value, at, choices) {
      // `includes` takes -0 for 0.
      if (!choices.includes(value) || Object.is(value, -0)) refuse(at, choices.join(' or '), value);
      return value;
    },
    list(value, at, read) {
      if (!Array.isArray(value) && typedArrayName(value) !== 'Uint32Array') refuse(at, 'a list', value);
      const { length } = value;
      if (!(Number.isInteger(length) && length >= 0 && length <= itemsLeft))
        refuse(at, `at most ${itemsLeft} more items of ${MAXIMUM_ITEMS}`, length);
      itemsLeft -= length;
      // By index: `map` and `forEach` skip holes.
      const items = [];
      for (let index = 0; index < length; index++) items.push(read(value[index]!, `${at}.${index}`));
      return Object.freeze(items);
    },
    part(value, at, kind) {
      if (kind.known.has(value)) return value;
      const made = Object.freeze(kind.read(reader, value, at));
      kind.known.add(made);
      return made;
    },
    refuse,
  };
  return reader;
}

/** The sealed form of `value`: itself when it is sealed, else what the kind reads of it. Does not throw. */
export function sealed<Value extends object>(
  value: Value,
  at: string,
  kind: SealedKind<Value>,
): Sealed<Value> {
  try {
    return { ok: true, value: createReader().part(value, at, kind) };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, fault: error.fault };
    // The object's own code has thrown.
    return {
      ok: false,
      fault: {
        code: 'MALFORMED',
        details: { at, expected: 'an object that can be read', got: 'an exception' },
      },
    };
  }
}

const typedArrayPrototype = Object.getPrototypeOf(Uint8Array.prototype);

/** A getter of the language itself, whatever the object says of itself. */
function ownGetter(name: PropertyKey): (this: unknown) => unknown {
  return Object.getOwnPropertyDescriptor(typedArrayPrototype, name)!.get!;
}

const nameGetter = ownGetter(Symbol.toStringTag);
const lengthGetter = ownGetter('length');

/** "Uint8Array" and the like; undefined for everything that is no typed array. */
function typedArrayName(value: unknown): unknown {
  return nameGetter.call(value);
}

/**
 * A copy of a Uint8Array's bytes that nobody else holds: of a Buffer of a pool, or of memory that other threads write, as it is
 * now. Undefined when the value is anything else.
 */
export function copyOfBytes(value: Uint8Array): Uint8Array | undefined {
  if (typedArrayName(value) !== 'Uint8Array') return undefined;
  // A detached array has no bytes, and may not be copied.
  return lengthGetter.call(value) === 0 ? new Uint8Array(0) : new Uint8Array(value);
}

/** As `copyOfBytes`, of a Uint32Array. */
export function copyOfWords(value: Uint32Array): Uint32Array | undefined {
  if (typedArrayName(value) !== 'Uint32Array') return undefined;
  return lengthGetter.call(value) === 0 ? new Uint32Array(0) : new Uint32Array(value);
}
