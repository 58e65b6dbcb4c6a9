/**
 * A prover process for tests of the process itself: `systemName` says how it behaves. 'extend' extends the first trace by
 * two and returns the words; the others fail in one particular way.
 */

import type { ComputeDevice } from '../../kernels/device.ts';
import { readColumns, releaseMatrix, uploadColumns } from '../../kernels/matrix.ts';
import { extendMatrix } from '../../kernels/ntt.ts';
import { serveProver } from '../../kernels/process/child.ts';
import type { ProveRequest } from '../../kernels/process/protocol.ts';

async function extend(device: ComputeDevice, request: ProveRequest): Promise<Uint8Array> {
  const [trace] = request.traces;
  if (!trace) throw new TypeError('no trace');
  const matrix = await uploadColumns(device, 2 ** trace.logHeight, trace.columns, 'trace');
  const extended = await extendMatrix(device, matrix, 1, 'extension');
  const words = await readColumns(device, extended);
  releaseMatrix(device, matrix);
  releaseMatrix(device, extended);
  return new Uint8Array(Buffer.concat(words.map((column) => new Uint8Array(column.buffer))));
}

await serveProver({
  async prepare(device) {
    await device.pipelines.kernel({ shader: 'toMontgomeryWords', workgroupSize: 256 });
  },
  async prove(device, request, signal, onProgress) {
    switch (request.systemName) {
      case 'extend':
        break;
      case 'crash':
        return process.abort();
      case 'exit':
        return process.exit(3);
      case 'silent':
        for (;;);
      case 'lost':
        device.gpu.destroy();
        await device.lost;
        break;
      case 'memory':
        await device.arena.acquire(1 << 30, 'too much');
        break;
      case 'wait':
        onProgress({ stage: 'waiting', fraction: 0.5, seconds: 0 });
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        });
        break;
      default:
        throw new TypeError(`no system named ${request.systemName}`);
    }
    const proof = await extend(device, request);
    return {
      proof,
      preprocessedLogHeights: [],
      preprocessedCap: new Uint32Array(0),
      adapterName: device.adapter.name,
      stageSeconds: {},
      totalSeconds: 0,
      deviceSeconds: device.queue.statistics.busySeconds,
      peakDeviceBytes: device.arena.gauge().peakBytes,
      longestSubmissionMs: device.queue.statistics.longestSubmissionMs,
    };
  },
});
