/** The tables of docs/spec/soundness.md say what the profiles and the calculator say. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import { FINAL, INNER, LEAF, profileDigest, profileWords } from '../../stark/profile.ts';
import { COLLISION_BITS, maximaSoundness, profileSoundness, systemMaxima } from '../../stark/soundness.ts';

const PROFILES = [LEAF, INNER, FINAL];
const text = readFileSync(new URL('../../docs/spec/soundness.md', import.meta.url), 'utf8');

/** Rows of the table that begins with this header, without it, as cells. */
function tableOf(header: string): string[][] {
  const start = text.indexOf(`${header}\n`);
  assert.ok(start >= 0, `no table ${header}`);
  const [, , ...lines] = text.slice(start, text.indexOf('\n\n', start)).split('\n');
  return lines.map((line) =>
    line
      .replaceAll('**', '')
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Rounded down, so that no figure promises too much. */
const bitsText = (bits: number): string => (Math.floor(100 * bits) / 100).toFixed(2);

test('the table of bits', () => {
  const all = PROFILES.map(maximaSoundness);
  const rounds = all.map((each) => each.rounds);
  assert.deepEqual(tableOf('| round | `leaf` | `inner` | `final` |'), [
    ...(['lookup', 'ali', 'deep', 'batch'] as const).map((round) => [
      round,
      ...rounds.map((each) => bitsText(each[round])),
    ]),
    ['fold, worst', ...rounds.map(({ folds }) => bitsText(Math.min(...folds)))],
    ['query', ...rounds.map(({ query }) => bitsText(query))],
    ['least', ...all.map(({ bits }) => bitsText(bits))],
    ['digest collision', ...PROFILES.map(() => bitsText(COLLISION_BITS))],
  ]);
  const multiplicities = all.map(({ multiplicity }) => multiplicity);
  assert.ok(
    text.includes(`the best m being ${multiplicities[0]}, ${multiplicities[1]} and ${multiplicities[2]}:`),
  );
});

test('the table of parameters', () => {
  const rows = new Map(tableOf('| | `leaf` | `inner` | `final` |').map(([name, ...cells]) => [name, cells]));
  const power = (log: number): string => (log === 0 ? '1' : `2^${log}`);
  const expected: Record<string, string[]> = {
    rate: PROFILES.map(({ logBlowup }) => `1/${2 ** logBlowup}`),
    queries: PROFILES.map(({ queries }) => String(queries)),
    'grinds lookup / deep / batch / fold / query': PROFILES.map(({ grinding }) =>
      [grinding.lookup, grinding.deep, grinding.batch, grinding.fold, grinding.query].join(' / '),
    ),
    'final polynomial': PROFILES.map(({ logFinalLength }) => power(logFinalLength)),
    'largest fold': PROFILES.map(({ logFoldArity }) => String(2 ** logFoldArity)),
    cap: PROFILES.map(({ logCap }) => power(logCap)),
    'maximal height': PROFILES.map(({ maxima }) => power(maxima.logHeight)),
    'maximal opened functions 8B': PROFILES.map(({ maxima }) => String(maxima.openedFunctions)),
    'maximal constraints, degree': PROFILES.map(({ maxima }) => `${maxima.constraints}, ${maxima.degree}`),
    'maximal Σ rows·(width + 3)': PROFILES.map(({ maxima }) =>
      power(Math.log2(maxima.logUpDenominatorWords)),
    ),
  };
  assert.deepEqual(Object.fromEntries(rows), expected);
});

test('the words and digests of the profiles', () => {
  const rows = tableOf('| field | words | `leaf` | `inner` | `final` |');
  const digests = rows.pop()!;
  for (const [index, profile] of PROFILES.entries()) {
    const words = rows.flatMap((cells) => cells[2 + index]!.split(' ').map(Number));
    assert.deepEqual(words, profileWords(profile), profile.name);
    assert.equal(digests[2 + index], [...profileDigest(profile)].join(' '), profile.name);
  }
});

test('what is said of the machine', () => {
  const { openedFunctions, constraints, degree, logUpDenominatorWords } = systemMaxima(
    LEAF,
    COLONNADE_MACHINE,
  );
  const [leaf, inner, final] = PROFILES.map((profile) =>
    bitsText(profileSoundness(profile, COLONNADE_MACHINE).bits),
  );
  const sentence =
    `${openedFunctions} opened functions, ${constraints} constraints of degree ${degree}, ` +
    `2^${Math.log2(logUpDenominatorWords).toFixed(1)} words of denominators under \`leaf\`, and ${leaf}, ${inner} and ${final} bits.`;
  assert.ok(text.replaceAll('\n', ' ').includes(sentence), `expected: ${sentence}`);
});
