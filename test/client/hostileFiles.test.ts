/**
 * Whatever stands in a file, every reader of the command line and of the verifier bundle answers with a typed error: each field of each
 * file is replaced by nasty values, one at a time, and the bytes around are damaged. Seeded.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseBlockFile } from '../../chain/blockFile.ts';
import { claimDigest, describeClaim, parseClaim } from '../../client/claims.ts';
import { prepareRun } from '../../client/commands/inputs.ts';
import { describe as describeValue } from '../../client/jsonFields.ts';
import { parseJson, parseJsonOfUniqueNames } from '../../client/jsonText.ts';
import { decodeProofFile, encodeProofFile } from '../../client/proofFile.ts';
import { parsePublishedKeys } from '../../client/publishedKeys.ts';
import { refusalOf } from '../../client/refusal.ts';
import { verify } from '../../client/verifierBundle.ts';
import { decodeTrace } from '../../machine/traceCodec.ts';
import { blockListToJson, parseBlockList } from '../../programs/block/blockJson.ts';
import { columnInputToJson, parseColumnInput } from '../../programs/column/input.ts';
import { columnOf, transferOf } from '../support/column.ts';
import { createRandom } from '../support/random.ts';
import { TOY_KNOWN, toyClaim, toyPublished } from '../support/toyPublished.ts';

const SEED = 20;
const random = createRandom(SEED);

const deep = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

/** As JSON text, so that also names and numbers stand there that no object literal gives. */
const NASTY: readonly string[] = [
  'null',
  'true',
  '-1',
  '0.5',
  '1e999',
  '9007199254740993',
  '""',
  '"x"',
  '"0x"',
  '"\\ud800"',
  '"\\u0000\\u001b[2J"',
  `"${'9'.repeat(5000)}"`,
  `"0x${'f'.repeat(5000)}"`,
  '[]',
  '[null]',
  '[[]]',
  '{}',
  '{"toString":1,"valueOf":1,"toJSON":1}',
  '{"__proto__":{"toString":null},"constructor":1,"length":-1}',
  '{"entries":{"entries":[]}}',
  deep(400),
];

/** The places of a JSON value: of a list only the first two. */
function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const names = Object.keys(value).slice(0, Array.isArray(value) ? 2 : 40);
  return [
    path,
    ...names.flatMap((name) => placesOf((value as Readonly<Record<string, unknown>>)[name], [...path, name])),
  ];
}

const HOLE = 'the hole';

/** The text of the value with a hole at the path. */
function withHole(value: unknown, [name, ...rest]: readonly string[]): unknown {
  if (name === undefined) return HOLE;
  if (Array.isArray(value))
    return value.map((each, index) => (String(index) === name ? withHole(each, rest) : each));
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(fields).map(([field, each]) => [field, field === name ? withHole(each, rest) : each]),
  );
}

/** Every place with every nasty value, and every object with a name too many. */
function* alteredTexts(value: unknown): Generator<{ readonly text: string; readonly place: string }> {
  for (const path of placesOf(value)) {
    const text = JSON.stringify(withHole(value, path));
    for (const nasty of NASTY)
      yield {
        text: text.replace(`"${HOLE}"`, () => nasty),
        place: `${path.join('.')} = ${nasty.slice(0, 60)}`,
      };
  }
}

/** Errors that a caller can do something about; everything else is a bug of ours. */
function assertTyped(read: () => unknown, place: string): void {
  try {
    read();
  } catch (error) {
    const { code, message } = refusalOf(error);
    assert.notEqual(code, 'INTERNAL_ERROR', `${place}: ${message}`);
    assert.notEqual(code, 'RangeError', `${place}: ${message}`);
    assert.ok(message.length < 4000 && !message.includes('\n'), `${place}: ${message.length} characters`);
  }
}

const COLUMN = columnOf([transferOf(), transferOf({ nonce: 1n })]);
const LIST = COLUMN.transfers.map((transfer) => ({ ...transfer, column: 0 }));

