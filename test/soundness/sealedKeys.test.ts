/**
 * Group K: systems, profiles and calls of other makers. A part that is not what it should be is a fault, and what changes after it
 * was read has no effect.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import {
  type AggregateEntry,
  aggregateStatement,
  flattenLeaves,
} from '../../programs/aggregate/aggregateStatement.ts';
import { prepareAggregate } from '../../programs/aggregate/prepare.ts';
import { verifyAggregate } from '../../programs/aggregate/verifyAggregate.ts';
import type { AirSystem, TableAir } from '../../stark/air/air.ts';
import { machineDigest } from '../../stark/air/machineDigest.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { checkKey, keyDigest, systemFault, type VerifyingKey } from '../../stark/keys.ts';
import {
  FINAL,
  INNER,
  LEAF,
  type Profile,
  profileDigest,
  TEST_ONLY_INNER,
  TEST_ONLY_LEAF,
} from '../../stark/profile.ts';
import type { Verdict } from '../../stark/verifier/rejection.ts';
import { verify } from '../../stark/verifier.ts';
import {
  assertAccepted,
  assertRejected,
  createSetting,
  HEIGHTS,
  NO_GRIND,
  nativeVerdictIn,
  proveIn,
  type Setting,
  settingOf,
  withCell,
} from '../support/cheating.ts';
import { SLOT, TOY_STATEMENT, toyInstance, toySystem } from '../support/toySystems.ts';

const POLICY = { acceptedProfileDigests: [profileDigest(NO_GRIND)] };

/** A plain object or list of which any part may be replaced. */
type Tree = Record<string, unknown>;
type Path = readonly string[];

/** Every node kind, two matrices, a bus and an interaction, in few words. */
const EVERY_PART: AirSystem = {
  name: 'parts',
  version: 1,
  buses: [{ name: 'bus', width: 1 }],
  tables: [
    {
      name: 'table',
      preprocessedColumns: ['fixed'],
      mainColumns: ['x', 'y'],
      preprocessedNextColumns: 1,
      mainNextColumns: 1,
      graph: {
        matrices: [{ rows: 1, columns: 2, values: [1, 2] }],
        nodes: [
          { kind: 'main', column: 0, row: 'current' },
          { kind: 'main', column: 0, row: 'next' },
          { kind: 'preprocessed', column: 0, row: 'current' },
          { kind: 'selector', selector: 'first' },
          { kind: 'constant', value: 7 },
          { kind: 'public', index: 1 },
          { kind: 'linear', matrix: 0, inputs: [0, 1] },
          { kind: 'element', vector: 6, index: 0 },
          { kind: 'add', left: 2, right: 5 },
          { kind: 'subtract', left: 7, right: 8 },
          { kind: 'multiply', left: 3, right: 9 },
        ],
      },
      constraints: [{ label: 'c', expression: 10 }],
      interactions: [{ label: 'i', bus: 0, multiplicity: 4, values: [0], weight: 1 }],
      minimumLogHeight: 2,
      maximumLogHeight: 9,
      isRequired: true,
      expansion: 'none',
    },
  ],
};

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([name, part]) => pathsOf(part, [...path, name]))];
}

function partAt(whole: unknown, path: Path): unknown {
  return path.reduce((part, name) => (part as Tree)[name], whole);
}

/** A deep copy with the part at the path replaced, or taken out when `change` deletes it. */
function changedAt<Whole>(whole: Whole, path: Path, change: (owner: Tree, name: string) => void): Whole {
  const copy = structuredClone({ whole });
  const full = ['whole', ...path];
  change(partAt(copy, full.slice(0, -1)) as Tree, full.at(-1)!);
  return copy.whole;
}

const STRANGE: readonly unknown[] = [
  undefined,
  null,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -0,
  -1,
  0.5,
  MODULUS,
  MODULUS + 1,
  2 ** 32,
  2 ** 53,
  '0',
  '1',
  'toString',
  '__proto__',
  '\ud800',
  1n,
  true,
  Symbol('x'),
  () => 0,
  {},
  { length: 1 },
  [],
  [[]],
  new Array(3),
  new Array(2 ** 30),
  new Uint8Array(2),
  new Float64Array(2),
  new Uint32Array(2),
  new DataView(new ArrayBuffer(4)),
  new Date(),
];

function keyWith(system: AirSystem, profile: Profile): VerifyingKey {
  return { system, profile, preprocessedLogHeights: [4], preprocessedCap: new Uint32Array(8) };
}

