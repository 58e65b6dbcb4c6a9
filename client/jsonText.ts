/**
 * JSON as a stranger's file has it, bounded before it is parsed: the parser takes minutes and gigabytes for tens of millions of brackets,
 * and of a name that an object has twice it keeps the last.
 */

/** Levels of brackets. The deepest file is a proof file with a tree of 64 levels, of two brackets each. Arbitrary above that. */
const DEPTH_LIMIT = 512;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);
const OBJECT = 0x7b;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** Throws: SyntaxError, also for text of more levels than any file has. */
export function parseJson(text: string): unknown {
  let depth = 0;
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code === QUOTE) place = endOfString(text, place);
    else if (CLOSING.has(code)) depth--;
    else if (OPENING.has(code) && ++depth > DEPTH_LIMIT)
      throw new SyntaxError(`more than ${DEPTH_LIMIT} levels of brackets`);
  }
  return JSON.parse(text);
}

/** As `parseJson`, for files of which every value is used. Throws: SyntaxError, also where an object has a name twice. */
export function parseJsonOfUniqueNames(text: string): unknown {
  const value = parseJson(text);
  const names: (Set<string> | undefined)[] = [];
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code === QUOTE) {
      const end = endOfString(text, place);
      if (isName(text, end)) {
        const token = text.slice(place, end + 1);
        const name = token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
        const known = names.at(-1);
        if (known?.has(name)) throw new SyntaxError(`an object has the name '${name.slice(0, 66)}' twice`);
        known?.add(name);
      }
      place = end;
    } else if (CLOSING.has(code)) names.pop();
    else if (OPENING.has(code)) names.push(code === OBJECT ? new Set() : undefined);
  }
  return value;
}

/** The place of the closing quote; the text's length where there is none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

/** Whether the string that ends there is a name. The text is JSON. */
function isName(text: string, end: number): boolean {
  let place = end + 1;
  while (SPACES.has(text.charCodeAt(place))) place++;
  return text.charCodeAt(place) === COLON;
}
