import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AirSystem, TableTrace } from '../../stark/air/air.ts';
import { defineSystem, defineTable } from '../../stark/air/builder.ts';
import { machineDigest, systemWords } from '../../stark/air/machineDigest.ts';
import { checkTrace, completeTrace, type TraceVerdict } from '../../stark/air/traceCheck.ts';
import { isCanonical, MODULUS } from '../../stark/field/koalaBear.ts';
import { samplePublicWords, sampleSystem, sampleTraces, squares, walk } from '../support/airSamples.ts';

const NAMES = ['walk', 'squares'];

/** The verdict on a valid trace of 2^logHeight rows after changing one cell of one main column. */
function changed(logHeight: number, slot: number, column: string, row: number, word: number): TraceVerdict {
  const { traces, preprocessed } = sampleTraces(logHeight);
  const index = sampleSystem.tables[slot]!.mainColumns.indexOf(column);
  assert.ok(index >= 0, `${NAMES[slot]} has column ${column}`);
  traces[slot]!.columns[index]![row] = word;
  return checkTrace(sampleSystem, traces, preprocessed, samplePublicWords);
}

function field(verdict: TraceVerdict, names: readonly string[]): Record<string, unknown> {
  const fields = verdict as unknown as Record<string, unknown>;
  return Object.fromEntries(names.map((name) => [name, fields[name]]));
}

test('valid traces pass', () => {
  for (const logHeight of [2, 3, 7, 9]) {
    const { traces, preprocessed } = sampleTraces(logHeight);
    assert.deepEqual(
      checkTrace(sampleSystem, traces, preprocessed, samplePublicWords),
      { ok: true },
      `height 2^${logHeight}`,
    );
  }
});

test('the first violated constraint is named with row and values', () => {
  const cube = changed(9, 0, 'cube', 300, 7);
  assert.deepEqual(cube, {
    ok: false,
    kind: 'constraint',
    table: 'walk',
    row: 300,
    constraint: 'cube',
    value: MODULUS + 7 - ((300 * 300 + 3) % 8) ** 3,
    values: { cube: 7, low: (300 * 300 + 3) % 8 },
  });
  const step = changed(3, 0, 'step', 5, 1);
  assert.deepEqual(field(step, ['kind', 'row', 'constraint', 'values']), {
    kind: 'constraint',
    row: 4,
    constraint: 'step grows by one',
    values: { step: 21, "step'": 1 },
  });
  assert.deepEqual(field(changed(3, 0, 'step', 0, 16), ['row', 'constraint']), {
    row: 0,
    constraint: 'step starts at the public word',
  });
  assert.deepEqual(field(changed(3, 0, 'mixed2', 7, 5), ['row', 'constraint']), {
    row: 7,
    constraint: 'mixed2',
  });
  assert.deepEqual(field(changed(3, 1, 'doubled', 2, 5), ['table', 'row', 'constraint']), {
    table: 'squares',
    row: 2,
    constraint: 'doubled',
  });
});

test('selectors: a constraint of the last row and the cyclic next row', () => {
  const { traces, preprocessed } = sampleTraces(2);
  traces[0]!.columns[2]![3] = 1;
  traces[0]!.columns[4]![3] = 1;
  const verdict = checkTrace(sampleSystem, traces, preprocessed, samplePublicWords);
  assert.deepEqual(field(verdict, ['row', 'constraint']), { row: 3, constraint: 'last low is zero' });
});

test('an unbalanced bus names the tuple and where it comes from', () => {
  const lookup = changed(3, 0, 'lowSquare', 2, 50);
  assert.deepEqual(lookup, {
    ok: false,
    kind: 'bus',
    bus: 'square',
    tuple: [7, 50],
    sent: 1,
    received: 0,
    sources: [{ table: 'walk', label: 'square lookup', row: 2, multiplicity: 1 }],
  });
  const { traces, preprocessed } = sampleTraces(3);
  traces[1]!.columns[0]![7]! += 2;
  traces[1]!.columns[1]![7]! += 4;
  const count = checkTrace(sampleSystem, traces, preprocessed, samplePublicWords);
  assert.deepEqual(field(count, ['kind', 'bus', 'tuple', 'sent', 'received']), {
    kind: 'bus',
    bus: 'square',
    tuple: [7, 49],
    sent: 2,
    received: 4,
  });
});

