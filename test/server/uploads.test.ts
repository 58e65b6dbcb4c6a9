/** Proof files in requests for aggregations: what is wrong with them is said by the child's number, before anything is verified. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeProofFile } from '../../client/proofFile.ts';
import { type KeyRing, PRODUCTION_SYSTEM } from '../../server/aggregation/proofSystem.ts';
import { checkAggregation } from '../../server/aggregation/request.ts';

const KEY = Uint32Array.from({ length: 8 }, (_, word) => word + 1);

/** Knows one digest for all keys, and counts how often a key is asked for to verify with. */
function ringOf(): KeyRing & { readonly asked: () => number } {
  let asked = 0;
  return {
    system: PRODUCTION_SYSTEM,
    programOf: () => assert.fail('no program is needed'),
    keyOf: async () => {
      asked += 1;
      throw new RangeError('there is no key');
    },
    digestOf: async () => KEY,
    aggregateKeyDigest: async () => KEY,
    blockKeys: () => assert.fail('no keys of blocks are needed'),
    asked: () => asked,
  };
}

const file = (statement: number, proof: number): Uint8Array =>
  encodeProofFile({
    program: 'column',
    profile: PRODUCTION_SYSTEM.profiles.leaf.name,
    keyDigest: KEY,
    statement: new Uint32Array(8).fill(statement),
    claim: undefined,
    entries: undefined,
    proofBytes: new Uint8Array(100).fill(proof),
  });

const check = (ring: KeyRing, files: readonly Uint8Array[]) =>
  checkAggregation(ring, {
    json: new TextEncoder().encode(
      JSON.stringify({
        kind: 'aggregate',
        children: files.map((bytes) => ({ file: Buffer.from(bytes).toString('base64') })),
      }),
    ),
  });

describe('uploaded proof files', () => {
  it('that show the same are refused before one is verified', async () => {
    const ring = ringOf();
    // Other bytes, the same statement.
    const refused = await check(ring, [file(1, 1), file(2, 2), file(1, 3)]);
    assert.ok(!refused.ok && refused.code === 'duplicate-child', JSON.stringify(refused));
    assert.deepEqual([refused.details['child'], refused.details['first'], ring.asked()], [2, 0, 0]);
    const malformed = await check(ring, [file(1, 1), Uint8Array.of(1, 2, 3)]);
    assert.ok(!malformed.ok && malformed.code === 'malformed-child');
    assert.deepEqual([malformed.details['child'], ring.asked()], [1, 0]);
    await assert.rejects(check(ring, [file(1, 1), file(2, 2)]), RangeError);
    assert.equal(ring.asked(), 1);
  });

  it('with a value in the first line that is nested, long or of another kind are malformed', async () => {
    const ring = ringOf();
    const [line = '', proof = ''] = Buffer.from(file(1, 1)).toString('latin1').split('\n');
    const header = JSON.parse(line) as Record<string, unknown>;
    const nested = (open: string, close: string, levels: number): string =>
      `${open.repeat(levels)}0${close.repeat(levels)}`;
    const texts = [
      nested('[', ']', 100),
      nested('[', ']', 100_000),
      nested('{"a":', '}', 100),
      nested('{"a":', '}', 100_000),
      `"${'x'.repeat(500_000)}"`,
      'null',
      'true',
      '1e400',
      '{"toString":1,"valueOf":1}',
      '{"__proto__":null}',
    ];
    for (const field of Object.keys(header))
      for (const text of texts) {
        const placed = JSON.stringify({ ...header, [field]: '@' }).replace('"@"', () => text);
        const refused = await check(ring, [Buffer.from(`${placed}\n${proof}`, 'latin1')]);
        const what = `${field}: ${text.slice(0, 40)}: ${JSON.stringify(refused).slice(0, 300)}`;
        assert.ok(!refused.ok && refused.code === 'malformed-child', what);
        assert.ok(JSON.stringify(refused).length < 10_000_000, what);
      }
    assert.equal(ring.asked(), 0);
  });
});
