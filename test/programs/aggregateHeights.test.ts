/**
 * Children of any mix of heights: tables absent, equally tall, all different, as short and as tall as they may be; and hosts
 * that lie about heights, each caught where the heights are checked.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import type { HintFunctions } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { buildTestOnlyAggregateProgram } from '../../programs/aggregate/aggregateProgram.ts';
import { HINT } from '../../programs/aggregate/hintNames.ts';
import { profileLayout, systemLayout } from '../../programs/aggregate/layout.ts';
import { aggregateHints, type ChildWitness, childWitness } from '../../programs/aggregate/witness.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { type Profile, TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { type LogHeights, matrixOf, proofShape } from '../../stark/proof/shape.ts';
import { assertAccepted, createSetting, NO_GRIND, proveIn, verdictIn } from '../support/cheating.ts';
import { guestProgramFor } from '../support/guestVerifier.ts';
import { createRandom } from '../support/random.ts';
import { SLOT, type ToyHeights, toySystem } from '../support/toySystems.ts';

const SEED = 12;
const MIXES = 60;
const KEY = Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8);

/** No query beyond the first, so that a tall table costs little. */
const TALL_PROFILE: Profile = { ...TEST_ONLY_LEAF, name: 'TEST_ONLY_TALL', queries: 1 };

/** At the least and the greatest heights, all equal, all different, with and without the tables that may be absent. */
const CORNERS: readonly ToyHeights[] = [
  { walk: 2, nibble: 4, square: undefined, pulse: undefined },
  { walk: 2, nibble: 4, square: 2, pulse: 2 },
  { walk: 4, nibble: 4, square: 4, pulse: 4 },
  { walk: 7, nibble: 7, square: undefined, pulse: 7 },
  { walk: 5, nibble: 7, square: 3, pulse: 9 },
  { walk: 9, nibble: 5, square: undefined, pulse: 2 },
];

function randomHeights(random: ReturnType<typeof createRandom>): ToyHeights {
  const optional = (): number | undefined => (random.below(3) === 0 ? undefined : 2 + random.below(7));
  return { walk: 2 + random.below(6), nibble: 4 + random.below(4), square: optional(), pulse: optional() };
}

describe('children of any mix of heights', () => {
  it('are verified by one program a profile', async () => {
    const random = createRandom(SEED);
    const mixes = Array.from({ length: MIXES }, () => randomHeights(random));
    for (const [number, heights] of [...CORNERS, ...mixes].entries()) {
      const profile = [NO_GRIND, TEST_ONLY_LEAF, TEST_ONLY_INNER][number % 3]!;
      const setting = await createSetting(profile, heights);
      // Asks the native verifier and the guest program.
      assertAccepted(verdictIn(setting, await proveIn(setting)));
    }
  });

  it('are verified at the greatest heights', async () => {
    const setting = await createSetting(TALL_PROFILE, { walk: 12, nibble: 7, square: undefined, pulse: 12 });
    assertAccepted(verdictIn(setting, await proveIn(setting)));
  });

  it('are refused when they could exceed the bounds of a profile', () => {
    const maxima = { ...NO_GRIND.maxima, logUpDenominatorWords: 1000 };
    for (const profile of [
      { ...NO_GRIND, maxima },
      { ...NO_GRIND, logCap: NO_GRIND.logFinalLength + NO_GRIND.logBlowup },
    ])
      assert.throws(() => buildTestOnlyAggregateProgram([profile], toySystem), RangeError);
    assert.throws(() => buildTestOnlyAggregateProgram([], toySystem), RangeError);
    const layout = systemLayout(toySystem);
    assert.equal(profileLayout(layout, NO_GRIND).greatest, 12);
  });
});

