/** A block that shares the job of a column with somebody who submitted it and does not want it any more. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { blockListToJson } from '../../programs/block/blockJson.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { columnInputToJson } from '../../programs/column/input.ts';
import { aggregationSchema } from '../../server/api/aggregationSchemas.ts';
import { jobSchema } from '../../server/api/schemas.ts';
import { COLUMN_PROGRAM } from '../../server/columnProgram.ts';
import { interleaved, smallColumn } from '../support/block.ts';
import { headerJson } from '../support/column.ts';
import { honestProve, proveForever, SUM_PROGRAMS, startFakeService } from '../support/fakeServices.ts';

it('a block proves a column itself when whoever submitted its job cancels it', async () => {
  const programs = new Map([...SUM_PROGRAMS, [COLUMN_PROGRAM.name, COLUMN_PROGRAM]]);
  let begun = 0;
  const service = await startFakeService({
    programs,
    prove: (task, signal) => {
      begun += 1;
      return begun === 1 ? proveForever(task, signal) : honestProve(task);
    },
  });
  const post = (url: string, payload: object) => service.app.inject({ method: 'POST', url, payload });
  const columns = [smallColumn(0, 3, [1]), smallColumn(2, 2)];
  const inputs = columns.map((column) => columnInputToJson(column) as { accounts: object[] });
  const [first] = columns;
  assert.ok(first);
  const accounts = inputs.flatMap((input) => input.accounts);
  const strangers = jobSchema.parse(
    (await post('/v1/proofs', { program: 'column', profile: 'leaf', inputs: inputs[0] })).json(),
  );
  const submitted = await post('/v1/aggregations', {
    kind: 'block',
    list: blockListToJson(interleaved(columns.map(executeColumn))),
    columns: { count: 2, ...headerJson(first), accounts },
  });
  assert.equal(submitted.statusCode, 202, submitted.body);
  const { id, children } = aggregationSchema.parse(submitted.json());
  assert.equal(children[0]?.job, strangers.id);
  const cancelled = await service.app.inject({ method: 'DELETE', url: `/v1/proofs/${strangers.id}` });
  assert.equal(cancelled.statusCode, 200, cancelled.body);
  const { aggregations } = service.services;
  for (let round = 0; round < 500 && aggregations.find(id)?.state.name === 'running'; round++) await sleep(2);
  const ended = aggregations.find(id) ?? assert.fail();
  assert.equal(ended.state.name, 'succeeded', JSON.stringify(ended.state));
  assert.notEqual(ended.leaves[0]?.job?.id, strangers.id);
  assert.equal(service.jobs.find(strangers.id)?.state.name, 'cancelled');
  await service.close();
});
