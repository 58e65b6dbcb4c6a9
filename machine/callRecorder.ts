/** A call log that grows while a program runs. */
import type { CallLog } from './callTable.ts';

const FIRST_CAPACITY = 1 << 10;

export interface CallRecorder {
  record(tag: number, a: number, b: number, c: number, d: number, clk: number): void;
  log(): CallLog;
}

export function createCallRecorder(): CallRecorder {
  let count = 0;
  let columns = Array.from({ length: 6 }, () => new Uint32Array(FIRST_CAPACITY));

  return {
    record(tag, a, b, c, d, clk) {
      if (count === columns[0]!.length)
        columns = columns.map((column) => {
          const grown = new Uint32Array(2 * column.length);
          grown.set(column);
          return grown;
        });
      columns[0]![count] = tag;
      columns[1]![count] = a;
      columns[2]![count] = b;
      columns[3]![count] = c;
      columns[4]![count] = d;
      columns[5]![count] = clk;
      count++;
    },
    log() {
      const [tag, a, b, c, d, clk] = columns.map((column) => column.slice(0, count));
      return { count, tag: tag!, a: a!, b: b!, c: c!, d: d!, clk: clk! };
    },
  };
}

/** The calls whose tag is one of `tags`, in order. */
export function selectCalls(calls: CallLog, tags: readonly number[]): CallLog {
  const recorder = createCallRecorder();
  const isWanted = new Set(tags);
  for (let call = 0; call < calls.count; call++)
    if (isWanted.has(calls.tag[call]!))
      recorder.record(
        calls.tag[call]!,
        calls.a[call]!,
        calls.b[call]!,
        calls.c[call]!,
        calls.d[call]!,
        calls.clk[call]!,
      );
  return recorder.log();
}
