/** The calculator against an independent one, and the promise of every production profile. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import { DENOMINATOR_OVERHEAD_WORDS } from '../../stark/air/degree.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import {
  FINAL,
  type Grinding,
  INNER,
  LEAF,
  type Profile,
  profileDigest,
  profileWords,
  TEST_ONLY_INNER,
  TEST_ONLY_LEAF,
} from '../../stark/profile.ts';
import {
  COLLISION_BITS,
  maximaSoundness,
  profileSoundness,
  REQUIRED_BITS,
  soundnessParameters,
  systemMaxima,
} from '../../stark/soundness.ts';
import {
  type Batching,
  bestMultiplicity,
  grindBits,
  LEAST_MULTIPLICITY,
  leastBits,
  proximityGapCount,
  type RoundBits,
  roundBits,
  type SoundnessParameters,
} from '../../stark/soundnessFormulas.ts';
import { sampleSystem } from '../support/airSamples.ts';

/** The calculators must agree to a tenth of a bit. */
const TOLERANCE_BITS = 0.1;
const PRODUCTION = [LEAF, INNER, FINAL];

interface Expected {
  readonly multiplicity: number;
  readonly total: number;
  readonly rounds: Readonly<Record<string, number>>;
}

interface Preset extends Expected {
  readonly name: string;
  readonly parameters: {
    readonly extensionDegree: number;
    readonly logHeight: number;
    readonly logBlowup: number;
    readonly batchedFunctions: number;
    readonly batching: Batching;
    readonly constraints: number;
    readonly constraintDegree: number;
    readonly openingPoints: number;
    readonly queries: number;
    readonly foldArities: readonly number[];
    readonly logUpDenominators: number;
    readonly logUpWidth: number;
    readonly grinding: Grinding;
    readonly chargesLists: boolean;
  };
}

interface TableRow {
  readonly extensionDegree: number;
  readonly logHeight: number;
  readonly logBlowup: number;
  /** Total bits without algebraic grinding and with 20 bits of it at every site. */
  readonly bits: Readonly<Record<Batching, readonly [number, number]>>;
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/soundness-presets.json', import.meta.url), 'utf8'),
) as { readonly presets: readonly Preset[]; readonly table: readonly TableRow[] };

/** The published presets batch at one height and roll a shorter table in at every fold. */
function presetParameters(preset: Preset['parameters']): SoundnessParameters {
  const { foldArities, logUpDenominators, logUpWidth, ...shared } = preset;
  let dimension = 2 ** preset.logHeight;
  const folds = foldArities.map((factor) => {
    dimension /= factor;
    return { dimension, factor };
  });
  return {
    ...shared,
    folds,
    batchedDimensions: [2 ** preset.logHeight],
    logUpDenominatorWords: logUpDenominators * (logUpWidth + 2),
  };
}

function assertClose(got: number, expected: number, name: string): void {
  assert.ok(Math.abs(got - expected) < TOLERANCE_BITS, `${name}: expected ${expected}, got ${got}`);
}

function assertRounds(rounds: RoundBits, expected: Expected, name: string): void {
  const { folds, ...others } = rounds;
  for (const [round, bits] of Object.entries(others))
    assertClose(bits, expected.rounds[round]!, `${name}, ${round}`);
  for (const [index, bits] of folds.entries())
    assertClose(bits, expected.rounds[`fold${index + 1}`]!, `${name}, fold ${index + 1}`);
  assertClose(leastBits(rounds), expected.total, `${name}, total`);
}

test('the presets of the independent calculator, every round', () => {
  assert.ok(vectors.presets.length >= 15);
  for (const { parameters, ...expected } of vectors.presets) {
    const ours = presetParameters(parameters);
    assert.equal(bestMultiplicity(ours), expected.multiplicity, expected.name);
    assertRounds(roundBits(ours, expected.multiplicity), expected, expected.name);
  }
});

test('the table of reachable bits per field, height and rate', () => {
  for (const row of vectors.table) {
    const { extensionDegree, logHeight, logBlowup } = row;
    const foldArities: number[] = [];
    for (let left = logHeight - 6; left > 0; left -= 3) foldArities.push(2 ** Math.min(3, left));
    for (const batching of ['powers', 'tensor', 'independent'] as const) {
      for (const [column, grind] of [0, 20].entries()) {
        const parameters = presetParameters({
          extensionDegree,
          logHeight,
          logBlowup,
          batchedFunctions: 1600,
          batching,
          constraints: 2000,
          constraintDegree: 3,
          openingPoints: 2,
          queries: 10 ** 6,
          foldArities,
          logUpDenominators: 2 ** 24,
          logUpWidth: 16,
          grinding: { lookup: grind, deep: grind, batch: grind, fold: grind, query: 0 },
          chargesLists: false,
        });
        const name = `degree ${extensionDegree}, height 2^${logHeight}, blow-up 2^${logBlowup}, ${batching}, ${grind}`;
        const bits = leastBits(roundBits(parameters, bestMultiplicity(parameters)));
        assertClose(bits, row.bits[batching][column]!, name);
      }
    }
  }
});

