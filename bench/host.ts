/** Rates of the host: the executor on plain instructions, and the hash that verifier, executor and witnesses use. */
import { buildTraces, run } from '../machine/system.ts';
import {
  compressInto,
  compressMany,
  createPlainBlockCompressor,
  DIGEST_WORDS,
} from '../stark/hash/poseidon.ts';
import { LOOP_CYCLES, loopProgram } from './guests.ts';
import {
  figureOf,
  type MeasurementOutcome,
  type MeasurementSettings,
  rateOf,
  timeRuns,
} from './measurement.ts';
import { spreadWords } from './words.ts';

const CYCLES = { quick: 2 ** 14, software: 2 ** 20, hardware: 2 ** 20 } as const;
const COMPRESSIONS = { quick: 2 ** 10, software: 2 ** 16, hardware: 2 ** 16 } as const;

export async function measureExecutor({ scale, runs }: MeasurementSettings): Promise<MeasurementOutcome> {
  const program = loopProgram(Math.floor(CYCLES[scale] / LOOP_CYCLES));
  const execution = run(program);
  const cycles = execution.pc.length;
  const seconds = await timeRuns(runs, () => run(program));
  const traceSeconds = await timeRuns(runs, () => buildTraces(program, execution));
  return {
    figures: [
      rateOf('executor', 'cycles/s', cycles, seconds, { target: { bound: 'atLeast', value: 5_000_000 } }),
      figureOf('columns of that run', 's', traceSeconds),
    ],
    facts: { cycles, memoryWords: execution.memory.length },
  };
}

export async function measureHostCompress({ scale, runs }: MeasurementSettings): Promise<MeasurementOutcome> {
  const count = COMPRESSIONS[scale];
  const words = spreadWords(DIGEST_WORDS * (count + 1));
  const blocks = spreadWords(2 * DIGEST_WORDS * count);
  const digests = new Uint32Array(DIGEST_WORDS * count);
  const state = new Uint32Array(DIGEST_WORDS);
  const chained = await timeRuns(runs, () => {
    for (let block = 0; block < count; block++) {
      compressInto(state, 0, state, 0, words, DIGEST_WORDS * block);
    }
  });
  const many = await timeRuns(runs, () => compressMany(digests, blocks));
  const plain = createPlainBlockCompressor();
  const inTypeScript = await timeRuns(runs, () => {
    for (let block = 0; block < count; block++) plain.compressBlocks(1);
  });
  return {
    figures: [
      rateOf('compress on the host, in a chain', 'compress/s', count, chained, {
        target: { bound: 'atLeast', value: 1_000_000 },
      }),
      rateOf('compress on the host, many at once', 'compress/s', count, many, {
        target: { bound: 'atLeast', value: 1_000_000 },
      }),
      rateOf('compress in TypeScript', 'compress/s', count, inTypeScript, {
        target: { bound: 'atLeast', value: 150_000 },
      }),
    ],
  };
}
