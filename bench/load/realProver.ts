/** A real prover that proves one small column after the other, beside the service under load. Tells how many it has proved. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinished } from '../../server/jobs/job.ts';
import { startTestOnlyQueue } from '../../test/support/testOnlyQueue.ts';

const queue = await startTestOnlyQueue();
let isStopping = false;
process.on('disconnect', () => {
  isStopping = true;
  queue.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
for (let proofs = 0; !isStopping; proofs++) {
  const { id } = queue.submit(1 + (proofs % 3));
  for (
    let job = queue.services.jobs.find(id);
    job && !isFinished(job.state);
    job = queue.services.jobs.find(id)
  )
    await sleep(20);
  const state = queue.services.jobs.find(id)?.state.name;
  if (process.connected) process.send?.({ proofs: proofs + 1, state });
}
