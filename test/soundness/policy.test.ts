/** Group V: what the verifier demands whatever the proof says. */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { FINAL, INNER, LEAF, profileDigest } from '../../stark/profile.ts';
import { productionPolicy, verify } from '../../stark/verifier.ts';
import {
  assertAccepted,
  assertRejected,
  createSetting,
  decodeIn,
  encodeWith,
  NO_GRIND,
  proveIn,
  verdictIn,
  withWord,
} from '../support/cheating.ts';
import { TOY_STATEMENT } from '../support/toySystems.ts';

const repository = new URL('../../', import.meta.url);

describe('V: verifier policy', () => {
  it('V64: the verifier built for release rejects what it rejects here', async () => {
    const setting = await createSetting(NO_GRIND);
    const honest = await proveIn(setting);
    const proof = decodeIn(setting, honest);
    const bundle = await build({
      entryPoints: [fileURLToPath(new URL('stark/verifier.ts', repository))],
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      write: false,
      define: { 'process.env.NODE_ENV': '"production"' },
      drop: ['console', 'debugger'],
    });
    const code = bundle.outputFiles[0]!.text;
    const released: { verify: typeof verify } = await import(
      `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`
    );
    const policy = { acceptedProfileDigests: [profileDigest(NO_GRIND)] };
    const check = (bytes: Uint8Array): ReturnType<typeof verify> =>
      released.verify(setting.key, TOY_STATEMENT, bytes, policy);
    assertAccepted(check(honest));
    const { treeOpenings, foldOpenings } = proof;
    const changedRows = <Opening extends { rows: Uint32Array }>(list: readonly Opening[]): Opening[] =>
      list.map((opening) => ({ ...opening, rows: withWord(opening.rows, 0) }));
    for (const bytes of [
      encodeWith(proof, { sums: withWord(proof.sums, 0) }),
      encodeWith(proof, { openings: withWord(proof.openings, 7) }),
      encodeWith(proof, { finalPolynomial: withWord(proof.finalPolynomial, 1) }),
      encodeWith(proof, { treeOpenings: changedRows(treeOpenings) }),
      encodeWith(proof, { foldOpenings: changedRows(foldOpenings) }),
      honest.subarray(4),
      new Uint8Array(0),
    ]) {
      const verdict = check(bytes);
      assert.ok(!verdict.ok);
      assert.deepEqual(verdict, verdictIn(setting, bytes));
    }
  });

  it('V64: no check is behind a build mode, and the verifier imports nothing from Node', async () => {
    const files = [
      'stark/verifier.ts',
      ...(await readdir(new URL('stark/verifier/', repository))).map((file) => `stark/verifier/${file}`),
      ...(await readdir(new URL('stark/proof/', repository))).map((file) => `stark/proof/${file}`),
      'stark/keys.ts',
      'stark/merkleOpening.ts',
      'stark/batching.ts',
      'stark/foldLeaf.ts',
      'stark/challenges.ts',
    ];
    for (const file of files) {
      const source = await readFile(new URL(file, repository), 'utf8');
      assert.doesNotMatch(source, /process\.|console\.|NODE_ENV|debugger|from 'node:/, file);
      for (const line of source.split('\n'))
        assert.doesNotMatch(line, /^\s*\/\/.*\breturn reject\(/, `${file}: a check is commented out`);
    }
  });

  it('V65: a profile that the policy does not name is refused before the proof is read', async () => {
    const setting = await createSetting(NO_GRIND);
    const honest = await proveIn(setting);
    assertAccepted(verdictIn(setting, honest));
    // Reading any byte of this proof throws.
    const unreadable = new Proxy(honest, {
      get: () => {
        throw new Error('the proof was read');
      },
    });
    const call = (profile: typeof LEAF, policy = productionPolicy()): ReturnType<typeof verify> =>
      verify({ ...setting.key, profile }, TOY_STATEMENT, unreadable, policy);
    assertRejected(call(NO_GRIND), 'TEST_ONLY_PROFILE');
    for (const weaker of [
      { ...LEAF, queries: LEAF.queries - 1 },
      { ...LEAF, logBlowup: 1 },
      { ...LEAF, grinding: { ...LEAF.grinding, batch: 0 } },
      { ...LEAF, grinding: { ...LEAF.grinding, query: LEAF.grinding.query - 1 } },
      { ...LEAF, maxima: { ...LEAF.maxima, logUpDenominatorWords: 2 ** 40 } },
      { ...LEAF, name: 'leaf ' },
    ])
      assertRejected(call(weaker), 'PROFILE_NOT_ACCEPTED');
    // A profile that hides that it is for tests is still not the published one.
    assertRejected(call({ ...NO_GRIND, isTestOnly: false }), 'PROFILE_NOT_ACCEPTED');
    assertRejected(call(LEAF, { acceptedProfileDigests: [] }), 'PROFILE_NOT_ACCEPTED');
    assertRejected(call(LEAF, { acceptedProfileDigests: [new Uint32Array(0)] }), 'PROFILE_NOT_ACCEPTED');
    assertRejected(
      call(LEAF, { acceptedProfileDigests: [profileDigest(LEAF).subarray(0, 7)] }),
      'PROFILE_NOT_ACCEPTED',
    );
    assertRejected(call(INNER, { acceptedProfileDigests: [profileDigest(LEAF)] }), 'PROFILE_NOT_ACCEPTED');
    assert.equal(productionPolicy().acceptedProfileDigests.length, 3);
    for (const profile of [LEAF, INNER, FINAL]) assert.ok(!profile.isTestOnly);
  });

  it('V65: a key beyond the maxima of its profile is refused before the proof is read', async () => {
    const setting = await createSetting(NO_GRIND);
    for (const [maxima, code] of [
      [{ ...NO_GRIND.maxima, openedFunctions: 8 }, 'TOO_MANY_OPENED_FUNCTIONS'],
      [{ ...NO_GRIND.maxima, constraints: 3 }, 'TOO_MANY_CONSTRAINTS'],
      [{ ...NO_GRIND.maxima, degree: 2 }, 'DEGREE_TOO_HIGH'],
      [{ ...NO_GRIND.maxima, logHeight: 1 }, 'NO_POSSIBLE_HEIGHT'],
    ] as const) {
      const profile = { ...NO_GRIND, maxima };
      const policy = { acceptedProfileDigests: [profileDigest(profile)] };
      assertRejected(
        verify({ ...setting.key, profile }, TOY_STATEMENT, new Uint8Array(0), policy),
        'KEY_MALFORMED',
        { code },
      );
    }
    assertAccepted(verdictIn(setting, await proveIn(setting)));
  });
});