function keyOf(system: AirSystem): VerifyingKey {
  return keyWith(system, NO_GRIND);
}

function nameOf(value: unknown): string {
  return inspect(value, { depth: 1, maxArrayLength: 2 });
}

function assertKeyMalformed(verdict: Verdict, name: string): void {
  assert.ok(!verdict.ok && verdict.reason === 'KEY_MALFORMED', `${name}: ${JSON.stringify(verdict)}`);
}

describe('K: parts of a key that are not what they should be', () => {
  it('K3: a system with any part replaced is refused, or has another digest', () => {
    assert.equal(checkKey(keyOf(EVERY_PART)), undefined);
    const own = machineDigest(EVERY_PART).join();
    let refused = 0;
    for (const path of pathsOf(EVERY_PART))
      for (const strange of STRANGE) {
        if (strange === partAt(EVERY_PART, path)) continue;
        const system = changedAt(EVERY_PART, path, (owner, name) => {
          owner[name] = strange;
        });
        const name = `${path.join('.')} = ${nameOf(strange)}`;
        const key = { ...keyOf(EVERY_PART), system };
        const fault = checkKey(key);
        if (fault === undefined) {
          assert.notEqual(machineDigest(system).join(), own, name);
          continue;
        }
        refused++;
        assertKeyMalformed(verify(key, TOY_STATEMENT, new Uint8Array(4), POLICY), name);
      }
    assert.ok(refused > 2000, `${refused}`);
  });

  it('K3: a hole in any list is refused', () => {
    let holes = 0;
    for (const path of pathsOf(EVERY_PART).filter((each) => Array.isArray(partAt(EVERY_PART, each)))) {
      const list = partAt(EVERY_PART, path) as unknown[];
      for (let index = 0; index <= list.length; index++) {
        const system = changedAt(EVERY_PART, path, (owner, name) => {
          const sparse = owner[name] as unknown[];
          if (index < sparse.length) delete sparse[index];
          else sparse.length++;
        });
        holes++;
        for (const each of [system, structuredClone(system)])
          assert.ok(systemFault(each, NO_GRIND) !== undefined, `${path.join('.')} without ${index}`);
      }
    }
    assert.ok(holes > 20, `${holes}`);
  });

  it('K3: -0 is no number of a system, and a list has a whole length', () => {
    for (const path of pathsOf(EVERY_PART).filter((each) => typeof partAt(EVERY_PART, each) === 'number')) {
      const system = changedAt(EVERY_PART, path, (owner, name) => {
        owner[name] = -0;
      });
      assert.ok(systemFault(system, NO_GRIND) !== undefined, path.join('.'));
    }
    for (const length of [0.5, 1.5, -1, Number.NaN, '1', 2 ** 30]) {
      const tables = new Proxy([...EVERY_PART.tables], {
        get: (target, name) => (name === 'length' ? length : Reflect.get(target, name)),
      });
      const fault = checkKey(keyOf({ ...EVERY_PART, tables }));
      assert.equal(fault?.code, 'SYSTEM_MALFORMED', String(length));
    }
  });

  it('K3: a table whose names are holes is not the table whose words it has', () => {
    const table: TableAir = { ...EVERY_PART.tables[0]!, mainColumns: new Array<string>(2) };
    const fault = checkKey(keyOf({ ...EVERY_PART, tables: [table] }));
    assert.equal(fault?.code, 'SYSTEM_MALFORMED');
    assert.equal(fault?.details['at'], 'system.tables.0.mainColumns.0');
  });

  it('K3: a sealed part is no other part', () => {
    const [table] = toySystem.tables;
    for (const system of [table, NO_GRIND, LEAF, [4], null, undefined, 'toy', 7] as unknown as AirSystem[])
      assert.ok(checkKey({ ...keyOf(toySystem), system }) !== undefined);
    for (const profile of [table, toySystem, [4], null, undefined] as unknown as Profile[])
      assert.equal(checkKey(keyWith(toySystem, profile))?.code, 'PROFILE_INCONSISTENT');
    const systems = [{ ...toySystem, tables: [toySystem] }] as unknown as AirSystem[];
    for (const system of systems) assert.equal(checkKey(keyOf(system))?.code, 'SYSTEM_MALFORMED');
  });

  it('K3: a profile with any part replaced is refused, or has another digest', () => {
    const own = profileDigest(NO_GRIND).join();
    for (const path of pathsOf(NO_GRIND))
      for (const strange of STRANGE) {
        if (strange === partAt(NO_GRIND, path)) continue;
        const profile = changedAt(NO_GRIND, path, (owner, name) => {
          owner[name] = strange;
        });
        const name = `${path.join('.')} = ${nameOf(strange)}`;
        const fault = checkKey(keyWith(toySystem, profile));
        if (fault === undefined) assert.notEqual(profileDigest(profile).join(), own, name);
        const verdict = verify(keyWith(toySystem, profile), TOY_STATEMENT, new Uint8Array(4), POLICY);
        assert.ok(
          !verdict.ok &&
            ['KEY_MALFORMED', 'TEST_ONLY_PROFILE', 'PROFILE_NOT_ACCEPTED'].includes(verdict.reason),
          name,
        );
      }
  });

  it('K3: heights, caps and keys of another kind are refused', () => {
    for (const strange of STRANGE) {
      const name = nameOf(strange);
      const heights = { ...keyOf(toySystem), preprocessedLogHeights: strange as number[] };
      assert.ok(checkKey(heights) !== undefined, name);
      assert.ok(
        checkKey({ ...keyOf(toySystem), preprocessedCap: strange as Uint32Array }) !== undefined,
        name,
      );
      assert.ok(checkKey(strange as VerifyingKey) !== undefined, name);
      assertKeyMalformed(verify(strange as VerifyingKey, TOY_STATEMENT, new Uint8Array(4), POLICY), name);
    }
    const plain = Array.from(new Uint32Array(8)) as unknown as Uint32Array;
    assert.equal(checkKey({ ...keyOf(toySystem), preprocessedCap: plain })?.code, 'PREPROCESSED_CAP');
  });

  it('K3: an object that throws when it is read is refused', () => {
    const throwing = (name: string): object =>
      Object.defineProperty({}, name, {
        enumerable: true,
        get: () => {
          throw new TypeError('no');
        },
      });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const strange of [throwing('name'), throwing('tables'), proxy]) {
      const system = strange as AirSystem;
      const profile = strange as Profile;
      assert.ok(checkKey({ ...keyOf(toySystem), system }) !== undefined);
      assert.ok(checkKey(keyWith(toySystem, profile)) !== undefined);
      assert.ok(checkKey(throwing('system') as VerifyingKey) !== undefined);
      const tables = [strange as TableAir];
      assert.ok(checkKey({ ...keyOf(toySystem), system: { ...toySystem, tables } }) !== undefined);
    }
  });
});