test('shapes are checked before any arithmetic', () => {
  const { traces, preprocessed } = sampleTraces(3);
  const check = (given: (TableTrace | undefined)[], fixed = preprocessed): TraceVerdict =>
    checkTrace(sampleSystem, given, fixed, samplePublicWords);
  const [first, second] = traces as [TableTrace, TableTrace];
  const reason = (verdict: TraceVerdict): unknown => field(verdict, ['kind', 'table', 'reason']);
  assert.deepEqual(reason(check([first, undefined])), {
    kind: 'shape',
    table: 'squares',
    reason: 'a required table is absent',
  });
  assert.deepEqual(reason(check([{ ...first, logHeight: 1 }, second])), {
    kind: 'shape',
    table: 'walk',
    reason: 'log height 1 is not in 2..20',
  });
  assert.deepEqual(reason(check([{ ...first, columns: first.columns.slice(1) }, second])), {
    kind: 'shape',
    table: 'walk',
    reason: '7 main columns, not 8',
  });
  assert.deepEqual(reason(check([{ ...first, logHeight: 4 }, second])), {
    kind: 'shape',
    table: 'walk',
    reason: 'main column step has 8 words, not 16',
  });
  assert.deepEqual(reason(changed(3, 0, 'state', 6, MODULUS)), {
    kind: 'shape',
    table: 'walk',
    reason: 'main column state is not canonical on row 6',
  });
  assert.deepEqual(reason(check(traces, [[], preprocessed[1]!])), {
    kind: 'shape',
    table: 'walk',
    reason: '0 preprocessed columns, not 1',
  });
});

test('what is named does not depend on the blocks that rows are evaluated in', () => {
  const table = defineTable(
    {
      name: 'flags',
      main: ['left', 'right', 'zero'],
      preprocessed: [],
      minimumLogHeight: 2,
      maximumLogHeight: 9,
      isRequired: true,
      expansion: 'none',
    },
    (t) => {
      t.constrain('zero', t.main.zero);
      t.interact({ label: 'left', bus: 0, multiplicity: t.main.left, values: [], weight: 1 });
      t.interact({ label: 'right', bus: 0, multiplicity: t.main.right, values: [], weight: 1 });
    },
  );
  const buses = [{ name: 'flag', width: 0 }];
  const system = defineSystem({ name: 'flags', version: 1, buses, tables: [table] });
  for (const logHeight of [3, 9]) {
    const height = 2 ** logHeight;
    const verdict = (wrong: readonly (readonly [column: number, row: number])[]): Record<string, unknown> => {
      const columns = [new Uint32Array(height), new Uint32Array(height), new Uint32Array(height)];
      for (const [column, row] of wrong) columns[column]![row] = 2;
      const got = checkTrace(system, [{ logHeight, columns }], [], new Uint32Array(8));
      return field(got, ['kind', 'row', got.ok || got.kind !== 'weight' ? 'constraint' : 'label']);
    };
    const last = height - 1;
    const constraint = { kind: 'constraint', row: last, constraint: 'zero' };
    // A constraint comes before a weight on any row; then the least row counts, then the order of definition.
    assert.deepEqual(
      verdict([
        [0, 0],
        [2, last],
      ]),
      constraint,
    );
    assert.deepEqual(
      verdict([
        [0, last],
        [1, 1],
      ]),
      { kind: 'weight', row: 1, label: 'right' },
    );
    assert.deepEqual(
      verdict([
        [0, 2],
        [1, 1],
      ]),
      { kind: 'weight', row: 1, label: 'right' },
    );
    assert.deepEqual(
      verdict([
        [0, last],
        [1, last],
      ]),
      { kind: 'weight', row: last, label: 'left' },
    );
  }
});

function weighted(interactions: number): AirSystem {
  const table = defineTable(
    {
      name: 'flags',
      main: ['flag'],
      preprocessed: [],
      minimumLogHeight: 2,
      maximumLogHeight: 20,
      isRequired: false,
      expansion: 'none',
    },
    (t) => {
      for (let index = 0; index < interactions; index++) {
        const sign = index % 2 === 0 ? t.main.flag : t.main.flag.negate();
        t.interact({ label: `flag ${index}`, bus: 0, multiplicity: sign, values: [index >> 1], weight: 1 });
      }
    },
  );
  return defineSystem({ name: 'flags', version: 1, buses: [{ name: 'flag', width: 1 }], tables: [table] });
}