const BLOCK_FILE = JSON.parse(
  readFileSync(new URL('../chain/fixtures/block.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, unknown>>;

describe(`files of strangers, seed ${SEED}`, () => {
  for (const [name, value, read] of [
    ['a column input', columnInputToJson(COLUMN), (json) => parseColumnInput(json)],
    ['inputs of a run', columnInputToJson(COLUMN), (json) => prepareRun('column', json)],
    ['an inclusion list', blockListToJson(LIST), parseBlockList],
    ['a block file', BLOCK_FILE, parseBlockFile],
    ['a claim', { program: 'column', ...(JSON.parse(JSON.stringify(headerClaim())) as object) }, claimOf],
  ] as const satisfies readonly (readonly [string, unknown, (json: unknown) => unknown])[])
    it(`${name} gives typed errors only`, () => {
      let count = 0;
      for (const { text, place } of alteredTexts(value)) {
        // A run costs too much for each.
        if (name === 'inputs of a run' && count++ % 7 !== 0) continue;
        assertTyped(() => read(parseJson(text)), place);
      }
    });

  it('keys and proof files give typed errors only, and the bundle never throws', async () => {
    const published = await toyPublished();
    const keysJson = JSON.stringify({
      ...(JSON.parse(published.keysJson) as object),
      keys: [],
      aggregate: undefined,
    });
    const whole = JSON.parse(published.keysJson) as Readonly<Record<string, unknown>>;
    for (const { text, place } of alteredTexts(whole)) {
      // Every key is built anew each time.
      if (random.below(8) !== 0) continue;
      assertTyped(() => parsePublishedKeys(text, TOY_KNOWN), place);
      if (random.below(20) === 0) assert.equal(verify(text, new Uint8Array(3)).isValid, false);
    }
    const leaf = {
      kind: 'leaf',
      keyDigest: random.words(8),
      statement: random.words(8),
      claim: toyClaim(),
    } as const;
    const bytes = encodeProofFile({
      program: 'aggregate',
      profile: 'inner',
      keyDigest: random.words(8),
      statement: random.words(8),
      claim: toyClaim(),
      entries: [leaf, { kind: 'inner', entries: [leaf] }],
      proofBytes: new Uint8Array(20),
    });
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(10)))) as unknown;
    for (const { text, place } of alteredTexts(header)) {
      const file = new TextEncoder().encode(`${text}\n${'.'.repeat(20)}`);
      assertTyped(() => decodeProofFile(file), place);
      if (random.below(20) === 0) assert.equal(verify(keysJson, file).isValid, false);
    }
    for (let round = 0; round < 200; round++) {
      const damaged = bytes.slice(0, 1 + random.below(bytes.length));
      for (let hit = 0; hit < 3; hit++) damaged[random.below(damaged.length)] = random.below(256);
      assertTyped(() => decodeProofFile(damaged), `round ${round}`);
      assertTyped(() => decodeTrace(damaged), `trace, round ${round}`);
    }
  });

  it('the bundle says of arguments of other types that they are not valid', () => {
    const others: readonly unknown[] = [
      undefined,
      null,
      1,
      {},
      [],
      '{',
      new Proxy({}, { get: () => assert.fail() }),
    ];
    for (const other of others) {
      assert.equal(verify(other as string, new Uint8Array(3)).isValid, false);
      assert.equal(verify('{}', other as Uint8Array).isValid, false);
    }
  });

  it('depth and names are bounded before anything is parsed', () => {
    const brackets = '['.repeat(10 ** 6);
    for (const text of [brackets, `{"format":${brackets}`, deep(10 ** 5), '{"a":'.repeat(10 ** 5)])
      assert.throws(() => parseJson(text), /more than 512 levels/);
    assert.deepEqual(parseJson('["[[[[\\"[[", {"a\\\\": "}"}]'), ['[[[["[[', { 'a\\': '}' }]);
    for (const [text, twice] of [
      ['{"a":1,"a":2}', 'a'],
      ['[{"b":[{"a":1}]},{"b":{"a" : 1,"b":3,\n"\\u0061":4}}]', 'a'],
      ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ] as const)
      assert.throws(() => parseJsonOfUniqueNames(text), {
        message: `an object has the name '${twice}' twice`,
      });
    for (const text of ['{"a":{"a":"a"},"b":["a","a"]}', '[{"a":1},{"a":1}]', '"a"', '{"a\\"":1,"a":2}'])
      assert.deepEqual(parseJsonOfUniqueNames(text), JSON.parse(text));
  });

  it('a value is named without a call into it', () => {
    const nasty = { toString: 1, valueOf: () => assert.fail(), toJSON: () => assert.fail() };
    assert.equal(describeValue(nasty), 'an object');
    assert.equal(describeValue([nasty]), 'a list');
    assert.equal(describeValue('x'.repeat(1000)).toString().length, 66);
    for (const [value, text] of [
      [undefined, 'nothing'],
      [null, 'null'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
      [7, 7],
    ])
      assert.equal(describeValue(value), text);
  });
});

function headerClaim(): unknown {
  const file = encodeProofFile({
    program: 'column',
    profile: 'leaf',
    keyDigest: new Uint32Array(8),
    statement: new Uint32Array(8),
    claim: toyClaim(),
    entries: undefined,
    proofBytes: new Uint8Array(0),
  });
  return (JSON.parse(new TextDecoder().decode(file)) as { readonly claim: unknown }).claim;
}

function claimOf(json: unknown): unknown {
  const claim = parseClaim(json, 'claim');
  return [claimDigest(claim), describeClaim(claim, 'accounts')];
}