describe('K: what changes between two readings', () => {
  let setting: Setting;
  let proof: Uint8Array;
  before(async () => {
    setting = await createSetting(NO_GRIND);
    proof = await proveIn(setting);
    assertAccepted(nativeVerdictIn(setting, proof));
  });

  function assertFrozen(value: unknown, path: string): void {
    if (typeof value !== 'object' || value === null) return;
    assert.ok(Object.isFrozen(value), path);
    assert.ok(!ArrayBuffer.isView(value), `${path} is a typed array, which cannot be frozen`);
    for (const [name, part] of Object.entries(value)) assertFrozen(part, `${path}.${name}`);
  }

  it('K4: systems and profiles are frozen in every part', () => {
    for (const system of [COLONNADE_MACHINE, toySystem, setting.key.system])
      assertFrozen(system, system.name);
    for (const profile of [LEAF, INNER, FINAL, TEST_ONLY_LEAF, TEST_ONLY_INNER, setting.key.profile])
      assertFrozen(profile, profile.name);
  });

  it('K4: a system that changes after a verification is another system', async () => {
    const instance = structuredClone(toyInstance({ walk: 5, square: 3, pulse: 4 }));
    const clone = await settingOf(instance, NO_GRIND);
    const loose: VerifyingKey = { ...clone.key, system: instance.system };
    const digest = keyDigest(loose).join();
    assertAccepted(verify(loose, instance.statement, await proveIn(clone), POLICY));
    for (const table of instance.system.tables) (table.constraints as unknown[]).length = 0;
    assert.notEqual(keyDigest(loose).join(), digest);
    // The key that was made of it has a copy of its own.
    assert.equal(keyDigest(clone.key).join(), digest);
    const traces = withCell(instance.traces, SLOT.pulse, 0, 3, 12345);
    assertRejected(nativeVerdictIn(clone, await proveIn(clone, { traces })), 'QUOTIENT_MISMATCH');
  });

  it('K4: a profile that changes after a verification is another profile', () => {
    const profile = structuredClone(NO_GRIND) as { -readonly [Field in keyof Profile]: Profile[Field] };
    const key = { ...setting.key, profile };
    assertAccepted(verify(key, TOY_STATEMENT, proof, POLICY));
    profile.queries = 1;
    assertRejected(verify(key, TOY_STATEMENT, proof, POLICY), 'TEST_ONLY_PROFILE');
  });

  it('K4: a key that answers every question otherwise is verified as it was read first', () => {
    const others = { ...toySystem, tables: toySystem.tables.map((table) => ({ ...table, constraints: [] })) };
    let readings = 0;
    const key = {
      ...setting.key,
      get system(): AirSystem {
        return readings++ === 0 ? toySystem : others;
      },
    };
    const verdict = verify(key, TOY_STATEMENT, proof, POLICY);
    assertAccepted(verdict);
    assert.equal(readings, 1);
    const tables = new Proxy(toySystem.tables, {
      get: (target, name) => (name === '0' ? others.tables[0] : Reflect.get(target, name)),
    });
    const changed = verify(
      { ...setting.key, system: { ...toySystem, tables } },
      TOY_STATEMENT,
      proof,
      POLICY,
    );
    assert.ok(!changed.ok);
  });

  it('K5: statement and proof are arrays of the right kind, or refused', () => {
    for (const strange of [...STRANGE, Array.from(TOY_STATEMENT), new Int32Array(8), new BigUint64Array(8)]) {
      assertRejected(verify(setting.key, strange as Uint32Array, proof, POLICY), 'STATEMENT_MALFORMED');
      const bytes = strange as Uint8Array;
      if (!(strange instanceof Uint8Array))
        assertRejected(verify(setting.key, TOY_STATEMENT, bytes, POLICY), 'PROOF_NOT_BYTES');
    }
    // Of the prototype alone, or with a length of its own.
    const pretender = Object.create(Uint32Array.prototype) as Uint32Array;
    assertRejected(verify(setting.key, pretender, proof, POLICY), 'STATEMENT_MALFORMED');
    class Longer extends Uint32Array {
      override get length(): number {
        return 8;
      }
    }
    assertRejected(verify(setting.key, new Longer(7), proof, POLICY), 'STATEMENT_MALFORMED', { got: 7 });
    const detached = TOY_STATEMENT.slice();
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    assertRejected(verify(setting.key, detached, proof, POLICY), 'STATEMENT_MALFORMED', { got: 0 });
    const gone = proof.slice();
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    assertRejected(verify(setting.key, TOY_STATEMENT, gone, POLICY), 'TRUNCATED');
  });

  it('K5: views, pooled buffers and shared memory are read once', () => {
    const buffer = new Uint8Array(proof.length + 9);
    buffer.set(proof, 5);
    assertAccepted(verify(setting.key, TOY_STATEMENT, buffer.subarray(5, 5 + proof.length), POLICY));
    assertAccepted(verify(setting.key, TOY_STATEMENT, Buffer.from(proof), POLICY));
    const shared = new Uint8Array(new SharedArrayBuffer(proof.length));
    shared.set(proof);
    const statement = new Uint32Array(new SharedArrayBuffer(32));
    statement.set(TOY_STATEMENT);
    assertAccepted(verify(setting.key, statement, shared, POLICY));
  });
});

