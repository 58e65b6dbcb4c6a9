/**
 * The service under load, as a process of its own: the real app over a prover that computes nothing. Tells its port, and on
 * any message the bytes of its heap after a garbage collection.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AttemptLost } from '../../server/prover/prover.ts';
import { honestProve, startFakeService } from '../../test/support/fakeServices.ts';

/** Of a proof; 50 a second, so that a hundred clients fill the queue. */
const PROVE_MS = 20;

const service = await startFakeService({
  prove: async (task, signal) => {
    await sleep(PROVE_MS, undefined, { signal }).catch(() => {
      throw new AttemptLost('ABORTED', 'aborted');
    });
    return honestProve(task);
  },
});
const url = await service.app.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ url });
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
process.on('message', () => {
  collectGarbage();
  process.send?.({ heapBytes: process.memoryUsage().heapUsed });
});
process.on('disconnect', () => {
  service.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
