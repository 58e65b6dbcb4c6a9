/** The shape of a JSON text, measured before it is parsed; what a refusal repeats of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { JSON_LIMITS, jsonHeapBytes, jsonShape } from '../../server/jsonShape.ts';
import { Problem } from '../../server/problems.ts';
import { parseJson } from '../../server/proofRequest.ts';
import { startFakeService } from '../support/fakeServices.ts';

const bytes = (text: string): Buffer => Buffer.from(text);

/** So many levels of a text that opens one. */
const nested = (opening: string, closing: string, depth: number): string =>
  `${opening.repeat(depth)}0${closing.repeat(depth)}`;

/** How many values a parsed text has: objects, arrays and scalars. */
function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((total: number, part) => total + countValues(part), 1);
}

function measureOf(text: string): string {
  const shape = jsonShape(bytes(text));
  return shape.ok ? 'ok' : shape.measure;
}

describe('the shape of a JSON text', () => {
  it('counts what the parser makes', () => {
    const TEXTS = [
      '{}',
      '[]',
      ' [ ] ',
      '7',
      '"x"',
      '[1,2.5,-3e4,true,false,null,"a,b:c{}[]"]',
      '{"a":{"b":[1,{"c":"\\"}"}]},"\\u0041":[]}',
      '{"a" : 1 ,\n"b"\t:[ 1 , 2 ]}',
      '["\\\\","\\\\\\"",{"\\\\":""}]',
      '["中文","🙂"]',
    ];
    for (const text of TEXTS)
      assert.deepEqual(jsonShape(bytes(text)), { ok: true, values: countValues(JSON.parse(text)) }, text);
  });

  it('has a limit of depth', () => {
    for (const [opening, closing] of [
      ['[', ']'],
      ['{"32":', '}'],
      ['{"a":[', ']}'],
    ] as const) {
      const most = opening.length > 1 && opening.endsWith('[') ? JSON_LIMITS.depth / 2 : JSON_LIMITS.depth;
      assert.equal(measureOf(nested(opening, closing, most)), 'ok');
      assert.equal(measureOf(nested(opening, closing, most + 1)), 'depth');
      assert.equal(measureOf(opening.repeat(1_000_000)), 'depth');
    }
    // Brackets in strings open nothing.
    assert.equal(measureOf(`["${'['.repeat(10_000)}"]`), 'ok');
  });

  it('has limits of values, of keys of an object, and of the bytes of a key or number', () => {
    const list = (count: number): string => `[${'0,'.repeat(count - 2)}0]`;
    assert.equal(measureOf(list(JSON_LIMITS.values)), 'ok');
    assert.equal(measureOf(list(JSON_LIMITS.values + 1)), 'values');
    const object = (count: number): string =>
      `{${Array.from({ length: count }, (_, index) => `"${index}":0`).join()}}`;
    assert.equal(measureOf(object(JSON_LIMITS.keys)), 'ok');
    assert.equal(measureOf(object(JSON_LIMITS.keys + 1)), 'keys');
    assert.equal(measureOf(`[${object(JSON_LIMITS.keys)},${object(JSON_LIMITS.keys)}]`), 'ok');
    const key = (length: number): string => `{"${'k'.repeat(length)}":0}`;
    assert.equal(measureOf(key(JSON_LIMITS.tokenBytes)), 'ok');
    assert.equal(measureOf(key(JSON_LIMITS.tokenBytes + 1)), 'tokenBytes');
    assert.equal(measureOf(key(JSON_LIMITS.tokenBytes + 1).replace(':', ' :')), 'tokenBytes');
    assert.equal(measureOf('1'.repeat(JSON_LIMITS.tokenBytes + 1)), 'tokenBytes');
    assert.equal(measureOf(`["${'1'.repeat(100_000)}"]`), 'ok');
  });

  it('survives what is no JSON', () => {
    for (const text of ['', '"', '"\\', ']]]]', '}{', ':::', '{"a"', ',,,,', '\u0000', '\\"'])
      assert.equal(measureOf(text), 'ok', text);
  });

  it('is refused before the text is parsed, by name', () => {
    assert.throws(
      () => parseJson(bytes(nested('{"32":', '}', 1_000_000))),
      (error: unknown) =>
        error instanceof Problem &&
        error.code === 'malformed-request' &&
        error.details['measure'] === 'depth' &&
        error.details['expectedAtMost'] === JSON_LIMITS.depth,
    );
  });

  it('bounds the heap', () => {
    assert.ok(jsonHeapBytes(2 ** 20) < 64 * 2 ** 20);
    assert.ok(jsonHeapBytes(256 * 2 ** 20) < 2.5 * 2 ** 30);
  });
});

describe('a refusal', () => {
  it('repeats no more than the beginning of what was sent, on every route that reads JSON', async () => {
    const service = await startFakeService();
    const keys = Array.from({ length: 1000 }, (_, index) => `"${'k'.repeat(200)}${index}":0`).join();
    const long = 'A'.repeat(1_000_000);
    const BODIES = [
      `{"program":"sum","profile":"leaf","inputs":{},${keys}}`,
      `{"program":"sum","profile":"leaf","inputs":{${keys}}}`,
      `{"${long}":0}`,
      JSON.stringify({ program: long, profile: 'leaf', inputs: {} }),
      JSON.stringify({ program: 'sum', profile: long, inputs: {} }),
      JSON.stringify({ program: 'sum', profile: 'leaf', inputs: long }),
      JSON.stringify({ kind: long, children: [] }),
      JSON.stringify({ kind: 'aggregate', children: [{ file: '!'.repeat(1_000_000) }] }),
      JSON.stringify({ kind: 'aggregate', children: Array.from({ length: 64 }, () => ({ [long]: 1 })) }),
      long,
      `[${'{},'.repeat(300_000)}{}]`,
    ];
    for (const url of ['/v1/proofs', '/v1/estimates', '/v1/aggregations'])
      for (const payload of BODIES) {
        const answer = await service.app.inject({
          method: 'POST',
          url,
          headers: { 'content-type': 'application/json' },
          payload,
        });
        const what = `${url} ${payload.slice(0, 60)}`;
        assert.ok(answer.statusCode >= 400 && answer.statusCode < 500, `${what}: ${answer.statusCode}`);
        assert.ok(answer.body.length < 10_000, `${what}: ${answer.body.length} bytes`);
      }
    await service.close();
  });
});