describe('K: what changes in a tree of aggregates', () => {
  const digestOf = (word: number): Uint32Array => new Uint32Array(8).fill(word);
  const aggregateKey = digestOf(9);
  const leafKey = digestOf(1);
  const leafOf = (word: number): AggregateEntry => ({
    kind: 'leaf',
    keyDigest: leafKey,
    statement: digestOf(word),
  });
  let setting: Setting;
  let proof: Uint8Array;
  before(async () => {
    // A toy that states C(K, L) of one leaf stands for the aggregate program.
    const statement = aggregateStatement(aggregateKey, [leafOf(2)]);
    setting = await settingOf(toyInstance(HEIGHTS, 1, 0, statement), NO_GRIND);
    proof = await proveIn(setting);
  });

  function leavesOf(entries: readonly AggregateEntry[]): readonly (readonly number[])[] {
    const leaves = verifyAggregate(setting.key, entries, proof, {
      aggregateKeyDigest: aggregateKey,
      proofKeyDigests: [keyDigest(setting.key)],
      leafKeyDigests: [leafKey],
      verifier: POLICY,
    });
    return leaves.map(({ statement }) => [...statement]);
  }

  it('K6: a leaf that is put into a verified list is verified anew', () => {
    const entries = [leafOf(2)];
    assert.deepEqual(leavesOf(entries), [[...digestOf(2)]]);
    entries[0] = leafOf(666);
    assert.throws(() => leavesOf(entries), { code: 'CHILD_REJECTED' });
    entries[0] = leafOf(2);
    assert.deepEqual(leavesOf(entries), [[...digestOf(2)]]);
    entries.push(leafOf(777));
    assert.throws(() => leavesOf(entries), { code: 'CHILD_REJECTED' });
    assert.throws(() => leavesOf([leafOf(2), { kind: 'inner', entries: [] }]), { code: 'NO_ENTRIES' });
  });

  it('K6: words that change in a verified leaf are verified anew', () => {
    const entry = { kind: 'leaf', keyDigest: leafKey, statement: digestOf(2) } as const;
    assert.deepEqual(leavesOf([entry]), [[...digestOf(2)]]);
    const before = aggregateStatement(aggregateKey, [entry]);
    entry.statement[3] = 666;
    assert.throws(() => leavesOf([entry]), { code: 'CHILD_REJECTED' });
    assert.notDeepEqual(aggregateStatement(aggregateKey, [entry]), before);
  });

  it('K6: an entry that answers every question otherwise is believed as it was read first', () => {
    let readings = 0;
    const answers = <Value>(first: Value, then: Value): Value => (readings++ === 0 ? first : then);
    const sly: readonly [string, AggregateEntry][] = [
      [
        'statement',
        {
          ...leafOf(2),
          get statement() {
            return answers(digestOf(2), digestOf(666));
          },
        } as AggregateEntry,
      ],
      [
        'kind',
        {
          ...leafOf(2),
          entries: [leafOf(666)],
          get kind() {
            return answers('leaf', 'inner');
          },
        } as unknown as AggregateEntry,
      ],
    ];
    for (const [name, entry] of sly) {
      readings = 0;
      assert.deepEqual(leavesOf([entry]), [[...digestOf(2)]], name);
      assert.equal(readings, 1, name);
    }
    readings = 0;
    const below = {
      kind: 'inner',
      get entries() {
        return answers([leafOf(3)], [leafOf(666)]);
      },
    } as const;
    assert.deepEqual(
      flattenLeaves([below]).map(({ statement }) => statement[0]),
      [3],
    );
    assert.equal(readings, 1);
  });

  it('K6: what is no tree is refused', () => {
    const throwing = {
      get kind(): never {
        throw new TypeError('no');
      },
    };
    const lengthless = new Proxy([leafOf(2)], {
      get: (target, name) => (name === 'length' ? 0.5 : Reflect.get(target, name)),
    });
    for (const strange of STRANGE) {
      const name = nameOf(strange);
      assert.throws(() => leavesOf(strange as AggregateEntry[]), { name: 'AggregationError' }, name);
      assert.throws(() => leavesOf([strange as AggregateEntry]), { name: 'AggregationError' }, name);
      for (const part of ['kind', 'keyDigest', 'statement'])
        assert.throws(
          () => leavesOf([{ ...leafOf(2), [part]: strange } as AggregateEntry]),
          { name: 'AggregationError' },
          `${part} ${name}`,
        );
    }
    assert.throws(() => leavesOf([throwing as unknown as AggregateEntry]), { code: 'ENTRY_MALFORMED' });
    assert.throws(() => leavesOf(lengthless), { code: 'TOO_MANY_ENTRIES' });
    const circle: AggregateEntry[] = [];
    circle.push({ kind: 'inner', entries: circle }, { kind: 'inner', entries: circle });
    assert.throws(() => leavesOf(circle), { code: 'TOO_DEEP' });
  });

  it('K6: a child that is to be aggregated is read once', () => {
    const verifiable = { system: toySystem, profiles: [NO_GRIND] };
    const { statement } = setting.instance;
    let readings = 0;
    const sly = {
      get key(): VerifyingKey {
        return readings++ === 0 ? setting.key : keyOf(EVERY_PART);
      },
      statement,
      proofBytes: proof,
      inner: undefined,
    };
    const prepared = prepareAggregate(aggregateKey, [sly], POLICY, verifiable);
    assert.equal(readings, 1);
    const own = { kind: 'leaf', keyDigest: keyDigest(setting.key), statement } as const;
    assert.deepEqual(prepared.entries, [own]);
    // An aggregate under its own key: the tree is the one whose statement was compared.
    const entries = [leafOf(2)];
    const child = { ...sly, key: setting.key, inner: { kind: 'inner', entries } } as const;
    const known = keyDigest(setting.key);
    assert.throws(() => prepareAggregate(known, [child], POLICY, verifiable), { code: 'STATEMENT_MISMATCH' });
  });
});
