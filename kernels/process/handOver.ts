/**
 * A request on its way to the prover process. A message is copied while the event loop waits, so a run, which may take gibibytes, goes in
 * pieces: an outline with the lengths of its columns, then their words.
 */
import type { TableTrace } from '../../stark/air/air.ts';
import type { ProveRequest, RequestOutline, TableOutline } from './protocol.ts';

/**
 * Of all columns of one run, in bytes. The process holds them beside its device's own buffers, and a run beyond it is beyond any table
 * height that a profile allows. Arbitrary.
 */
export const MOST_HANDED_OVER_BYTES = 1.9 * 2 ** 30;

/** Of one message, in words: 4 MiB take a few milliseconds. */
const PIECE_WORDS = 2 ** 20;

type Tables = readonly (TableTrace | undefined)[];

export interface HandOver {
  readonly outline: RequestOutline;
  /** Of all columns. */
  readonly bytes: number;
  pieces(): Generator<Uint32Array, void, undefined>;
}

function columnsOf(tables: Tables): Uint32Array[] {
  return tables.flatMap((table) => table?.columns ?? []);
}

function outlineOf(tables: Tables): (TableOutline | undefined)[] {
  // A place without a table stays one.
  return Array.from(
    tables,
    (table) =>
      table && { logHeight: table.logHeight, columnWords: table.columns.map((column) => column.length) },
  );
}

export function prepareHandOver(request: ProveRequest): HandOver {
  const { preprocessed, traces, ...rest } = request;
  const columns = [...columnsOf(preprocessed), ...columnsOf(traces)];
  return {
    outline: { ...rest, preprocessed: outlineOf(preprocessed), traces: outlineOf(traces) },
    bytes: columns.reduce((total, { byteLength }) => total + byteLength, 0),
    *pieces() {
      for (const column of columns)
        for (let first = 0; first < column.length; first += PIECE_WORDS)
          yield column.subarray(first, first + PIECE_WORDS);
    },
  };
}

export interface Arrival {
  /** Throws: RangeError when there are more than the outline says. */
  take(words: Uint32Array): void;
  isComplete(): boolean;
  readonly request: ProveRequest;
}

/** The other side: columns that are filled with what comes. */
export function receiveHandOver(outline: RequestOutline): Arrival {
  const tablesOf = (tables: RequestOutline['traces']): (TableTrace | undefined)[] =>
    Array.from(
      tables,
      (table) =>
        table && {
          logHeight: table.logHeight,
          columns: table.columnWords.map((words) => new Uint32Array(words)),
        },
    );
  const { preprocessed, traces, ...rest } = outline;
  const request = { ...rest, preprocessed: tablesOf(preprocessed), traces: tablesOf(traces) };
  const columns = [...columnsOf(request.preprocessed), ...columnsOf(request.traces)];
  let columnIndex = 0;
  let filledWords = 0;
  const skipFull = (): void => {
    while (columnIndex < columns.length && filledWords === columns[columnIndex]?.length) {
      columnIndex++;
      filledWords = 0;
    }
  };
  skipFull();
  return {
    request,
    isComplete: () => columnIndex === columns.length,
    take(words) {
      const column = columns[columnIndex];
      if (column === undefined || filledWords + words.length > column.length)
        throw new RangeError('a piece is longer than the column that it belongs to');
      column.set(words, filledWords);
      filledWords += words.length;
      skipFull();
    },
  };
}
