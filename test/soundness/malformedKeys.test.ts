/** Group K: keys that the verifier should refuse before it reads a proof, because their system is not what its digest says. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AirSystem, TableAir } from '../../stark/air/air.ts';
import { machineDigest, tableWords } from '../../stark/air/machineDigest.ts';
import { checkKey, generateKey, keyDigest, type VerifyingKey } from '../../stark/keys.ts';
import { profileDigest } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import { verify } from '../../stark/verifier.ts';
import { createSetting, NO_GRIND, proveIn } from '../support/cheating.ts';
import { SLOT } from '../support/toySystems.ts';

const POLICY = { acceptedProfileDigests: [profileDigest(NO_GRIND)] };
const STATEMENT = new Uint32Array(8);

/** One column that must be 0 on every row; a matrix is used on the way. */
const ZERO_COLUMN: TableAir = {
  name: 'zero',
  preprocessedColumns: [],
  mainColumns: ['x'],
  preprocessedNextColumns: 0,
  mainNextColumns: 0,
  graph: {
    matrices: [{ rows: 1, columns: 1, values: Uint32Array.of(1) }],
    nodes: [
      { kind: 'main', column: 0, row: 'current' },
      { kind: 'linear', matrix: 0, inputs: [0] },
      { kind: 'element', vector: 1, index: 0 },
    ],
  },
  constraints: [
    { label: 'x is 0', expression: 2 },
    { label: '', expression: 0 },
  ],
  interactions: [],
  minimumLogHeight: 3,
  maximumLogHeight: 3,
  isRequired: true,
  expansion: 'none',
};

/** The same words read otherwise: nodes and constraints are values of a matrix that nothing names. */
function withoutConstraints(table: TableAir): TableAir {
  const words = tableWords(table);
  // The words of nodes, constraints and interactions follow those of the one matrix; the last three are 0.
  const empty = { ...table, graph: { ...table.graph, nodes: [] }, constraints: [], interactions: [] };
  const start = tableWords(empty).length - 3;
  const values = Uint32Array.from([...table.graph.matrices[0]!.values, ...words.slice(start, -3)]);
  return { ...empty, graph: { matrices: [{ rows: 1, columns: 1, values }], nodes: [] } };
}

function systemOf(table: TableAir): AirSystem {
  return { name: 'toy', version: 1, buses: [], tables: [table] };
}

describe('K: keys', () => {
  it('K1: no two systems that pass checkKey have one digest', async () => {
    const honest = systemOf(ZERO_COLUMN);
    const cheating = systemOf(withoutConstraints(ZERO_COLUMN));
    const backend = createReferenceBackend();
    const honestKey: VerifyingKey = {
      system: honest,
      profile: NO_GRIND,
      preprocessedLogHeights: [],
      preprocessedCap: new Uint32Array(0),
    };
    assert.equal(checkKey(honestKey), undefined);
    const isOneDigest = machineDigest(cheating).every((word, i) => word === machineDigest(honest)[i]);
    const cheatingKey = { ...honestKey, system: cheating };
    let accepted = false;
    if (isOneDigest && checkKey(cheatingKey) === undefined) {
      const provingKey = await generateKey(backend, cheating, NO_GRIND, [undefined]);
      const x = Uint32Array.from({ length: 8 }, (_, row) => row + 1);
      const proof = await prove(backend, provingKey, STATEMENT, [{ logHeight: 3, columns: [x] }]);
      assert.deepEqual(keyDigest(cheatingKey), keyDigest(honestKey));
      accepted = verify(cheatingKey, STATEMENT, proof, POLICY).ok;
    }
    assert.equal(
      accepted,
      false,
      'a proof of x = 1..8 passes under a key with the digest of the key for x = 0',
    );
  });

  it('K2: more next-row columns than columns are a malformed key, not an exception', async () => {
    const setting = await createSetting(NO_GRIND);
    const proof = await proveIn(setting);
    // Six columns in one block, so that no length of the proof changes.
    const tables = setting.key.system.tables.map((table, slot) =>
      slot === SLOT.walk ? { ...table, mainNextColumns: 9 } : table,
    );
    const key = { ...setting.key, system: { ...setting.key.system, tables } };
    const verdict = verify(key, setting.instance.statement, proof, POLICY);
    assert.equal(verdict.ok ? 'accepted' : verdict.reason, 'KEY_MALFORMED');
  });
});
