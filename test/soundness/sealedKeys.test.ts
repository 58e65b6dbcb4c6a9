/**
 * Group K: systems, profiles and calls of other makers. A part that is not what it should be is a fault, and what changes after it
 * was read has no effect.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
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
