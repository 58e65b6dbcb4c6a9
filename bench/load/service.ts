/** The service under load, as a process of its own: the real app over a prover that computes nothing. Tells its port. */
import { setTimeout as sleep } from 'node:timers/promises';
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
process.on('disconnect', () => {
  service.close().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
