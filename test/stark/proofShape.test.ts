/** What of a proof's shape depends on the system alone: block numbers and the sums that the transcript binds. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import type { AirSystem } from '../../stark/air/air.ts';
import { openedFunctions } from '../../stark/keys.ts';
import { LEAF, TEST_ONLY_INNER } from '../../stark/profile.ts';
import {
  blockCountOf,
  blocksOf,
  type LogHeights,
  type ProofShape,
  proofShape,
  systemMatrices,
} from '../../stark/proof/shape.ts';
import { createRandom } from '../support/random.ts';
import { toySystem } from '../support/toySystems.ts';

for (const [system, profile] of [
  [toySystem, TEST_ONLY_INNER],
  [COLONNADE_MACHINE, LEAF],
] as const) {
  const f = profile.logFinalLength;
  const everyTable: LogHeights = system.tables.map(() => f);
  const random = createRandom(17);
  const mixes = Array.from({ length: 20 }, () =>
    system.tables.map(({ isRequired }) =>
      isRequired || random.below(2) === 0 ? f + random.below(6) : undefined,
    ),
  );
  const numbers = (shape: ProofShape): Map<string, number> =>
    new Map(
      shape.trees.flatMap(({ matrices }) =>
        matrices.map(({ phase, slot, firstBlock }) => [`${phase} ${slot}`, firstBlock] as const),
      ),
    );

  it(`${system.name}: blocks are numbered without gaps through the matrices of all slots`, () => {
    let expected = 0;
    for (const { phase, slot, columns, nextColumns, firstBlock } of systemMatrices(system)) {
      assert.equal(firstBlock, expected, `${phase} ${slot}`);
      expected += blocksOf(columns) + blocksOf(nextColumns);
    }
    assert.equal(blockCountOf(system), expected);
    assert.equal(openedFunctions(system), 8 * expected);
  });

  it(`${system.name}: a block's number and the number of challenges depend on the system alone`, () => {
    const full = proofShape(system, profile, everyTable);
    const numbersOfAll = numbers(full);
    for (const logHeights of mixes) {
      const shape = proofShape(system, profile, logHeights);
      assert.equal(shape.blockCount, full.blockCount);
      assert.equal(shape.batchChallenges, full.batchChallenges);
      assert.deepEqual(shape.interactingSlots, full.interactingSlots);
      assert.deepEqual(
        shape.summedSlots,
        full.interactingSlots.filter((slot) => logHeights[slot] !== undefined),
      );
      for (const [name, firstBlock] of numbers(shape))
        assert.equal(firstBlock, numbersOfAll.get(name), `${name} in ${logHeights.join()}`);
    }
    assert.ok(2 ** full.batchChallenges >= 8 * full.blockCount);
    assert.ok(2 ** (full.batchChallenges - 1) < 8 * full.blockCount);
  });
}

it('a system without tables opens nothing', () => {
  const none: AirSystem = { ...toySystem, tables: [] };
  assert.deepEqual(systemMatrices(none), []);
  assert.equal(openedFunctions(none), 0);
});