describe('R58: a host that lies about heights', () => {
  let witness: ChildWitness;
  const heights = { walk: 6, nibble: 4, square: undefined, pulse: 4 };
  const program = (): ReturnType<typeof guestProgramFor> => guestProgramFor(key);
  let key: Parameters<typeof guestProgramFor>[0];
  before(async () => {
    const setting = await createSetting(NO_GRIND, heights);
    key = setting.key;
    const child = {
      key,
      statement: setting.instance.statement,
      proofBytes: await proveIn(setting),
      inner: undefined,
    };
    const witnessed = childWitness(toySystem, [NO_GRIND], child);
    assert.ok(witnessed.ok);
    witness = witnessed.witness;
  });

  /** Runs with some hints replaced; the run must fail in one of the files. */
  function assertRefused(name: string, replaced: HintFunctions, files: RegExp): void {
    const hints = { ...aggregateHints(KEY, [witness]), ...replaced };
    assert.throws(
      () => run(program(), hints),
      (error) => {
        assert.ok(error instanceof MachineError, `${name}: ${String(error)}`);
        assert.match(error.location?.source ?? '', files, `${name}: ${String(error)}`);
        return true;
      },
      name,
    );
  }

  const heightWords = (words: readonly number[]) => ({ [HINT.heights]: () => words });
  /** The different heights that the host claims. */
  const levels = (...claimed: readonly number[]): HintFunctions => {
    let asked = 0;
    return { [HINT.heightCount]: () => [claimed.length], [HINT.nextHeight]: () => [claimed[asked++]!] };
  };
  const CHECKS = /^aggregate\/(heights|words)\.ts:/;

  it('is refused where heights are checked', () => {
    run(program(), aggregateHints(KEY, [witness]));
    run(program(), { ...aggregateHints(KEY, [witness]), ...heightWords([7, 5, 0, 5]), ...levels(6, 4) });
    const lies: readonly [string, HintFunctions][] = [
      ['a table is listed at no level', levels(6)],
      ['another is listed at no level', levels(4)],
      ['a level has no table', levels(6, 5, 4)],
      ['a level after the last has no table', levels(6, 4, 3)],
      ['a level before the first has no table', levels(7, 6, 4)],
      ['a level twice', levels(6, 6, 4)],
      ['levels ascend', levels(4, 6)],
      ['absent tables are counted at the level -1', levels(6, MODULUS - 1)],
      ['a level below the final length', levels(6, 4, 0)],
      ['no level', levels()],
      ['a table at another height, listed at none', heightWords([7, 5, 0, 6])],
      ['an absent table at a height without level', heightWords([7, 5, 4, 5])],
      ['a required table absent', heightWords([0, 5, 0, 5])],
      ['a required table below its least height', { ...heightWords([7, 4, 0, 5]), ...levels(6, 4, 3) }],
      ['above its greatest height', { ...heightWords([7, 9, 0, 5]), ...levels(8, 6, 4) }],
      ['far above', { ...heightWords([7, 5, 0, 14]), ...levels(13, 6, 4) }],
      ['an optional table below its least height', { ...heightWords([7, 5, 0, 2]), ...levels(6, 4, 1) }],
      ['a height that is -1', { ...heightWords([7, 5, MODULUS - 1, 5]), ...levels(6, 4) }],
    ];
    for (const [name, replaced] of lies) assertRefused(name, replaced, CHECKS);
  });

  it('cannot have a leaf folded by another number of elements', () => {
    // Selector 4 is the first place of a fold by 4; in a layer that folds by 8 it would be place -4.
    const honest = aggregateHints(KEY, [witness]);
    const hints: HintFunctions = {
      ...honest,
      [HINT.place]: ([index, elements]) =>
        elements === 8 ? [(4 - 8 + MODULUS) % MODULUS] : [index! % elements!],
    };
    assert.throws(() => run(program(), hints), { code: 'RELATION_FAILED' });
    const far: HintFunctions = {
      ...aggregateHints(KEY, [witness]),
      [HINT.place]: ([, elements]) => [MODULUS - elements!],
    };
    assert.throws(() => run(program(), far), MachineError);
  });

  it('is refused by the proof when the lie is consistent in itself', () => {
    const { proof, shape } = witness;
    const lies: readonly [string, LogHeights][] = [
      ['an absent table as present', [6, 4, 4, 4]],
      ['an absent table as present at a height of its own', [6, 4, 3, 4]],
      ['a present table as absent', [6, 4, undefined, undefined]],
      ['another height', [6, 4, undefined, 5]],
      ["a preprocessed height that is not the key's", [6, 5, undefined, 4]],
    ];
    for (const [name, logHeights] of lies) {
      // Everything that the host has, in the shape that it claims.
      const claimed = proofShape(toySystem, NO_GRIND, logHeights);
      const openings = new Uint32Array(claimed.openingCount * DEGREE);
      for (const tree of claimed.trees)
        for (const { phase, slot, firstOpening, columns, nextColumns } of tree.matrices) {
          const known = matrixOf(shape, phase, slot);
          if (known === undefined) continue;
          const start = known.firstOpening * DEGREE;
          openings.set(
            proof.openings.subarray(start, start + (columns + nextColumns) * DEGREE),
            firstOpening * DEGREE,
          );
        }
      const lying: ChildWitness = {
        ...witness,
        shape: claimed,
        proof: {
          ...proof,
          logHeights,
          openings,
          foldCaps: claimed.folds.map((_, layer) => proof.foldCaps[layer] ?? proof.mainCap),
        },
      };
      assert.throws(
        () => run(program(), aggregateHints(KEY, [lying])),
        (error) => {
          assert.ok(error instanceof MachineError, `${name}: ${String(error)}`);
          assert.match(
            error.location?.source ?? '',
            /^aggregate\/elements\.ts:|^aggregate\/tables\.ts:/,
            `${name}: ${String(error)}`,
          );
          return true;
        },
        name,
      );
    }
    assert.equal(shape.logHeights[SLOT.square], undefined);
  });
});