test('the bad challenges of a line, in whole numbers', () => {
  // Dimension 2^20 at rate 1/2, multiplicity 146: (2 t^5 n / (3 rho) + t (r + 1)) / sqrt(rho) with t = 146.5, rho = (2^20 - 1) / 2^21
  // and the radius r / n, rounded up by integer square roots.
  const expected = Number(266_853_183_557_299_442n);
  const count = proximityGapCount(146, 1 / 2, 2 ** 20);
  assert.ok(Math.abs(count / expected - 1) < 1e-9, String(count));
});

test('a grind is charged the chance that a word passes it', () => {
  // Of p = 127 * 2^24 + 1 words, 127 * 2^(24 - g) + 1 have g low bits of 0.
  for (const [bits, words] of [
    [0, MODULUS],
    [1, 127 * 2 ** 23 + 1],
    [22, 127 * 4 + 1],
    [24, 128],
  ] as const) {
    assert.ok(Math.abs(2 ** -grindBits(bits) * MODULUS - words) < 1e-4 * words, String(bits));
    assert.ok(grindBits(bits) <= bits, String(bits));
  }
  assert.equal(grindBits(22).toFixed(5), '21.99716');
  assert.equal(grindBits(24).toFixed(3), '23.989');
});

test('the identity at zeta has the degree of its higher side', () => {
  // N is 1024: 3N for the quotients' side, d(N + 1) + N - 1 for the constraints', which is the lower one for d = 1.
  const parameters = { ...soundnessParameters(LEAF, LEAF.maxima), logHeight: 10 };
  const deepOf = (constraintDegree: number): number =>
    roundBits({ ...parameters, constraintDegree }, LEAST_MULTIPLICITY).deep;
  assert.ok(Math.abs(deepOf(1) - deepOf(2) - Math.log2((3 * 1024 + 1) / (3 * 1024))) < 1e-9);
  assert.ok(Math.abs(deepOf(1) - deepOf(3) - Math.log2((4 * 1024 + 2) / (3 * 1024))) < 1e-9);
});

test('every production profile reaches 128 bits at its maxima', () => {
  for (const profile of PRODUCTION) {
    const { bits, rounds } = maximaSoundness(profile);
    assert.ok(bits >= REQUIRED_BITS, `${profile.name}: ${bits} bits, ${JSON.stringify(rounds)}`);
    assert.equal(profile.isTestOnly, false);
  }
});

test('no grind of a production profile can be a bit smaller', () => {
  for (const profile of PRODUCTION) {
    for (const site of ['lookup', 'deep', 'batch', 'fold', 'query'] as const) {
      const grinding = { ...profile.grinding, [site]: profile.grinding[site] - 1 };
      const { bits } = maximaSoundness({ ...profile, grinding });
      assert.ok(bits < REQUIRED_BITS, `${profile.name} without a bit of ${site}: ${bits}`);
    }
  }
});

test('one query less is not enough', () => {
  for (const profile of PRODUCTION) {
    const { bits } = maximaSoundness({ ...profile, queries: profile.queries - 1 });
    assert.ok(bits < REQUIRED_BITS, `${profile.name}: ${bits}`);
  }
});

test('larger maxima never raise the bits', () => {
  for (const profile of PRODUCTION) {
    const { bits } = maximaSoundness(profile);
    for (const field of ['openedFunctions', 'constraints', 'logUpDenominatorWords'] as const) {
      const larger = { ...profile, maxima: { ...profile.maxima, [field]: profile.maxima[field] * 64 } };
      assert.ok(maximaSoundness(larger).bits <= bits, `${profile.name}, ${field}`);
    }
    const taller = { ...profile, maxima: { ...profile.maxima, logHeight: profile.maxima.logHeight + 1 } };
    assert.ok(maximaSoundness(taller).bits < bits, profile.name);
  }
});

