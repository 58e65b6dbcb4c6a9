/** A call log that grows while a program runs, and its division among the tables. */
import type { Call, CallLog, CallTable } from './callTable.ts';

const FIRST_CAPACITY = 1 << 10;

export interface CallRecorder {
  /** `c` is the value of operand C after the call. */
  record(call: Omit<Call, 'c'>, c: number): void;
  log(): CallLog;
}

function grownTo(length: number, words: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(length);
  grown.set(words);
  return grown;
}

export function createCallRecorder(): CallRecorder {
  let count = 0;
  let witnessCount = 0;
  let columns = Array.from({ length: 6 }, () => new Uint32Array(FIRST_CAPACITY));
  let witness = new Uint32Array(0);

  return {
    record(call, c) {
      const capacity = columns[0]!.length;
      if (count === capacity) columns = columns.map((column) => grownTo(2 * capacity, column));
      columns[0]![count] = call.tag;
      columns[1]![count] = call.a;
      columns[2]![count] = call.b;
      columns[3]![count] = c;
      columns[4]![count] = call.d;
      columns[5]![count] = call.clk;
      count++;
      if (call.witness.length === 0) return;
      const witnessEnd = witnessCount + call.witness.length;
      if (witnessEnd > witness.length) witness = grownTo(2 * witnessEnd, witness);
      witness.set(call.witness, witnessCount);
      witnessCount = witnessEnd;
    },
    log() {
      const [tag, a, b, c, d, clk] = columns.map((column) => column.slice(0, count));
      return {
        count,
        tag: tag!,
        a: a!,
        b: b!,
        c: c!,
        d: d!,
        clk: clk!,
        witness: witness.slice(0, witnessCount),
      };
    },
  };
}

/** Words of the witness of the call at `index` of a log, given the table of its tag. */
export function witnessWordsAt(calls: CallLog, index: number, table: CallTable | undefined): number {
  return table?.witnessWords?.(calls.tag[index]!, calls.d[index]!) ?? 0;
}

export function tablesByTag(tables: readonly CallTable[]): ReadonlyMap<number, CallTable> {
  return new Map(tables.flatMap((table) => table.tags.map((tag) => [tag, table] as const)));
}

/** The calls of each table, in order; tables without calls are left out. */
export function divideCalls(calls: CallLog, tables: readonly CallTable[]): Map<CallTable, CallLog> {
  const tableOfTag = tablesByTag(tables);
  const recorders = new Map<CallTable, CallRecorder>();
  let witnessStart = 0;
  for (let index = 0; index < calls.count; index++) {
    const tag = calls.tag[index]!;
    const table = tableOfTag.get(tag);
    const witnessEnd = witnessStart + witnessWordsAt(calls, index, table);
    if (table !== undefined) {
      const recorder = recorders.get(table) ?? createCallRecorder();
      recorders.set(table, recorder);
      const [a, b, d, clk] = [calls.a[index]!, calls.b[index]!, calls.d[index]!, calls.clk[index]!];
      const witness = calls.witness.subarray(witnessStart, witnessEnd);
      recorder.record({ tag, a, b, d, clk, witness }, calls.c[index]!);
    }
    witnessStart = witnessEnd;
  }
  return new Map([...recorders].map(([table, recorder]) => [table, recorder.log()]));
}
