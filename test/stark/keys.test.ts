/** Keys: what is refused of systems that the builder did not make, and what a failed key generation leaves behind. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import type { AirSystem, Node, TableAir } from '../../stark/air/air.ts';
import type { Backend } from '../../stark/backend.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import {
  checkHeights,
  checkKey,
  generateKey,
  heightRange,
  KeyError,
  type KeyErrorCode,
  preprocessedSlots,
  type VerifyingKey,
} from '../../stark/keys.ts';
import { FINAL, INNER, LEAF, type Profile, profileDigest, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import { verify } from '../../stark/verifier.ts';
import { assertRejected, createSetting, NO_GRIND } from '../support/cheating.ts';
import { SLOT, TOY_STATEMENT, toyPreprocessed, toySystem } from '../support/toySystems.ts';

const walk = toySystem.tables[SLOT.walk]!;
const nibble = toySystem.tables[SLOT.nibble]!;

/** The toy machine with another table in the place of `walk`. */
function withWalk(changed: Partial<TableAir>): AirSystem {
  return {
    ...toySystem,
    tables: toySystem.tables.map((table, slot) => (slot === SLOT.walk ? { ...walk, ...changed } : table)),
  };
}

/** `walk` with more nodes; `last` of them is a constraint, or the first value of the first interaction. */
function withNodes(
  place: 'constraint' | 'interaction',
  added: (first: number) => readonly Node[],
): AirSystem {
  const nodes = [...walk.graph.nodes, ...added(walk.graph.nodes.length)];
  const graph = { ...walk.graph, nodes };
  const last = nodes.length - 1;
  if (place === 'constraint')
    return withWalk({ graph, constraints: [...walk.constraints, { label: 'added', expression: last }] });
  const [first, ...others] = walk.interactions;
  assert.ok(first);
  const changed = { ...first, values: [last, ...first.values.slice(1)] };
  return withWalk({ graph, interactions: [changed, ...others] });
}

const COLUMN: Node = { kind: 'main', column: 0, row: 'current' };
const TRANSITION: Node = { kind: 'selector', selector: 'transition' };

/** The product of `factors` copies of a leaf. */
function product(leaf: Node, factors: number): (first: number) => readonly Node[] {
  return (first) => [
    leaf,
    ...Array.from(
      { length: factors - 1 },
      (_, index): Node => ({ kind: 'multiply', left: first + index, right: first }),
    ),
  ];
}

async function assertRefused(system: AirSystem, code: KeyErrorCode, name: string): Promise<void> {
  await assert.rejects(
    generateKey(createReferenceBackend(), system, NO_GRIND, toyPreprocessed(0)),
    (error) => error instanceof KeyError && error.code === code,
    name,
  );
  const { key } = await createSetting(NO_GRIND);
  assert.equal(checkKey({ ...key, system })?.code, code, name);
  assertRejected(
    verify({ ...key, system }, TOY_STATEMENT, new Uint8Array(0), {
      acceptedProfileDigests: [profileDigest(NO_GRIND)],
    }),
    'KEY_MALFORMED',
    { code },
  );
}

describe('keys of systems that the builder did not make', () => {
  it('are refused where a degree is too high', async () => {
    const cases: readonly [AirSystem, KeyErrorCode | undefined, string][] = [
      [withNodes('constraint', product(COLUMN, 3)), undefined, 'degree 3'],
      [withNodes('constraint', product(COLUMN, 4)), 'DEGREE_TOO_HIGH', 'degree 4'],
      [withNodes('constraint', product(TRANSITION, 2)), undefined, 'two transitions'],
      [withNodes('constraint', product(TRANSITION, 3)), 'TRANSITION_POWER', 'three transitions'],
      [withNodes('interaction', product(COLUMN, 1)), undefined, 'a value of degree 1'],
      [withNodes('interaction', product(COLUMN, 2)), 'INTERACTION_DEGREE', 'a value of degree 2'],
      [withNodes('interaction', product(TRANSITION, 1)), 'TRANSITION_POWER', 'a transition in a value'],
    ];
    const { key } = await createSetting(NO_GRIND);
    for (const [system, code, name] of cases) {
      if (code === undefined) assert.equal(checkKey({ ...key, system }), undefined, name);
      else await assertRefused(system, code, name);
    }
    const [first, ...others] = walk.interactions;
    assert.ok(first);
    const graph = {
      ...walk.graph,
      nodes: [...walk.graph.nodes, ...product(COLUMN, 2)(walk.graph.nodes.length)],
    };
    const interactions = [{ ...first, multiplicity: graph.nodes.length - 1 }, ...others];
    await assertRefused(
      withWalk({ graph, interactions }),
      'INTERACTION_DEGREE',
      'a multiplicity of degree 2',
    );
  });

  it('are refused where a graph names what is not there', async () => {
    const columns = walk.mainColumns.length;
    const matrix = walk.graph.matrices.length;
    // Indices that are not integers have no digest either.
    for (const [name, nodes] of Object.entries<(first: number) => readonly Node[]>({
      'itself as an operand': (first) => [{ kind: 'add', left: first, right: first }],
      'a later operand': (first) => [{ kind: 'add', left: first + 1, right: 0 }, COLUMN],
      'a fraction': () => [{ kind: 'add', left: 0.5, right: 0 }],
      'a column too far': () => [{ kind: 'main', column: columns, row: 'current' }],
      'a next column that is not opened': () => [{ kind: 'main', column: walk.mainNextColumns, row: 'next' }],
      'a preprocessed column': () => [{ kind: 'preprocessed', column: 0, row: 'current' }],
      'a ninth public word': () => [{ kind: 'public', index: 8 }],
      'a matrix': () => [{ kind: 'linear', matrix, inputs: [0] }],
      'an element of no vector': () => [{ kind: 'element', vector: 0, index: 0 }],
    }))
      await assertRefused(
        withNodes('constraint', nodes),
        name === 'a fraction' ? 'SYSTEM_NOT_CANONICAL' : 'GRAPH_MALFORMED',
        name,
      );
    const { length } = walk.graph.nodes;
    await assertRefused(
      withWalk({ constraints: [{ label: 'nothing', expression: length }] }),
      'GRAPH_MALFORMED',
      'no node',
    );
  });

  it('are refused where a number has no digest', async () => {
    await assertRefused(
      withNodes('constraint', () => [{ kind: 'constant', value: MODULUS }]),
      'SYSTEM_NOT_CANONICAL',
      'a constant',
    );
    await assertRefused({ ...toySystem, version: 1.5 }, 'SYSTEM_NOT_CANONICAL', 'a version');
  });
});

