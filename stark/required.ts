/**
 * For what is there unless this code is wrong: a verifier that went on without it would check less than it must.
 */

/** `value`. Throws: TypeError that names it, when it is undefined. */
export function required<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new TypeError(`${what} is missing: a fault of this program`);
  return value;
}
