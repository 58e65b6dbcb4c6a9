/** A call log that grows while a program runs, and its division among the tables. */
import type { Call, CallLog, CallTable } from './callTable.ts';

const FIRST_CAPACITY = 1 << 10;

export interface CallRecorder {
  /** `c` is the value of operand C after the call. */
  record(call: Omit<Call, 'c'>, c: number): void;
  /** Adds to the interior of the call that is recorded next. */
  leave(words: Uint32Array): void;
  log(): CallLog;
}

/** Words that are appended piece by piece. */
interface GrowingWords {
  append(words: Uint32Array): void;
  words(): Uint32Array;
}

function grownTo(length: number, words: Uint32Array): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(length);
  grown.set(words);
  return grown;
}

function createGrowingWords(): GrowingWords {
  let words = new Uint32Array(0);
  let count = 0;
  return {
    append(piece) {
      const end = count + piece.length;
      if (end > words.length) words = grownTo(2 * end, words);
      words.set(piece, count);
      count = end;
    },
    words: () => words.slice(0, count),
  };
}

export function createCallRecorder(): CallRecorder {
  let count = 0;
  let columns = Array.from({ length: 6 }, () => new Uint32Array(FIRST_CAPACITY));
  const witness = createGrowingWords();
  const interiors = createGrowingWords();

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
      if (call.witness.length > 0) witness.append(call.witness);
    },
    leave: interiors.append,
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
        witness: witness.words(),
        interiors: interiors.words(),
      };
    },
  };
}

/** Words of the interior of the call at `index` of a log, given the table of its tag. */
export function interiorWordsAt(calls: CallLog, index: number, table: CallTable | undefined): number {
  return table?.interiorWords?.(calls.tag[index]!, calls.d[index]!) ?? 0;
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
  let interiorStart = 0;
  for (let index = 0; index < calls.count; index++) {
    const tag = calls.tag[index]!;
    const table = tableOfTag.get(tag);
    const witnessEnd = witnessStart + witnessWordsAt(calls, index, table);
    const interiorEnd = interiorStart + interiorWordsAt(calls, index, table);
    if (table !== undefined) {
      const recorder = recorders.get(table) ?? createCallRecorder();
      recorders.set(table, recorder);
      const [a, b, d, clk] = [calls.a[index]!, calls.b[index]!, calls.d[index]!, calls.clk[index]!];
      const witness = calls.witness.subarray(witnessStart, witnessEnd);
      recorder.record({ tag, a, b, d, clk, witness }, calls.c[index]!);
      if (calls.interiors !== undefined) recorder.leave(calls.interiors.subarray(interiorStart, interiorEnd));
    }
    witnessStart = witnessEnd;
    interiorStart = interiorEnd;
  }
  return new Map(
    [...recorders].map(([table, recorder]) => {
      const { interiors, ...log } = recorder.log();
      return [table, calls.interiors === undefined || interiors === undefined ? log : { ...log, interiors }];
    }),
  );
}
