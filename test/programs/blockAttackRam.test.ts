/**
 * Block provers that lie about the read-write memory: a run in which cells answer what the prover likes reaches END with a false
 * statement, so everything that the block program says rests on the ram bus. The tables of such a run do not balance.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Call, CallTable, Memory } from '../../machine/callTable.ts';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import { execute } from '../../machine/executor.ts';
import { TAG } from '../../machine/instruction.ts';
import type { HintFunctions } from '../../machine/program.ts';
import { RAM_COLUMNS } from '../../machine/ram/columns.ts';
import { ramTable } from '../../machine/ram/table.ts';
import {
  buildTraces,
  CALL_TABLES,
  COLONNADE_MACHINE,
  checkTraces,
  DEFAULT_LIMITS,
} from '../../machine/system.ts';
import { entriesDigest } from '../../programs/aggregate/aggregateStatement.ts';
import {
  BLOCK_CHAIN,
  BLOCK_TAG,
  BLOCK_VERSION,
  blockStatementDigest,
  blockSummaryDigest,
  summarizeBlock,
} from '../../programs/block/blockStatement.ts';
import { HINT } from '../../programs/block/hintNames.ts';
import { type BlockWitness, blockHints } from '../../programs/block/hints.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import {
  accessKey,
  CHAIN_KIND,
  COLUMN_TAG,
  COLUMN_VERSION,
  type ColumnStatement,
  columnStatementDigest,
  limbsOf,
} from '../../programs/column/statement.ts';
import { compress } from '../../stark/hash/poseidon.ts';
import {
  blockOf,
  childrenOf,
  inner,
  leafOf,
  smallColumn,
  standInHints,
  UNVERIFIED_PROGRAM,
  witnessOf,
} from '../support/block.ts';

/** Segments of the block program. */
const SEGMENT = { NODE: 0, LEAF: 1, COUNTS: 2, PRE_VALUES: 3, POST_VALUES: 4 } as const;
/** Rows beyond the program's own frames: cells that it never writes are the prover's. */
const OWN_ROWS = 2 ** 17;

/** What a finalisation of the cell (segment, index) answers instead of the cell's value: a pointer to a row of the prover's. */
interface Lie {
  readonly segment: number;
  readonly index: number;
  readonly row: Uint32Array;
}

interface Forged {
  readonly execution: ExecutionTrace;
  /** The cycles of the lies. */
  readonly lied: readonly number[];
}

/** Runs the program on a memory that refuses nothing and lies as told. */
function forge(
  witness: BlockWitness,
  trueTrees: BlockWitness['trees'],
  lies: readonly Lie[],
  replaced: HintFunctions,
): Forged {
  const cells = new Map<string, number>();
  const lied: number[] = [];
  const answer = (memory: Memory, { tag, a, b, c, clk }: Call): number => {
    const name = `${a} ${b}`;
    if (tag === TAG.RAM_INITIALISE || tag === TAG.RAM_WRITE) {
      assert.ok(c !== undefined);
      cells.set(name, c);
      return c;
    }
    const lie = lies.findIndex(({ segment, index }) => segment === a && index === b);
    if (tag === TAG.RAM_FINALISE && lie >= 0) {
      const pointer = OWN_ROWS + 8 * lie;
      lies[lie]!.row.forEach((word, index) => {
        memory.write(pointer + index, word);
      });
      lied.push(clk);
      return pointer;
    }
    const value = cells.get(name);
    assert.ok(value !== undefined, `cell ${name}`);
    return value;
  };
  const lyingRam: CallTable = { ...ramTable, execute: answer };
  const tables = CALL_TABLES.map((table) => (table === ramTable ? lyingRam : table));
  const hints = { ...blockHints(witness), ...standInHints(childrenOf(trueTrees)), ...replaced };
  return { execution: execute(UNVERIFIED_PROGRAM, tables, hints, DEFAULT_LIMITS), lied };
}