test('weights: multiplicities that are counted as one, and the bound of a bus', () => {
  const flags = (column: Uint32Array): TableTrace => ({
    logHeight: Math.log2(column.length),
    columns: [column],
  });
  const publicWords = new Uint32Array(8);
  const two = weighted(2);
  assert.deepEqual(checkTrace(two, [flags(Uint32Array.of(0, 1, 1, 0))], [], publicWords), { ok: true });
  assert.deepEqual(checkTrace(two, [undefined], [], publicWords), { ok: true });
  assert.deepEqual(checkTrace(two, [flags(Uint32Array.of(0, 1, 2, 0))], [], publicWords), {
    ok: false,
    kind: 'weight',
    table: 'flags',
    row: 2,
    label: 'flag 0',
    multiplicity: 2,
  });
  const three = field(checkTrace(two, [flags(Uint32Array.of(0, 0, 0, 3))], [], publicWords), [
    'row',
    'label',
  ]);
  assert.deepEqual(three, { row: 3, label: 'flag 0' });
  // 2032 * 2^20 = p - 1, so the 2033rd interaction of 2^20 rows is the first too many.
  const long = flags(new Uint32Array(2 ** 20));
  assert.deepEqual(
    field(checkTrace(weighted(2033), [long], [], publicWords), ['kind', 'bus', 'count', 'limit']),
    {
      kind: 'busBound',
      bus: 'flag',
      count: 2033 * 2 ** 20,
      limit: MODULUS,
    },
  );
});

test('an expansion completes the columns', () => {
  const table = { ...squares, expansion: 'poseidon' } as const;
  const partial: TableTrace = { logHeight: 2, columns: [new Uint32Array(4)] };
  const full: TableTrace = { logHeight: 2, columns: [new Uint32Array(4), new Uint32Array(4)] };
  assert.equal(completeTrace(squares, partial), partial);
  assert.equal(completeTrace(table, full), full);
  assert.equal(
    completeTrace(table, partial, () => full),
    full,
  );
  assert.throws(() => completeTrace(table, partial), RangeError);
});

test('the machine digest covers every part of a system', () => {
  const words = systemWords(sampleSystem);
  assert.ok(words.every(isCanonical));
  const digests = new Map<string, string>();
  const note = (name: string, system: AirSystem): void => {
    const key = machineDigest(system).join(' ');
    assert.equal(digests.get(key), undefined, `${name} against ${digests.get(key)}`);
    digests.set(key, name);
  };
  const withWalk = (change: Partial<typeof walk>): AirSystem => ({
    ...sampleSystem,
    tables: [{ ...walk, ...change }, squares],
  });
  const interaction = walk.interactions[0]!;
  const others = walk.interactions.slice(1);
  note('as it is', sampleSystem);
  note('name', { ...sampleSystem, name: 'other' });
  note('version', { ...sampleSystem, version: 2 });
  note('bus name', { ...sampleSystem, buses: [{ name: 'Word', width: 1 }, sampleSystem.buses[1]!] });
  note('bus width', { ...sampleSystem, buses: [{ name: 'word', width: 2 }, sampleSystem.buses[1]!] });
  note('slot order', { ...sampleSystem, tables: [squares, walk] });
  note('table name', withWalk({ name: 'run' }));
  note('column name', withWalk({ mainColumns: ['steps', ...walk.mainColumns.slice(1)] }));
  note('fixed column name', withWalk({ preprocessedColumns: ['shifts'] }));
  note('next columns', withWalk({ mainNextColumns: 3 }));
  note('fixed next columns', withWalk({ preprocessedNextColumns: 1 }));
  note('minimum height', withWalk({ minimumLogHeight: 3 }));
  note('maximum height', withWalk({ maximumLogHeight: 19 }));
  note('required', withWalk({ isRequired: false }));
  note('expansion', withWalk({ expansion: 'poseidon' }));
  note('constraint order', withWalk({ constraints: walk.constraints.toReversed() }));
  note('one constraint less', withWalk({ constraints: walk.constraints.slice(1) }));
  note(
    'constraint label',
    withWalk({ constraints: [{ ...walk.constraints[0]!, label: 'x' }, ...walk.constraints.slice(1)] }),
  );
  note('bus', withWalk({ interactions: [{ ...interaction, bus: 0 }, ...others] }));
  note('weight', withWalk({ interactions: [{ ...interaction, weight: 0 }, ...others] }));
  note('multiplicity', withWalk({ interactions: [{ ...interaction, multiplicity: 0 }, ...others] }));
  note(
    'values',
    withWalk({ interactions: [{ ...interaction, values: interaction.values.toReversed() }, ...others] }),
  );
  walk.graph.nodes.forEach((node, index) => {
    if (node.kind !== 'selector' && node.kind !== 'constant') return;
    const other =
      node.kind === 'constant'
        ? ({ kind: 'constant', value: 77 } as const)
        : ({ kind: 'selector', selector: node.selector === 'first' ? 'last' : 'first' } as const);
    note(`node ${index}`, withWalk({ graph: { ...walk.graph, nodes: walk.graph.nodes.with(index, other) } }));
  });
  const matrix = walk.graph.matrices[0]!;
  const values = matrix.values.with(5, 2);
  note('matrix', withWalk({ graph: { ...walk.graph, matrices: [{ ...matrix, values }] } }));
});
