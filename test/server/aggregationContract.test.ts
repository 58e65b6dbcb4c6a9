/** The routes of aggregations against the table: every answer and every refusal that it promises; blocks from their children and whole. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeProofFile, encodeProofFile, type ProofFile } from '../../client/proofFile.ts';
import { aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import { blockListToJson } from '../../programs/block/blockJson.ts';
import type { ListedTransfer } from '../../programs/block/blockStatement.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { type ColumnInput, columnInputToJson } from '../../programs/column/input.ts';
import { createKeyRing, type KeyRing, PRODUCTION_SYSTEM } from '../../server/aggregation/proofSystem.ts';
import { checkAggregation } from '../../server/aggregation/request.ts';
import { type AggregationAnswer, aggregationSchema } from '../../server/api/aggregationSchemas.ts';
import type { RouteName } from '../../server/api/routes.ts';
import { jobSchema } from '../../server/api/schemas.ts';
import { COLUMN_PROGRAM } from '../../server/columnProgram.ts';
import { interleaved, smallColumn } from '../support/block.ts';
import { headerJson } from '../support/column.ts';
import { assertContract, type SomeAnswer, unseenOutcomes } from '../support/contract.ts';
import {
  FAKE_KEYS,
  type FakeService,
  proveForever,
  SUM_PROGRAMS,
  startFakeService,
  succeed,
} from '../support/fakeServices.ts';
import { storedColumnProof } from '../support/storedProofs.ts';
import { openSocket, UpgradeRefused } from '../support/webSocket.ts';

const PROGRAMS = new Map([...SUM_PROGRAMS, [COLUMN_PROGRAM.name, COLUMN_PROGRAM]]);
const URL_OF_ALL = '/v1/aggregations';
const NONE = '/v1/aggregations/none';

const seen = new Set<string>();

async function expect(
  name: RouteName,
  outcome: string,
  answer: SomeAnswer | Promise<SomeAnswer>,
): Promise<Record<string, unknown>> {
  const { body, ...rest } = await answer;
  const got = assertContract(name, { body, ...rest });
  assert.equal(got, outcome, `${name}: ${body.slice(0, 400)}`);
  seen.add(`${name} ${got}`);
  return JSON.parse(body) as Record<string, unknown>;
}

const post = (on: FakeService, payload: object | string, headers = {}, url = URL_OF_ALL) =>
  on.app.inject({
    method: 'POST',
    url,
    payload,
    headers: { 'content-type': 'application/json', ...headers },
  });
const get = (on: FakeService, url: string) => on.app.inject({ url });
const cancel = (on: FakeService, url: string) => on.app.inject({ method: 'DELETE', url });

async function prove(on: FakeService, program: string, inputs: object): Promise<{ job: string }> {
  const answer = await post(on, { program, profile: 'leaf', inputs }, {}, '/v1/proofs');
  return { job: jobSchema.parse(answer.json()).id };
}

const sum = (on: FakeService, left: number) => prove(on, 'sum', { left, right: 0 });
const column = (on: FakeService, input: ColumnInput) =>
  prove(on, 'column', columnInputToJson(input) as object);

async function finished(on: FakeService, id: unknown): Promise<AggregationAnswer> {
  for (let round = 0; round < 500; round++) {
    const answer = aggregationSchema.parse((await get(on, `${URL_OF_ALL}/${id}`)).json());
    if (answer.state !== 'running') return answer;
    await sleep(2);
  }
  return assert.fail('it does not end');
}

/** Columns on accounts of their own; the first one has the most transfers, so that it is the first of the partition. */
const INPUTS = [smallColumn(0, 3, [1]), smallColumn(2, 2), smallColumn(4, 1)];
const LIST = interleaved(INPUTS.map(executeColumn));

const listJson = (list: readonly ListedTransfer[] = LIST): object[] => blockListToJson(list);