describe('profiles that are not words', () => {
  it('are refused by key generation and verifier', async () => {
    const { key } = await createSetting(NO_GRIND);
    const profiles: readonly Profile[] = [
      { ...NO_GRIND, queries: 5.5 },
      { ...NO_GRIND, queries: MODULUS },
      { ...NO_GRIND, logBlowup: -1 },
      { ...NO_GRIND, grinding: { ...NO_GRIND.grinding, query: Number.NaN } },
      { ...NO_GRIND, maxima: { ...NO_GRIND.maxima, constraints: Number.POSITIVE_INFINITY } },
      { ...NO_GRIND, maxima: { ...NO_GRIND.maxima, logUpDenominatorWords: 0.5 } },
    ];
    for (const profile of profiles) {
      const changed = { ...key, profile };
      assert.equal(checkKey(changed)?.code, 'PROFILE_INCONSISTENT');
      assertRejected(
        verify(changed, TOY_STATEMENT, new Uint8Array(0), {
          acceptedProfileDigests: [profileDigest(NO_GRIND)],
        }),
        'KEY_MALFORMED',
        { code: 'PROFILE_INCONSISTENT' },
      );
      await assert.rejects(
        generateKey(createReferenceBackend(), toySystem, profile, toyPreprocessed(0)),
        (error) => error instanceof KeyError && error.code === 'PROFILE_INCONSISTENT',
      );
    }
  });
});

describe('key generation', () => {
  it('holds nothing when the backend fails', async () => {
    const system = { ...toySystem, tables: [nibble, { ...nibble, name: 'second' }] };
    const [trace] = toyPreprocessed(0).filter((each) => each !== undefined);
    const traces = [trace, trace];
    const backend = createReferenceBackend();
    let loads = 0;
    const failing: readonly Backend[] = [
      { ...backend, commit: () => Promise.reject(new Error('device lost')) },
      {
        ...backend,
        loadColumns: (logHeight, columns) =>
          ++loads === 2 ? Promise.reject(new Error('device lost')) : backend.loadColumns(logHeight, columns),
      },
    ];
    for (const each of failing) {
      await assert.rejects(generateKey(each, system, TEST_ONLY_LEAF, traces), /device lost/);
      assert.equal(backend.liveHandles(), 0);
    }
    assert.equal(loads, 2);
    // Columns that do not fit are refused before anything is loaded.
    const short = trace && { ...trace, columns: trace.columns.map((column) => column.subarray(1)) };
    await assert.rejects(
      generateKey(backend, system, TEST_ONLY_LEAF, [trace, short]),
      (error) => error instanceof KeyError && error.code === 'PREPROCESSED_COLUMNS',
    );
    assert.equal(backend.liveHandles(), 0);
    await generateKey(backend, system, TEST_ONLY_LEAF, traces);
    assert.equal(backend.liveHandles(), 3);
  });
});

describe('the machine', () => {
  it('may have all its tables at their least and at their greatest heights under every production profile', () => {
    for (const profile of [LEAF, INNER, FINAL]) {
      // Traces are padded to the least height of their table, which no profile may find too short.
      for (const { name, minimumLogHeight } of COLONNADE_MACHINE.tables)
        assert.ok(minimumLogHeight >= profile.logFinalLength, `${name}, ${profile.name}`);
      const ranges = COLONNADE_MACHINE.tables.map((_, slot) => heightRange(COLONNADE_MACHINE, profile, slot));
      for (const place of ['least', 'greatest'] as const) {
        const logHeights = ranges.map((range) => range[place]);
        const key: VerifyingKey = {
          system: COLONNADE_MACHINE,
          profile,
          preprocessedLogHeights: preprocessedSlots(COLONNADE_MACHINE).map((slot) => logHeights[slot]!),
          preprocessedCap: new Uint32Array(8 << profile.logCap),
        };
        assert.equal(checkKey(key), undefined, profile.name);
        assert.equal(checkHeights(key, logHeights), undefined, `${profile.name}, ${place}`);
      }
    }
  });
});
