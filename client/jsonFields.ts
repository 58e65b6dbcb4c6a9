/**
 * Reads untrusted JSON field by field: an unknown, missing or mistyped field is refused with its path. Written out instead of
 * a schema library because the stand-alone verifier trusts it.
 */
import { QUANTITY } from '../programs/column/input.ts';
import { isCanonical } from '../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../stark/hash/poseidon.ts';
import { ClientError } from './errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

const WORD_DIGITS = 8;
const DIGEST = /^0x[0-9a-f]{64}$/;
const GOT_CHARACTERS = 66;
/** Of a path that is told: names of fields are the file's. */
const PATH_CHARACTERS = 200;

/** What an untrusted value is, in a few characters. Nothing of the value is called, and nothing walks into it. */
export function describe(value: unknown): string | number {
  if (typeof value === 'string') return value.slice(0, GOT_CHARACTERS);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return `${value}`;
  if (typeof value === 'object') return Array.isArray(value) ? 'a list' : 'an object';
  return value === undefined ? 'nothing' : typeof value;
}

export function refuse(field: string, expected: string, got: unknown): ClientError {
  return new ClientError('FIELD', { field: field.slice(0, PATH_CHARACTERS), expected, got: describe(got) });
}

/** The fields of an object that has all of `required`, perhaps some of `optional`, and nothing else. */
export function objectOf(
  value: unknown,
  path: string,
  required: readonly string[],
  optional: readonly string[] = [],
): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse(path, 'an object', value);
  for (const name of required)
    if (!Object.hasOwn(value, name)) throw refuse(`${path}.${name}`, 'a value', undefined);
  for (const name of Object.keys(value))
    if (!required.includes(name) && !optional.includes(name))
      throw refuse(`${path}.${name}`, 'no such field', name);
  return value as Fields;
}

export function listOf(value: unknown, path: string, atMost: number): readonly unknown[] {
  if (!Array.isArray(value)) throw refuse(path, 'a list', value);
  if (value.length > atMost) throw refuse(path, `at most ${atMost} entries`, value.length);
  return value;
}

export function textOf(value: unknown, path: string, atMostCharacters = 256): string {
  if (typeof value !== 'string' || value.length > atMostCharacters)
    throw refuse(path, `a string of at most ${atMostCharacters} characters`, value);
  return value;
}

export function integerOf(value: unknown, path: string, least: number, greatest: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > greatest)
    throw refuse(path, `an integer from ${least} to ${greatest}`, value);
  return value;
}

/** A decimal or 0x-hexadecimal string without leading zeros. */
export function quantityOf(value: unknown, path: string): bigint {
  if (typeof value !== 'string' || !QUANTITY.test(value))
    throw refuse(path, 'a decimal or 0x-hexadecimal string without leading zeros', value);
  return BigInt(value);
}

/** Eight canonical words, written as '0x' and 8 hex digits each, in order. */
export function digestOf(value: unknown, path: string): Uint32Array {
  if (typeof value !== 'string' || !DIGEST.test(value))
    throw refuse(path, "'0x' and 64 lower-case hex digits: 8 words of 8 digits", value);
  const words = Uint32Array.from({ length: DIGEST_WORDS }, (_, index) =>
    Number.parseInt(value.slice(2 + WORD_DIGITS * index, 2 + WORD_DIGITS * (index + 1)), 16),
  );
  if (!words.every(isCanonical)) throw refuse(path, 'words below the modulus', value);
  return words;
}

/** The form that `digestOf` reads. */
export function formatDigest(words: Uint32Array): string {
  return `0x${[...words].map((word) => word.toString(16).padStart(WORD_DIGITS, '0')).join('')}`;
}

export function isSameDigest(left: Uint32Array, right: Uint32Array): boolean {
  return left.length === right.length && left.every((word, index) => word === right[index]);
}