describe('the contract of aggregations', () => {
  let service: FakeService;
  let busy: FakeService;
  before(async () => {
    service = await startFakeService({ programs: PROGRAMS });
    busy = await startFakeService({
      programs: PROGRAMS,
      prove: proveForever,
      settings: { aggregationLimit: 1, aggregationLimitBytes: 4096 },
    });
  });
  after(() => Promise.all([service.close(), busy.close()]));

  const aggregate = (children: readonly object[], more = {}) => ({ kind: 'aggregate', children, ...more });
  const block = (children: readonly object[], list = listJson()) => ({ kind: 'block', children, list });

  it('answers what is asked for', async () => {
    const children = [await sum(service, 1), await sum(service, 2)];
    const { id } = await expect('submitAggregation', '202', post(service, aggregate(children)));
    const answer = await finished(service, id);
    assert.equal(answer.state, 'succeeded');
    await expect('getAggregation', '200', get(service, `${URL_OF_ALL}/${id}`));
    await expect('listAggregations', '200', get(service, URL_OF_ALL));
    const estimate = '/v1/estimates/aggregations?kind=';
    const known = await expect('estimateAggregation', '200', get(service, `${estimate}aggregate&children=8`));
    assert.equal((known['nodes'] as object[]).length, 7);
    assert.ok('times' in known);
    // No block has been proved here.
    const unknown = await expect(
      'estimateAggregation',
      '200',
      get(service, `${estimate}block&children=8&fanIn=4`),
    );
    assert.equal((unknown['nodes'] as object[]).length, 5);
    assert.ok(!('times' in unknown));
    await expect('estimateAggregation', 'malformed-request', get(service, `${estimate}block&children=0`));
    await expect('watchAggregation', '200', get(service, `${URL_OF_ALL}/${id}/events`));
    await expect('cancelAggregation', 'aggregation-finished', cancel(service, `${URL_OF_ALL}/${id}`));
    for (const [name, ask] of [
      ['getAggregation', get(service, NONE)],
      ['cancelAggregation', cancel(service, NONE)],
      ['watchAggregation', get(service, `${NONE}/events`)],
    ] as const)
      await expect(name, 'unknown-aggregation', ask);

    const running = await expect('submitAggregation', '202', post(busy, aggregate([await sum(busy, 1)])));
    await expect('submitAggregation', 'queue-full', post(busy, aggregate([await sum(busy, 2)])));
    await expect('cancelAggregation', '200', cancel(busy, `${URL_OF_ALL}/${running['id']}`));
  });

  it('refuses what does not have the form', async () => {
    const child = await sum(service, 3);
    const other = await sum(service, 4);
    const malformed: readonly object[] = [
      aggregate([]),
      aggregate([child, other], { fanIn: 1 }),
      aggregate([child, other], { fanIn: 9 }),
      aggregate([child, other], { fanIn: 2.5 }),
      aggregate([{ ...child, file: '' }]),
      aggregate([{}]),
      aggregate(Array.from({ length: 65 }, () => child)),
      aggregate([child], { list: listJson() }),
      { kind: 'tree', children: [child] },
      { kind: 'block', list: listJson() },
      { kind: 'block', list: [], children: [child] },
      { kind: 'block', list: [{ column: 0 }], children: [child] },
    ];
    for (const body of malformed) await expect('submitAggregation', 'malformed-request', post(service, body));
    await expect('submitAggregation', 'malformed-request', post(service, '{'));
    const text = { 'content-type': 'text/plain' };
    await expect('submitAggregation', 'unsupported-media-type', post(service, 'x', text));
    const wrong = { 'content-digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` };
    await expect('submitAggregation', 'digest-mismatch', post(service, aggregate([child]), wrong));
    const large = { 'content-length': String(100 * 2 ** 20) };
    await expect('submitAggregation', 'body-too-large', post(service, aggregate([child]), large));
  });

  it('refuses children by their number', async () => {
    const child = await sum(service, 5);
    const refused = async (code: string, second: object, named = 1): Promise<void> => {
      const problem = await expect('submitAggregation', code, post(service, aggregate([child, second])));
      assert.equal(problem['child'], named);
    };
    await refused('unknown-child', { job: 'none' });
    await refused('duplicate-child', child);
    await refused('mixed-children', await column(service, smallColumn(0, 1)));

    const failing = await startFakeService({
      prove: async () => ({ ok: false, code: 'INPUTS_REFUSED', detail: 'no', details: {} }),
    });
    const failed = await sum(failing, 1);
    for (let round = 0; failing.jobs.find(failed.job)?.state.name !== 'failed' && round < 100; round++)
      await sleep(2);
    await expect('submitAggregation', 'child-failed', post(failing, aggregate([failed])));
    await failing.close();

    const held = await startFakeService({ prove: proveForever });
    const runs = await sum(held, 1);
    const waits = await sum(held, 2);
    await held.app.inject({ method: 'DELETE', url: `/v1/proofs/${waits.job}` });
    const problem = await expect(
      'submitAggregation',
      'child-cancelled',
      post(held, aggregate([runs, waits])),
    );
    assert.equal(problem['child'], 1);
    const deadline = new Date(Date.now() + 50).toISOString();
    const body = { program: 'sum', profile: 'leaf', inputs: { left: 3, right: 0 }, deadline };
    const late = { job: jobSchema.parse((await post(held, body, {}, '/v1/proofs')).json()).id };
    for (let round = 0; held.jobs.find(late.job)?.state.name !== 'expired' && round < 200; round++)
      await sleep(5);
    await expect('submitAggregation', 'child-expired', post(held, aggregate([late])));
    const past = new Date(Date.now() - 1000).toISOString();
    await expect('submitAggregation', 'deadline-passed', post(held, aggregate([runs], { deadline: past })));
    await held.close();
  });

  it('refuses a key that was used, and trees that are too large', async () => {
    const children = [await sum(service, 71), await sum(service, 72)];
    const key = { 'idempotency-key': 'tree' };
    const { id } = await expect('submitAggregation', '202', post(service, aggregate(children), key));
    const again = await expect('submitAggregation', '202', post(service, aggregate(children), key));
    assert.equal(again['id'], id);
    const other = post(service, aggregate(children, { fanIn: 3 }), key);
    await expect('submitAggregation', 'idempotency-key-reused', other);
    let child = children[0];
    for (let level = 1; level <= 64; level++) {
      const { id: tree } = (await post(service, aggregate([child ?? {}]))).json();
      child = { job: (await finished(service, tree)).proof?.job ?? '' };
    }
    await expect('submitAggregation', 'tree-too-large', post(service, aggregate([child ?? {}])));
  });

  it('refuses uploads by their number', async () => {
    const file = decodeProofFile(storedColumnProof().bytes);
    // The real key of columns; of the others only digests are needed.
    const real = createKeyRing(PRODUCTION_SYSTEM);
    const ring: KeyRing = {
      ...real,
      aggregateKeyDigest: async () => FAKE_KEYS.aggregate,
      digestOf: (program, profile) =>
        program === 'column'
          ? real.digestOf(program, profile)
          : Promise.resolve(program === 'aggregate' ? FAKE_KEYS.aggregate : FAKE_KEYS.block),
      keyOf: (program, profile) =>
        program === 'column' ? real.keyOf(program, profile) : real.keyOf('column', 'leaf'),
    };
    const columnKey = await ring.digestOf('column', 'leaf');
    const uploads = await startFakeService({
      programs: PROGRAMS,
      prove: async () =>
        succeed(
          aggregateStatement(FAKE_KEYS.aggregate, [
            { kind: 'leaf', keyDigest: columnKey, statement: file.statement },
          ]),
        ),
      checker: {
        checkAggregation: (task) => checkAggregation(ring, task),
        keyDigest: async () => columnKey,
      },
    });
    const encoded = (changed: Partial<ProofFile> = {}): { file: string } => ({
      file: Buffer.from(encodeProofFile({ ...file, ...changed })).toString('base64'),
    });
    const refused = async (code: string, child: object): Promise<Record<string, unknown>> => {
      const problem = await expect('submitAggregation', code, post(uploads, aggregate([child])));
      assert.equal(problem['child'], 0);
      return problem;
    };
    const accepted = await expect('submitAggregation', '202', post(uploads, aggregate([encoded()])));
    const { state, children } = await finished(uploads, accepted['id']);
    assert.deepEqual([state, children[0]?.origin, children[0]?.state], ['succeeded', 'upload', 'succeeded']);

    await refused('malformed-child', { file: '????' });
    await refused('malformed-child', { file: Buffer.from('no proof').toString('base64') });
    await refused('malformed-child', { file: encoded().file.slice(0, -400) });
    await refused('malformed-child', encoded({ entries: [{ kind: 'inner', entries: [] }] }));
    await refused('child-test-only', encoded({ profile: 'TEST_ONLY_LEAF' }));
    await refused('child-wrong-key', encoded({ keyDigest: new Uint32Array(8) }));
    await refused('child-wrong-key', encoded({ profile: 'inner' }));
    await refused('child-wrong-key', encoded({ program: 'aggregate', profile: 'final' }));
    const flipped = file.proofBytes.slice();
    flipped[5000] = (flipped[5000] ?? 0) ^ 1;
    await refused('child-rejected', encoded({ proofBytes: flipped }));
    await refused('child-rejected', encoded({ statement: file.statement.with(0, 1), claim: undefined }));
    assert.ok(file.claim?.program === 'column');
    const claim = { ...file.claim, statement: { ...file.claim.statement, blockNumber: 1n } };
    await refused('claim-mismatch', encoded({ claim }));
    // The leaf below an aggregate has a key that nobody published.
    const leaf = { kind: 'leaf', keyDigest: new Uint32Array(8).fill(9), statement: file.statement } as const;
    await refused(
      'child-wrong-key',
      encoded({
        program: 'aggregate',
        profile: 'inner',
        keyDigest: FAKE_KEYS.aggregate,
        statement: aggregateStatement(FAKE_KEYS.aggregate, [leaf]),
        claim: undefined,
        entries: [{ ...leaf, claim: undefined }],
      }),
    );
    const problem = await expect(
      'submitAggregation',
      'claim-missing',
      post(uploads, block([encoded({ claim: undefined })])),
    );
    assert.equal(problem['child'], 0);
    await uploads.close();

    const large = await startFakeService({ settings: { aggregationLimitBytes: 2 ** 28 } });
    // 100 MB in base64.
    const bytes = 'A'.repeat(2 ** 27);
    await refusedBy(large, 'child-too-large', { file: bytes });
    await large.close();
  });

  async function refusedBy(on: FakeService, code: string, child: object): Promise<void> {
    const problem = await expect('submitAggregation', code, post(on, aggregate([child])));
    assert.equal(problem['child'], 0);
  }

  it('makes blocks of columns that are proved, or proves them', async () => {
    const children = [];
    for (const input of INPUTS) children.push(await column(service, input));
    const { id } = await expect('submitAggregation', '202', post(service, block(children)));
    const fromChildren = await finished(service, id);
    assert.equal(fromChildren.state, 'succeeded', JSON.stringify(fromChildren.failure));
    assert.deepEqual(
      fromChildren.nodes.map(({ role, profile }) => `${role} ${profile}`),
      ['aggregate inner', 'aggregate inner', 'block inner', 'shrink inner', 'final final'],
    );
    assert.equal(fromChildren.block?.['columnCount'], 3);
    assert.equal(fromChildren.block?.['transactionCount'], LIST.length);
    assert.equal(fromChildren.block?.['executedCount'], LIST.length - 1);

    const accounts = INPUTS.flatMap(
      (input) => (columnInputToJson(input) as { accounts: { address: string }[] }).accounts,
    );
    const columns = { count: 3, ...headerJson(INPUTS[0] ?? assert.fail()), accounts };
    const whole = { kind: 'block', list: listJson(), columns, fanIn: 4 };
    const fresh = await startFakeService({ programs: PROGRAMS });
    const submitted = await expect('submitAggregation', '202', post(fresh, whole));
    const fromInputs = await finished(fresh, submitted['id']);
    assert.equal(fromInputs.state, 'succeeded', JSON.stringify(fromInputs.failure));
    assert.deepEqual(fromInputs.block, fromChildren.block);
    assert.deepEqual(
      fromInputs.children.map(({ origin, state, statement }) => [origin, state, statement]),
      fromChildren.children.map(({ state, statement }) => ['column', state, statement]),
    );
    // Once more: nothing is proved again, not even the columns.
    const before = fresh.proved.length;
    const again = await expect('submitAggregation', '202', post(fresh, whole));
    assert.equal(again['state'], 'succeeded');
    assert.equal(fresh.proved.length, before);
    await fresh.close();

    const misplaced = LIST.map((transfer, index) => (index === 4 ? { ...transfer, column: 0 } : transfer));
    const wrong = await expect(
      'submitAggregation',
      'wrong-column',
      post(service, { ...whole, list: listJson(misplaced) }),
    );
    assert.equal(wrong['transaction'], 4);
    await expect(
      'submitAggregation',
      'inputs-refused',
      post(service, { ...whole, columns: { ...columns, accounts: [] } }),
    );
  });

  it('refuses columns that make no block', async () => {
    const [first, second, third] = INPUTS as [ColumnInput, ColumnInput, ColumnInput];
    const children = [];
    for (const input of INPUTS) children.push(await column(service, input));
    const refused = async (
      code: string,
      inputs: readonly (ColumnInput | object)[],
      child: number | undefined,
      list = listJson(),
    ): Promise<void> => {
      const jobs: object[] = [];
      for (const input of inputs)
        jobs.push('transfers' in input ? await column(service, input as ColumnInput) : input);
      const problem = await expect('submitAggregation', code, post(service, block(jobs, list)));
      assert.equal(problem['child'], child, JSON.stringify(problem));
    };
    // A column is missing, or is of another block, or has another base fee.
    await refused('column-missing', [first, second], undefined);
    await refused('other-block', [first, second, { ...third, blockNumber: 9n }], 2);
    await refused('other-block', [first, { ...second, chainId: 2n }, third], 1);
    await refused('other-block', [first, second, { ...third, blockGasLimit: 29_000_000n }], 2);
    await refused('other-block', [first, { ...second, coinbase: `0x${'c1'.repeat(20)}` }, third], 1);
    await refused('other-base-fee', [first, second, { ...third, baseFeePerGasWei: 7n }], 2);
    // Account 1 belongs to the first column.
    const overlapping = [first, second, smallColumn(1, 1)];
    const overlap = interleaved(overlapping.map(executeColumn));
    await refused('access-overlap', overlapping, 2, listJson(overlap));
    // A transaction is twice in a column, in the wrong one, not in the list, missing, out of order.
    const [transfer] = third.transfers;
    assert.ok(transfer);
    await refused('transaction-twice', [first, second, { ...third, transfers: [transfer, transfer] }], 2);
    await refused('transaction-not-listed', [first, second, smallColumn(8, 1)], 2);
    await refused('wrong-column', [first, third, second], 1);
    await refused(
      'transaction-missing',
      [first, { ...second, transfers: second.transfers.slice(0, 1) }, third],
      1,
    );
    await refused(
      'transaction-order',
      [first, { ...second, transfers: second.transfers.toReversed() }, third],
      1,
    );
    const empty = LIST.filter((each) => each.column !== 2);
    await refused('transaction-not-listed', INPUTS, 2, listJson(empty));
    await refused('no-column', [await sum(service, 9)], 0);
  });

  it('refuses a block that is too large for its numbers', async () => {
    const other = await startFakeService({
      programs: PROGRAMS,
      checker: {
        checkBlock: async () => ({ ok: false, code: 'block-refused', detail: 'no', details: { child: 0 } }),
      },
    });
    const job = await column(other, INPUTS[0] ?? assert.fail());
    await expect('submitAggregation', 'block-refused', post(other, block([job])));
    await other.close();
  });

  it('refuses when it cannot prove, and says nothing about its own mistakes', async () => {
    const failed = await startFakeService({ state: () => ({ state: 'failed', detail: 'no device' }) });
    await expect('submitAggregation', 'not-ready', post(failed, aggregate([{ job: 'any' }])));
    await failed.close();
    const stopping = await startFakeService();
    await stopping.jobs.close();
    await expect('submitAggregation', 'stopping', post(stopping, aggregate([{ job: 'any' }])));
    await stopping.close();
    const broken = await startFakeService({
      checker: {
        checkAggregation: async () => {
          throw new Error('secret');
        },
      },
    });
    const answer = await post(broken, aggregate([{ job: 'any' }]));
    await expect('submitAggregation', 'internal-error', answer);
    assert.ok(!answer.body.includes('secret'));
    await broken.close();
  });

  it('has places for so many watchers', async () => {
    const narrow = await startFakeService({ prove: proveForever, settings: { eventConnectionLimit: 1 } });
    await narrow.app.listen({ host: '127.0.0.1', port: 0 });
    const address = narrow.app.server.address();
    assert.ok(address !== null && typeof address === 'object');
    const body = await expect(
      'submitAggregation',
      '202',
      post(narrow, aggregate([await sum(narrow, 1), await sum(narrow, 2)])),
    );
    await openSocket(address.port, `${URL_OF_ALL}/${body['id']}/events`);
    const refusal = await openSocket(address.port, `${URL_OF_ALL}/${body['id']}/events`).then(
      () => assert.fail('it was accepted'),
      (error: unknown) => error,
    );
    assert.ok(refusal instanceof UpgradeRefused);
    seen.add(`watchAggregation ${(JSON.parse(refusal.body) as { code: string }).code}`);
    await narrow.close();
  });

  it('has provoked everything that the table promises', () => {
    const names = [
      'submitAggregation',
      'estimateAggregation',
      'listAggregations',
      'getAggregation',
      'cancelAggregation',
      'watchAggregation',
    ] as const;
    assert.deepEqual(unseenOutcomes(names, seen), []);
  });
});