test('the parameters of every profile fit the field and the caps', () => {
  for (const profile of [...PRODUCTION, TEST_ONLY_LEAF, TEST_ONLY_INNER]) {
    const { logBlowup, logCap, logFinalLength, maxima, name } = profile;
    assert.ok(maxima.logHeight + logBlowup <= 24, `${name}: domain beyond the two-adicity`);
    assert.ok(logFinalLength + logBlowup >= logCap, `${name}: a tree with fewer leaves than its cap`);
    assert.ok(logFinalLength <= maxima.logHeight, name);
  }
});

test('test-only profiles say so, in name and digest, and are weak', () => {
  for (const profile of [TEST_ONLY_LEAF, TEST_ONLY_INNER]) {
    assert.ok(profile.isTestOnly && profile.name.startsWith('TEST_ONLY_'), profile.name);
    assert.ok(maximaSoundness(profile).bits < 40, profile.name);
    assert.notDeepEqual(profileDigest({ ...profile, isTestOnly: false }), profileDigest(profile));
  }
});

test('the digest covers every field of a profile', () => {
  const changed: Profile[] = [
    { ...LEAF, name: 'leaf2' },
    { ...LEAF, isTestOnly: true },
    { ...LEAF, logBlowup: 3 },
    { ...LEAF, queries: LEAF.queries - 1 },
    ...(['lookup', 'deep', 'batch', 'fold', 'query'] as const).map((site) => ({
      ...LEAF,
      grinding: { ...LEAF.grinding, [site]: LEAF.grinding[site] - 1 },
    })),
    { ...LEAF, logFinalLength: 6 },
    { ...LEAF, logFoldArity: 2 },
    { ...LEAF, logCap: LEAF.logCap - 1 },
    ...(['logHeight', 'openedFunctions', 'constraints', 'degree', 'logUpDenominatorWords'] as const).map(
      (field) => ({
        ...LEAF,
        maxima: { ...LEAF.maxima, [field]: LEAF.maxima[field] - 1 },
      }),
    ),
  ];
  // One variation for each leaf field: a new field must come with a case here.
  const fields = (value: object): number =>
    Object.values(value).reduce(
      (sum, field) => sum + (typeof field === 'object' ? fields(field as object) : 1),
      0,
    );
  assert.equal(changed.length, fields(LEAF));
  const digests = [LEAF, ...changed].map((profile) => profileDigest(profile).join());
  assert.equal(new Set(digests).size, digests.length);
  const encodings = [LEAF, ...changed].map((profile) => profileWords(profile).join());
  assert.equal(new Set(encodings).size, encodings.length);
});

test('digests have 124 bits against collisions, which is stated apart from the rounds', () => {
  assertClose(COLLISION_BITS, 123.95, 'collision');
});

test('a system is charged its own widths, heights and constraints, within the maxima', () => {
  const maxima = systemMaxima(LEAF, sampleSystem);
  const expectedWords = sampleSystem.tables
    .flatMap((table) =>
      table.interactions.map(
        ({ values }) => 2 ** table.maximumLogHeight * (values.length + DENOMINATOR_OVERHEAD_WORDS),
      ),
    )
    .reduce((sum, words) => sum + words, 0);
  assert.equal(maxima.logUpDenominatorWords, Math.min(expectedWords, LEAF.maxima.logUpDenominatorWords));
  assert.equal(maxima.logHeight, Math.max(...sampleSystem.tables.map((table) => table.maximumLogHeight)));
  const small: Profile = { ...LEAF, maxima: { ...LEAF.maxima, logUpDenominatorWords: 1000 } };
  assert.equal(systemMaxima(small, sampleSystem).logUpDenominatorWords, 1000);
  assert.ok(profileSoundness(LEAF, sampleSystem).bits >= maximaSoundness(LEAF).bits);
  assert.throws(() => systemMaxima(LEAF, { ...sampleSystem, tables: [] }), RangeError);
});

test('every production profile accepts the machine and reaches 128 bits for it', () => {
  for (const profile of PRODUCTION) {
    const maxima = systemMaxima(profile, COLONNADE_MACHINE);
    for (const field of [
      'logHeight',
      'openedFunctions',
      'constraints',
      'degree',
      'logUpDenominatorWords',
    ] as const)
      assert.ok(maxima[field] <= profile.maxima[field], `${profile.name}, ${field}: ${maxima[field]}`);
    const { bits, rounds } = profileSoundness(profile, COLONNADE_MACHINE);
    assert.ok(bits >= REQUIRED_BITS, `${profile.name}: ${bits} bits, ${JSON.stringify(rounds)}`);
  }
});
