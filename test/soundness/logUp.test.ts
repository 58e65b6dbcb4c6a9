/** Group L, generic items: provers that exploit LogUp and the buses. Items about the machine's tables: test/machine. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AirSystem, TableAir, TableTrace } from '../../stark/air/air.ts';
import { defineSystem, defineTable } from '../../stark/air/builder.ts';
import { AirError } from '../../stark/air/errors.ts';
import { EXTENSION_ALGEBRA } from '../../stark/air/evaluate.ts';
import { fingerprint } from '../../stark/air/logUp.ts';
import * as extension from '../../stark/field/extension.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { checkHeights, checkKey, generateKey, KeyError, type VerifyingKey } from '../../stark/keys.ts';
import type { Profile } from '../../stark/profile.ts';
import { profileDigest } from '../../stark/profile.ts';
import { PROOF_MAGIC } from '../../stark/proof/codec.ts';
import { ProverError, prove } from '../../stark/prover.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import { LABEL, VERSION } from '../../stark/transcript.ts';
import { verify } from '../../stark/verifier.ts';
import {
  assertAccepted,
  assertRejected,
  createCheatingTranscript,
  createSetting,
  decodeIn,
  encodeWith,
  HEIGHTS,
  NO_GRIND,
  proveIn,
  type Setting,
  settingOf,
  verdictIn,
  withCell,
  withWord,
} from '../support/cheating.ts';
import { SLOT, TOY_STATEMENT, toyInstance, toySystem } from '../support/toySystems.ts';

interface Lookup {
  readonly bus: number;
  readonly isSent: boolean;
}

/** One table that sends and receives its only column, without any constraint, as often as `lookups` says. */
function lookupSystem(lookups: readonly Lookup[], maximumLogHeight: number): AirSystem {
  const table = defineTable(
    {
      name: 'lookups',
      main: ['value'],
      preprocessed: [],
      minimumLogHeight: 2,
      maximumLogHeight,
      isRequired: true,
      expansion: 'none',
    },
    ({ main, interact }) => {
      for (const [index, { bus, isSent }] of lookups.entries())
        interact({
          label: `lookup ${index}`,
          bus,
          multiplicity: isSent ? 1 : MODULUS - 1,
          values: [main.value],
          weight: 1,
        });
    },
  );
  const buses = [
    { name: 'first', width: 1 },
    { name: 'second', width: 1 },
  ];
  return defineSystem({ name: 'lookups', version: 1, buses, tables: [table] });
}

const lookupTrace: TableTrace = { logHeight: 2, columns: [Uint32Array.of(5, 6, 7, 8)] };

async function proveLookups(lookups: readonly Lookup[]): Promise<[Setting, Uint8Array]> {
  const setting = await settingOf(
    {
      system: lookupSystem(lookups, 4),
      statement: TOY_STATEMENT,
      preprocessed: [undefined],
      traces: [lookupTrace],
    },
    NO_GRIND,
  );
  return [setting, await proveIn(setting)];
}

