/**
 * The check of heights alone, against hosts that lie at random near the truth: what it lets pass is exactly what the native
 * verifier takes for heights, with the different ones in descending order, and its records count the blocks of the native
 * leaf rows.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildProgram } from '../../machine/builder.ts';
import { MachineError } from '../../machine/errors.ts';
import type { Program } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { profileConstants, sharedConstants } from '../../programs/aggregate/constants.ts';
import { checkHeights, HEIGHT, HEIGHT_ROWS } from '../../programs/aggregate/heights.ts';
import { HINT } from '../../programs/aggregate/hintNames.ts';
import { profileLayout, systemLayout } from '../../programs/aggregate/layout.ts';
import type { AirSystem } from '../../stark/air/air.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { distinctDescending } from '../../stark/friSchedule.ts';
import { heightRange } from '../../stark/keys.ts';
import { leafBlocks } from '../../stark/leafRow.ts';
import { TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { systemMatrices } from '../../stark/proof/shape.ts';
import { createRandom } from '../support/random.ts';
import { toySystem } from '../support/toySystems.ts';

const SEED = 58;
const RUNS = 1500;
const FAR = [MODULUS - 1, MODULUS - 2, MODULUS - 31, 31, 32, 33, 64, 2 ** 24];

/**
 * The toy machine without required tables: that one is present is a check of its own. One table ends below the others, at no
 * power of two above its least height.
 */
const optionalSystem: AirSystem = {
  ...toySystem,
  name: 'optional toy',
  tables: toySystem.tables
    .filter(({ preprocessedColumns }) => preprocessedColumns.length === 0)
    .map((table, slot) => ({
      ...table,
      interactions: [],
      isRequired: false,
      maximumLogHeight: slot === 1 ? 8 : table.maximumLogHeight,
    })),
};

/** Checks hinted heights and hands the records' leaf blocks to the host. */
function heightsProgram(system: AirSystem, profile: typeof TEST_ONLY_LEAF): Program {
  return buildProgram('heights', (program) => {
    const layout = systemLayout(system);
    const bounds = profileLayout(layout, profile);
    const constants = profileConstants(program, sharedConstants(program), bounds);
    const heights = checkHeights(program, layout, bounds, constants);
    program.repeat(heights.count, { record: heights.first }, ({ record }) => {
      const words = layout.phases.map(({ number }) => program.load(record, HEIGHT.leafBlocks + number));
      const inputs = [program.load(record, HEIGHT.logHeight), program.load(record, HEIGHT.blocks), ...words];
      program.assertEqual(program.hintValue('record', inputs), 0);
      return { record: program.rowAfter(record, HEIGHT_ROWS) };
    });
  });
}

describe('heights of a child, by a host that lies', () => {
  for (const [name, system, profile] of [
    ['with required tables', toySystem, TEST_ONLY_LEAF],
    ['with optional tables only', optionalSystem, TEST_ONLY_INNER],
  ] as const)
    it(`pass as natively, ${name}`, () => {
      const random = createRandom(SEED);
      const program = heightsProgram(system, profile);
      const slots = system.tables.length;
      const ranges = system.tables.map((_, slot) => heightRange(system, profile, slot));

      function isValid(words: readonly number[], levels: readonly number[]): boolean {
        const isInRange = words.every((word, slot) => {
          if (word === 0) return !system.tables[slot]!.isRequired;
          return word - 1 >= ranges[slot]!.least && word - 1 <= ranges[slot]!.greatest;
        });
        const present = words.filter((word) => word > 0).map((word) => word - 1);
        return isInRange && present.length > 0 && String(distinctDescending(present)) === String(levels);
      }

      /** Whether the program ends; what its records say must then be what the native leaf rows have. */
      function passes(words: readonly number[], levels: readonly number[]): boolean {
        let asked = 0;
        const record = ([logHeight, blocks, ...perPhase]: readonly number[]): number[] => {
          const layout = systemLayout(system);
          const expected = layout.phases.map(({ phase }) => {
            const here = systemMatrices(system).filter(
              (matrix) => matrix.phase === phase && words[matrix.slot] === logHeight! + 1,
            );
            return leafBlocks(here).length;
          });
          assert.deepEqual(perPhase, expected);
          assert.equal(
            blocks,
            expected.reduce((sum, each) => sum + each, 0),
          );
          return [0];
        };
        try {
          run(program, {
            [HINT.heights]: () => words,
            [HINT.heightCount]: () => [levels.length],
            [HINT.nextHeight]: () => [levels[asked++]!],
            [HINT.anySiblings]: ([bits]) => new Uint32Array(8 * bits!),
            record,
          });
          return true;
        } catch (error) {
          if (error instanceof MachineError) return false;
          throw error;
        }
      }

      function near(value: number): number {
        const kind = random.below(5);
        if (kind === 0) return FAR[random.below(FAR.length)]!;
        if (kind === 1) return random.below(14);
        return (value + [1, MODULUS - 1][random.below(2)]!) % MODULUS;
      }

      let passed = 0;
      for (let turn = 0; turn < RUNS; turn++) {
        const words = ranges.map(({ least, greatest }, slot) =>
          !system.tables[slot]!.isRequired && random.below(2) === 0
            ? 0
            : random.below(3) === 0
              ? greatest + 1
              : least + 1 + random.below(Math.min(greatest - least + 1, 4)),
        );
        // A lie about a word that the levels bear out, then lies that nothing does.
        const slotOfLie = random.below(2 * slots);
        if (slotOfLie < slots) words[slotOfLie] = near(words[slotOfLie]!);
        const present = words.filter((word) => word > 0).map((word) => word - 1);
        const levels = distinctDescending(present);
        for (let lies = random.below(3); lies > 0; lies--) {
          const place = random.below(levels.length + 1);
          const slot = random.below(slots);
          switch (random.below(6)) {
            case 0:
              levels.splice(place, 1);
              break;
            case 1:
              levels.splice(place, 0, near(levels[place] ?? 0));
              break;
            case 2:
              if (place < levels.length) levels[place] = near(levels[place]!);
              break;
            case 3:
              words[slot] = near(words[slot]!);
              break;
            case 4:
              levels.splice(place, 0, levels[place] ?? MODULUS - 1);
              break;
            default:
              words[slot] = 0;
          }
        }
        const isTrue = isValid(words, levels);
        assert.equal(passes(words, levels), isTrue, `words ${words}, levels ${levels}`);
        if (isTrue) passed++;
      }
      assert.ok(passed > RUNS / 10 && passed < RUNS / 2, `${passed}`);
    });
});