/** The statement is the false claim, and the tables do not balance, however the ram table's rows are written. */
function assertCaught({ execution, lied }: Forged, claim: Uint32Array): void {
  assert.deepEqual(execution.statement, claim, 'the lie leads to the claim');
  assert.notDeepEqual(execution.statement, blockStatementDigest(HONEST.statement));
  const traces = buildTraces(UNVERIFIED_PROGRAM, execution);
  const ram = traces[COLONNADE_MACHINE.tables.findIndex(({ name }) => name === 'ram')]!;
  const column = (name: (typeof RAM_COLUMNS)[number]): Uint32Array => ram.columns[RAM_COLUMNS.indexOf(name)]!;
  for (const clk of lied) {
    const row = column('clk').indexOf(clk);
    column('previousValue')[row] = column('value')[row]!;
  }
  const verdict = checkTraces(UNVERIFIED_PROGRAM, traces, execution.statement);
  assert.ok(!verdict.ok && verdict.kind === 'bus', JSON.stringify(verdict).slice(0, 300));
  assert.equal(verdict.bus, 'ram');
}

function columnChain(kind: number, count: number, rows: readonly Uint32Array[]): Uint32Array {
  let state: Uint32Array = Uint32Array.of(COLUMN_TAG, COLUMN_VERSION, kind, count, 0, 0, 0, 0);
  for (const row of rows)
    for (let start = 0; start < row.length; start += 8)
      state = compress(state, row.subarray(start, start + 8));
  return state;
}

const countsRow = ({ transfers, accessList }: ColumnStatement): Uint32Array =>
  Uint32Array.of(
    COLUMN_TAG,
    COLUMN_VERSION,
    CHAIN_KIND.STATEMENT,
    transfers.length,
    accessList.length,
    transfers.filter(({ status }) => status === 'executed').length,
    0,
    0,
  );

const INPUTS = [smallColumn(0, 2), smallColumn(10, 1)] as const;
const HONEST = blockOf(INPUTS);
const [COLUMN_0, COLUMN_1] = HONEST.columns as [ColumnStatement, ColumnStatement];
/** A column that nobody proved. */
const INVENTED: ColumnStatement = { ...COLUMN_1, priorityFeesWei: COLUMN_1.priorityFeesWei + 1n };
const CLAIM = blockStatementDigest({
  ...HONEST.statement,
  priorityFeesWei: HONEST.statement.priorityFeesWei + 1n,
});

