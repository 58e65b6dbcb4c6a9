/**
 * Remembers which line of a TypeScript program emitted an instruction. The stack is captured at once and read only when
 * somebody asks.
 */

/** Frames of the stack to keep: the builder's own and at least one of the program. */
const STACK_FRAMES = 12;

export type SourceMark = { readonly stack?: string | undefined };

export function captureSource(): SourceMark {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_FRAMES;
  const mark = new Error('source');
  Error.stackTraceLimit = limit;
  return mark;
}

/** `folder/file.ts:line` of the first stack frame outside of the builder. */
export function sourceLine(mark: SourceMark): string {
  for (const line of (mark.stack ?? '').split('\n').slice(1)) {
    if (/\/machine\/builder(\.ts|\.js|\/)/.test(line)) continue;
    const found = /([^/\s(]+\/)?([^/\s(]+:\d+):\d+\)?$/.exec(line);
    if (found) return `${found[1] ?? ''}${found[2]}`;
  }
  return 'unknown line';
}
