/**
 * What the host checks of the children's proofs. A program that states what it is told stands for the aggregate program, so that a
 * proof of any tree is cheap.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { buildProgram } from '../../machine/builder.ts';
import type { Program } from '../../machine/program.ts';
import { buildTraces, COLONNADE_MACHINE, preprocessedTraces, run } from '../../machine/system.ts';
import { type AggregateEntry, aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import type { BlockProgramKeys } from '../../programs/block/blockProgram.ts';
import { BlockError, type BlockErrorCode, type BlockErrorDetails } from '../../programs/block/errors.ts';
import { type BlockChild, prepareBlock } from '../../programs/block/prepare.ts';
import type { Backend } from '../../stark/backend.ts';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { generateKey, keyDigest, type ProvingKey } from '../../stark/keys.ts';
import { profileDigest, TEST_ONLY_INNER } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import { productionPolicy } from '../../stark/verifier.ts';
import { blockOf, inner, KEYS, leafOf, smallColumn } from '../support/block.ts';
import { createRandom } from '../support/random.ts';

/** States the words that it is told; programs of other numbers have other keys. */
function parrot(number: number): Program {
  return buildProgram('parrot', (builder) => {
    builder.add(builder.hintValue('number', []), number);
    for (const [word, value] of builder.hint('words', [], 8).entries())
      builder.store(builder.statement, word, value);
  });
}

interface Parrot {
  readonly program: Program;
  readonly key: ProvingKey;
}

const BLOCK = blockOf([smallColumn(0, 2), smallColumn(10, 1), smallColumn(20, 1)]);
const [A, B, C] = BLOCK.columns.map((column) => leafOf(column)) as [
  AggregateEntry,
  AggregateEntry,
  AggregateEntry,
];
const POLICY = { acceptedProfileDigests: [profileDigest(TEST_ONLY_INNER)] };

describe('children of a block', () => {
  let backend: Backend;
  let [own, stale]: Parrot[] = [];
  let keys: BlockProgramKeys;
  let children: readonly BlockChild[];

  async function hatch(number: number): Promise<Parrot> {
    const program = parrot(number);
    return {
      program,
      key: await generateKey(backend, COLONNADE_MACHINE, TEST_ONLY_INNER, preprocessedTraces(program)),
    };
  }

  /** A proof under the parrot's key of C(its key, L), or of the words given. */
  async function childOf(
    { program, key }: Parrot,
    entries: readonly AggregateEntry[],
    statement = aggregateStatement(keyDigest(key.verifyingKey), entries),
  ): Promise<BlockChild> {
    const execution = run(program, { words: () => statement, number: () => [1] });
    const proofBytes = await prove(backend, key, statement, buildTraces(program, execution));
    return { key: key.verifyingKey, statement, proofBytes, entries };
  }

  before(async () => {
    backend = createReferenceBackend();
    [own, stale] = [await hatch(1), await hatch(2)];
    keys = { ...KEYS, aggregateKeyDigest: keyDigest(own.key.verifyingKey) };
    children = [await childOf(own, [A]), await childOf(own, [inner(B, C)])];
  });

  function refused(given: readonly BlockChild[], code: BlockErrorCode, details: BlockErrorDetails): void {
    assert.throws(
      () => prepareBlock(keys, given, BLOCK.columns, BLOCK.list, POLICY),
      (error: unknown) => {
        assert.ok(error instanceof BlockError, String(error));
        assert.equal(error.code, code);
        for (const [name, value] of Object.entries(details)) assert.equal(error.details[name], value, name);
        return true;
      },
    );
  }

  it('control: proofs under K of trees that have the columns as leaves', () => {
    const { statement, witness } = prepareBlock(keys, children, BLOCK.columns, BLOCK.list, POLICY);
    assert.deepEqual(statement, BLOCK.statement);
    assert.deepEqual(witness.leafOf, [0, 1, 2]);
  });

  it('stale K: a child of another aggregate program, or one that was told another K', async () => {
    const [first] = children as [BlockChild];
    refused([first, await childOf(stale!, [B, C])], 'STALE_AGGREGATE_KEY', { child: 1 });
    const told = aggregateStatement(keyDigest(stale!.key.verifyingKey), [B, C]);
    refused([first, await childOf(own!, [B, C], told)], 'CHILD_STATEMENT', { child: 1 });
  });

  it('a key that has no digest', () => {
    const [first, second] = children as [BlockChild, BlockChild];
    const preprocessedCap = Uint32Array.from(second.key.preprocessedCap);
    preprocessedCap[5] = MODULUS;
    refused([first, { ...second, key: { ...second.key, preprocessedCap } }], 'KEY_MALFORMED', {
      child: 1,
      fault: 'PREPROCESSED_CAP',
      wordIndex: 5,
    });
    refused([{ ...first, key: { ...first.key, preprocessedLogHeights: [] } }, second], 'KEY_MALFORMED', {
      child: 0,
      fault: 'PREPROCESSED_COUNT',
    });
  });

  it('a tree other than the one that was proved', () => {
    const [first, second] = children as [BlockChild, BlockChild];
    refused([first, { ...second, entries: [B, C] }], 'CHILD_STATEMENT', { child: 1 });
    refused([{ ...first, entries: [A, A] }, second], 'CHILD_STATEMENT', { child: 0 });
  });

  it('missing column, column twice, unlisted key: whatever the proofs say', async () => {
    const [first, second] = children as [BlockChild, BlockChild];
    refused([], 'NO_CHILDREN', {});
    refused([first], 'COLUMN_MISSING', { column: 1 });
    refused([first, second, first], 'COLUMN_TWICE', { child: 2, leaf: 0, column: 0 });
    const unlisted = leafOf(BLOCK.columns[0]!, createRandom(5).words(8));
    refused([second, await childOf(own!, [unlisted])], 'LEAF_KEY_NOT_LISTED', { child: 1, leaf: 0 });
  });

  it('a child that does not verify', () => {
    const [first, second] = children as [BlockChild, BlockChild];
    const damaged = second.proofBytes.slice();
    damaged[damaged.length - 1]! ^= 1;
    refused([first, { ...second, proofBytes: damaged }], 'CHILD_REJECTED', { child: 1 });
    refused([first, { ...second, proofBytes: first.proofBytes }], 'CHILD_REJECTED', { child: 1 });
    assert.throws(
      () => prepareBlock(keys, children, BLOCK.columns, BLOCK.list, productionPolicy()),
      (error: unknown) =>
        error instanceof BlockError &&
        error.code === 'CHILD_REJECTED' &&
        error.details['reason'] === 'TEST_ONLY_PROFILE',
    );
  });
});