describe('block provers that lie about the read-write memory', () => {
  it('control: without a lie the tables balance', () => {
    const { execution } = forge(HONEST.witness, HONEST.witness.trees, [], {});
    assert.deepEqual(execution.statement, blockStatementDigest(HONEST.statement));
    const traces = buildTraces(UNVERIFIED_PROGRAM, execution);
    assert.deepEqual(checkTraces(UNVERIFIED_PROGRAM, traces, execution.statement), { ok: true });
  });

  it('another tree is opened than the child has', () => {
    const witness = witnessOf([COLUMN_0, INVENTED], HONEST.list);
    const row = entriesDigest(witness.trees[0]!);
    const proved = entriesDigest(HONEST.witness.trees[0]!);
    assertCaught(
      forge(witness, HONEST.witness.trees, [{ segment: SEGMENT.NODE, index: 0, row }], {
        [HINT.CHILD_ENTRIES]: () => proved,
      }),
      CLAIM,
    );
    // Below an inner entry.
    const trees = [[leafOf(COLUMN_0), inner(leafOf(COLUMN_1))]];
    const below = witnessOf([COLUMN_0, INVENTED], HONEST.list, [[leafOf(COLUMN_0), inner(leafOf(INVENTED))]]);
    const provedBelow = entriesDigest([leafOf(COLUMN_1)]);
    const hints = blockHints(below);
    assertCaught(
      forge(below, trees, [{ segment: SEGMENT.NODE, index: 1, row: entriesDigest([leafOf(INVENTED)]) }], {
        [HINT.CHILD_ENTRIES]: () => entriesDigest(trees[0]!),
        [HINT.ENTRY_ROW]: ([node, remaining], memory) =>
          node === 0 && remaining === 1 ? provedBelow : hints[HINT.ENTRY_ROW]!([node!, remaining!], memory),
      }),
      CLAIM,
    );
  });

  it('a leaf shows a column that nobody proved', () => {
    const witness = { ...HONEST.witness, columns: [COLUMN_0, INVENTED] };
    const row = columnStatementDigest(INVENTED);
    assertCaught(forge(witness, witness.trees, [{ segment: SEGMENT.LEAF, index: 1, row }], {}), CLAIM);
  });

  it('a column is hidden behind another one that is shown twice', () => {
    // No column proof has an empty access list; the keys of any other column would not ascend.
    const { accessList: _, ...fields } = COLUMN_0;
    const bare: ColumnStatement = { ...fields, accessList: [] };
    const columns = [bare, bare];
    const list = columns.flatMap(({ transfers }, column) =>
      transfers.map(({ status: _status, ...transfer }) => ({ ...transfer, column })),
    );
    const trees = [[leafOf(bare), leafOf(COLUMN_1)]];
    const witness = { ...witnessOf(columns, list, trees), leafOf: [0, 0] };
    assertCaught(
      forge(witness, trees, [], {}),
      blockStatementDigest({
        ...HONEST.statement,
        columnCount: 2,
        transfers: list.map((transfer) => ({ ...transfer, status: 'executed' })),
        accessList: [],
        gasUsed: 2n * bare.gasUsed,
        priorityFeesWei: 2n * bare.priorityFeesWei,
        burnedWei: 2n * bare.burnedWei,
      }),
    );
  });

  it('a column has other counts in the totals than in its statement', () => {
    const honest = blockHints(HONEST.witness);
    const forged = forge(
      HONEST.witness,
      HONEST.witness.trees,
      [{ segment: SEGMENT.COUNTS, index: 0, row: countsRow(COLUMN_0) }],
      {
        [HINT.COLUMN_COUNTS]: (inputs, memory) => {
          const counts = Uint32Array.from(honest[HINT.COLUMN_COUNTS]!(inputs, memory));
          // One executed transfer less: a skip that no column has.
          if (inputs[0] === 0) counts[2] = counts[2]! - 1;
          return counts;
        },
      },
    );
    const summary = summarizeBlock(HONEST.statement);
    const skippedDigest = Uint32Array.of(BLOCK_TAG, BLOCK_VERSION, BLOCK_CHAIN.SKIPPED, 1, 0, 0, 0, 0);
    assertCaught(
      forged,
      blockSummaryDigest({ ...summary, executedCount: summary.executedCount - 1, skippedDigest }),
    );
  });

  it('columns that overlap are merged without the items of one', () => {
    const columns = [INPUTS[0], smallColumn(1, 1)].map(executeColumn) as [ColumnStatement, ColumnStatement];
    const [first, second] = columns;
    const list = columns.flatMap(({ transfers }, column) =>
      transfers.map(({ status: _status, ...transfer }) => ({ ...transfer, column })),
    );
    const witness = { ...witnessOf(columns, list), itemColumns: first.accessList.map(() => 0) };
    const items = second.accessList;
    const preValues = columnChain(
      CHAIN_KIND.PRE_VALUES,
      items.length,
      items.flatMap(({ address, slot, preValue }) => [limbsOf(accessKey(address, slot)), limbsOf(preValue)]),
    );
    const postValues = columnChain(
      CHAIN_KIND.POST_VALUES,
      items.length,
      items.map(({ postValue }) => limbsOf(postValue)),
    );
    const honest = blockHints(witness);
    const forged = forge(
      witness,
      witness.trees,
      [
        { segment: SEGMENT.COUNTS, index: 1, row: countsRow(second) },
        { segment: SEGMENT.PRE_VALUES, index: 1, row: preValues },
        { segment: SEGMENT.POST_VALUES, index: 1, row: postValues },
      ],
      {
        [HINT.COLUMN_COUNTS]: (inputs, memory) => {
          const counts = Uint32Array.from(honest[HINT.COLUMN_COUNTS]!(inputs, memory));
          if (inputs[0] === 1) counts[1] = 0;
          return counts;
        },
      },
    );
    assertCaught(
      forged,
      blockStatementDigest({
        ...HONEST.statement,
        transfers: list.map((transfer) => ({ ...transfer, status: 'executed' })),
        accessList: first.accessList,
        gasUsed: first.gasUsed + second.gasUsed,
        priorityFeesWei: first.priorityFeesWei + second.priorityFeesWei,
        burnedWei: first.burnedWei + second.burnedWei,
      }),
    );
  });
});
