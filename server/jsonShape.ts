/**
 * How large and how deep a JSON text is, found by one pass over its bytes before it is parsed: `JSON.parse` cannot be
 * interrupted, and an overrun of the heap inside it ends the process and not only the thread. A text that is no JSON is found
 * out by the parser: up to its first mistake both see the same.
 */

export const JSON_LIMITS = {
  /** Objects and arrays within each other. Requests have 5 levels. */
  depth: 128,
  /** Objects, arrays and scalars: three times those of the largest block. */
  values: 4_000_000,
  /** Of one object. Requests have 10. */
  keys: 1024,
  /** Bytes of one key as it is written, of a number, or of a word such as `true`. Performance: arbitrary. */
  tokenBytes: 256,
} as const;

export interface JsonLimits {
  readonly depth: number;
  readonly values: number;
}

export type JsonMeasure = 'depth' | keyof typeof JSON_LIMITS;

export type JsonShape =
  | { readonly ok: true; readonly values: number }
  | { readonly ok: false; readonly measure: JsonMeasure; readonly limit: number; readonly atByte: number };

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;
const SPACE = 0x20;

/** Linear in the bytes. */
export function jsonShape(bytes: Uint8Array, limits: JsonLimits = JSON_LIMITS): JsonShape {
  /** Keys so far of every object that is open; arrays count none. */
  const keysAtDepth = new Uint32Array(limits.depth + 1);
  const { length } = bytes;
  let depth = 0;
  let values = 0;
  /** Bytes of the scalar that is being read. */
  let tokenBytes = 0;
  let stringStart = 0;
  let stringEnd = 0;
  const beyond = (measure: JsonMeasure, limit: number, atByte: number): JsonShape => ({
    ok: false,
    measure,
    limit,
    atByte,
  });

  for (let at = 0; at < length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) {
      stringStart = at;
      for (at++; at < length; at++) {
        const inside = bytes[at];
        if (inside === BACKSLASH) at++;
        else if (inside === QUOTE) break;
      }
      stringEnd = at;
      values += 1;
      tokenBytes = 0;
    } else if (byte === OPENING_BRACE || byte === OPENING_BRACKET) {
      depth += 1;
      if (depth > limits.depth) return beyond('depth', limits.depth, at);
      keysAtDepth[depth] = 0;
      values += 1;
      tokenBytes = 0;
    } else if (byte === CLOSING_BRACE || byte === CLOSING_BRACKET) {
      if (depth > 0) depth -= 1;
      tokenBytes = 0;
    } else if (byte === COLON) {
      // The string before it was a key.
      values -= 1;
      if (stringEnd - stringStart - 1 > JSON_LIMITS.tokenBytes)
        return beyond('tokenBytes', JSON_LIMITS.tokenBytes, stringStart);
      const keys = (keysAtDepth[depth] ?? 0) + 1;
      if (keys > JSON_LIMITS.keys) return beyond('keys', JSON_LIMITS.keys, at);
      keysAtDepth[depth] = keys;
      tokenBytes = 0;
    } else if (byte === COMMA || byte <= SPACE) {
      tokenBytes = 0;
    } else {
      if (tokenBytes === 0) values += 1;
      tokenBytes += 1;
      if (tokenBytes > JSON_LIMITS.tokenBytes) return beyond('tokenBytes', JSON_LIMITS.tokenBytes, at);
    }
    if (values > limits.values) return beyond('values', limits.values, at);
  }
  return { ok: true, values };
}

/** A sentence about a shape that is refused. */
export function describeShape({
  measure,
  limit,
  atByte,
}: Extract<JsonShape, { readonly ok: false }>): string {
  const what: Readonly<Record<JsonMeasure, string>> = {
    depth: `is deeper than ${limit} levels`,
    values: `has more than ${limit} values`,
    keys: `has an object with more than ${limit} keys`,
    tokenBytes: `has a key or number of more than ${limit} bytes`,
  };
  return `The JSON ${what[measure]}, at byte ${atByte}.`;
}

/** Heap bytes of a value at worst: an object of one key that V8 keeps as an array of 33 places. Measured by its layout. */
const HEAP_BYTES_A_VALUE = 360;
/** The shortest text of such an object, with its comma: `{"32":0},`. */
const TEXT_BYTES_A_VALUE = 9;
/** The text as a string of two-byte characters, and once more in the strings that are cut out of it. */
const HEAP_BYTES_A_BYTE = 4;

/** Heap that a text of so many bytes can take when its shape is within the limits. */
export function jsonHeapBytes(textBytes: number): number {
  const values = Math.min(JSON_LIMITS.values, textBytes / TEXT_BYTES_A_VALUE);
  return Math.ceil(HEAP_BYTES_A_BYTE * textBytes + HEAP_BYTES_A_VALUE * values);
}