describe('L: LogUp and buses', () => {
  it('L34: heights at which a bus could reach p are refused before anything else is read', async () => {
    const unbounded: Profile = {
      ...NO_GRIND,
      maxima: { ...NO_GRIND.maxima, logHeight: 21, openedFunctions: 2 ** 20, logUpDenominatorWords: 2 ** 40 },
    };
    const logHeight = 21;
    // p - 1 = 127 * 2^24 = 1016 * 2^21
    const verdictFor = (lookupCount: number): ReturnType<typeof verify> => {
      const lookups = Array.from({ length: lookupCount }, (_, index) => ({
        bus: 0,
        isSent: index % 2 === 0,
      }));
      const key: VerifyingKey = {
        system: lookupSystem(lookups, logHeight),
        profile: unbounded,
        preprocessedLogHeights: [],
        preprocessedCap: new Uint32Array(0),
      };
      const header = Uint32Array.of(PROOF_MAGIC, VERSION, logHeight + 1);
      return verify(key, TOY_STATEMENT, new Uint8Array(header.buffer), {
        acceptedProfileDigests: [profileDigest(unbounded)],
      });
    };
    assertRejected(verdictFor(1017), 'BUS_OVERFLOW', { bus: 'first', below: MODULUS, got: 1017 * 2 ** 21 });
    assertRejected(verdictFor(1016), 'TRUNCATED');
    // The prover is refused as well.
    const setting = await createSetting(NO_GRIND);
    const tooTall = [...setting.instance.traces];
    tooTall[SLOT.walk] = { logHeight: 13, columns: [] };
    await assert.rejects(
      proveIn(setting, { traces: tooTall }),
      (error) => error instanceof ProverError && error.code === 'HEIGHTS_REFUSED',
    );
  });

  it('L34: the bounds count every table and every interaction with its weight', async () => {
    const setting = await createSetting(NO_GRIND);
    const limited = (logUpDenominatorWords: number): VerifyingKey => ({
      ...setting.key,
      profile: { ...NO_GRIND, maxima: { ...NO_GRIND.maxima, logUpDenominatorWords } },
    });
    // walk: 32 rows of two nibbles (width 1) and a square (width 2); nibble: 16 rows; square: 8 rows.
    const words = 32 * (4 + 4 + 5) + 16 * 4 + 8 * 5;
    assert.equal(checkHeights(limited(words), [5, 4, 3, 4]), undefined);
    const refused = checkHeights(limited(words - 1), [5, 4, 3, 4]);
    assert.equal(refused?.reason, 'MAXIMA_EXCEEDED');
    assert.equal(refused?.details['got'], words);
  });

  it('L35: the words of a tuple are those of its bus', async () => {
    const [walk] = toySystem.tables as [TableAir, ...TableAir[]];
    const narrow: TableAir = {
      ...walk,
      interactions: walk.interactions.map((interaction) =>
        interaction.label === 'asks a square'
          ? { ...interaction, values: interaction.values.slice(1) }
          : interaction,
      ),
    };
    const tables = [narrow, ...toySystem.tables.slice(1)];
    assert.throws(
      () => defineSystem({ ...toySystem, tables }),
      (error) => error instanceof AirError && error.code === 'TUPLE_WIDTH',
    );
    // Also when the system was not made by the builder.
    await assert.rejects(
      generateKey(
        createReferenceBackend(),
        { ...toySystem, tables },
        NO_GRIND,
        toyInstance(HEIGHTS).preprocessed,
      ),
      (error) => error instanceof KeyError && error.code === 'TUPLE_WIDTH',
    );
    const setting = await createSetting(NO_GRIND);
    assert.equal(checkKey({ ...setting.key, system: { ...toySystem, tables } })?.code, 'TUPLE_WIDTH');
    assertAccepted(verdictIn(setting, await proveIn(setting)));
  });

  it('L36: a tuple sent on one bus is not received on another', async () => {
    const sent = { bus: 0, isSent: true };
    assertAccepted(verdictIn(...(await proveLookups([sent, { bus: 0, isSent: false }]))));
    assertRejected(verdictIn(...(await proveLookups([sent, { bus: 1, isSent: false }]))), 'SUM_NOT_ZERO');
    // Fingerprints of one value on two buses differ by the bus, of [x] and [0, x] by a power of beta.
    const challenges = { alpha: [1, 2, 3, 4, 5], beta: [6, 7, 8, 9, 10] } as const;
    const x = extension.fromBase(5);
    assert.notDeepEqual(
      fingerprint(EXTENSION_ALGEBRA, 0, [x], challenges),
      fingerprint(EXTENSION_ALGEBRA, 1, [x], challenges),
    );
    assert.notDeepEqual(
      fingerprint(EXTENSION_ALGEBRA, 0, [x], challenges),
      fingerprint(EXTENSION_ALGEBRA, 0, [extension.ZERO, x], challenges),
    );
  });

  it('L37: a prover cannot choose alpha so that a denominator vanishes', async () => {
    const setting = await createSetting(NO_GRIND);
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    // alpha = -x for the nibble x: the fingerprint alpha + 0 + beta * x is 0 at beta = 1, and the helper column is free.
    const transcript = createCheatingTranscript({
      squeeze: (label, words) => {
        if (label === LABEL.ALPHA) return Uint32Array.of(MODULUS - 40, 0, 0, 0, 0, 0, 0, 0);
        if (label === LABEL.BETA) return Uint32Array.of(1, 0, 0, 0, 0, 0, 0, 0);
        return words;
      },
    });
    assertRejected(verdictIn(setting, await proveIn(setting, { transcript })), 'QUOTIENT_MISMATCH');
    // An honest prover on which a denominator vanishes stops.
    const vanishing = createCheatingTranscript({
      squeeze: (label, words) => {
        if (label === LABEL.ALPHA) return new Uint32Array(8);
        if (label === LABEL.BETA) return Uint32Array.of(1, 0, 0, 0, 0, 0, 0, 0);
        return words;
      },
    });
    await assert.rejects(proveIn(setting, { transcript: vanishing }), RangeError);
  });

  it('L38: a row that is not in use sends and receives nothing', async () => {
    // More rows of `square` than are asked for.
    const setting = await createSetting(NO_GRIND, { ...HEIGHTS, square: 5 });
    const { traces } = setting.instance;
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    const unused = traces[SLOT.square]!.columns[2]!.indexOf(0);
    assert.ok(unused >= 0);
    const used = withCell(traces, SLOT.square, 2, unused, 1);
    assertRejected(verdictIn(setting, await proveIn(setting, { traces: used })), 'SUM_NOT_ZERO');
    // The last row of `walk`, where a constraint forbids it, asks the square of its nibble, and that row serves it.
    const lastRow = 31;
    const high = traces[SLOT.walk]!.columns[3]![lastRow]!;
    const balanced = [
      [SLOT.walk, 4, lastRow, 1],
      [SLOT.square, 0, unused, high],
      [SLOT.square, 1, unused, high * high],
      [SLOT.square, 2, unused, 1],
    ] as const;
    const asking = balanced.reduce(
      (changed, [slot, column, row, value]) => withCell(changed, slot, column, row, value),
      traces,
    );
    assertRejected(verdictIn(setting, await proveIn(setting, { traces: asking })), 'QUOTIENT_MISMATCH', {
      table: 'walk',
    });
  });

  it('L39: a multiplicity that is no count does not balance, a boolean one is constrained', async () => {
    const setting = await createSetting(NO_GRIND);
    const { traces } = setting.instance;
    assertAccepted(verdictIn(setting, await proveIn(setting)));
    // The table that is looked up: one more, one fewer, a half.
    const count = traces[SLOT.nibble]!.columns[0]![3]!;
    for (const wrong of [count + 1, count - 1, (MODULUS + 1) / 2]) {
      const wrongTraces = withCell(traces, SLOT.nibble, 0, 3, wrong);
      assertRejected(verdictIn(setting, await proveIn(setting, { traces: wrongTraces })), 'SUM_NOT_ZERO');
    }
    // -1 on a side where 0 or 1 is demanded, balanced by a row that is used twice: sums cancel, the constraint does not.
    const asks = traces[SLOT.walk]!.columns[4]!;
    const row = asks.indexOf(1);
    const high = traces[SLOT.walk]!.columns[3]![row]!;
    const served = traces[SLOT.square]!.columns[0]!.indexOf(high);
    const negative = withCell(
      withCell(traces, SLOT.walk, 4, row, MODULUS - 1),
      SLOT.square,
      2,
      served,
      MODULUS - 1,
    );
    assertRejected(verdictIn(setting, await proveIn(setting, { traces: negative })), 'QUOTIENT_MISMATCH');
  });

  it('L40: each proof balances by itself', async () => {
    const send: Lookup = { bus: 0, isSent: true };
    const receive: Lookup = { bus: 0, isSent: false };
    const pairs = await Promise.all([
      proveLookups([send, send, receive]),
      proveLookups([send, receive, receive]),
    ]);
    // Each lacks what the other has too much of.
    for (const [setting, bytes] of pairs) assertRejected(verdictIn(setting, bytes), 'SUM_NOT_ZERO');
    const [setting, bytes] = pairs[0];
    const proof = decodeIn(setting, bytes);
    // A sum of zero that is claimed is not the sum of the column.
    const sums = new Uint32Array(proof.sums.length);
    assertRejected(verdictIn(setting, encodeWith(proof, { sums })), 'QUOTIENT_MISMATCH');
    assertRejected(verdictIn(setting, encodeWith(proof, { sums: withWord(proof.sums, 4) })), 'SUM_NOT_ZERO');
    assertAccepted(verdictIn(...(await proveLookups([send, receive]))));
  });

  it('L40: the sum of an unbalanced trace cannot be claimed as zero by the prover', async () => {
    const setting = await settingOf(
      {
        system: lookupSystem([{ bus: 0, isSent: true }], 4),
        statement: TOY_STATEMENT,
        preprocessed: [undefined],
        traces: [lookupTrace],
      },
      NO_GRIND,
    );
    const { backend } = setting;
    const bytes = await prove(
      {
        ...backend,
        async logUp(...parameters) {
          const { matrix } = await backend.logUp(...parameters);
          return { matrix, sum: extension.ZERO };
        },
      },
      setting.provingKey,
      TOY_STATEMENT,
      [lookupTrace],
    );
    assertRejected(verdictIn(setting, bytes), 'QUOTIENT_MISMATCH', { table: 'lookups' });
  });
});
