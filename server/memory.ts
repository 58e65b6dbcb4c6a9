/**
 * The memory that the service may take at most, part by part, beside what there is. Limits that nobody sets follow from the
 * memory of the machine or of its control group; a sum beyond it stops the start.
 */
import { totalmem } from 'node:os';
import { jsonHeapBytes } from './jsonShape.ts';

const MEBIBYTE = 2 ** 20;

/** The event loop's own heap and code. Measured: 100 to 220 MiB. */
const PROCESS_MEBIBYTES = 256;
/** A thread's code and constants. Measured: about 80 MiB. */
const THREAD_MEBIBYTES = 128;
/** An answer that its client does not take: a page of events is the largest that is not kept anyway. */
const ANSWER_MEBIBYTES = 0.25;

/** Of this machine, or of the control group that the process runs in. */
export function memoryMebibytes(): number {
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.floor(bytes / MEBIBYTE);
}

const share = (memory: number, parts: number, most: number): number =>
  Math.max(1, Math.min(most, Math.floor(memory / parts)));

/** Settings that nobody sets, by the memory in mebibytes; as texts, as flags have them. */
export function settingsOfMemory(memory: number): Readonly<Record<string, string>> {
  const bytes = (mebibytes: number): string => String(mebibytes * MEBIBYTE);
  // The first gibibyte is for what the threads need without any text.
  const json = bytes(share(memory - 1024, 1024, 8));
  return {
    bodyMebibytes: String(share(memory, 24, 768)),
    traceLimitBytes: bytes(share(memory, 48, 256)),
    proofLimitBytes: bytes(share(memory, 128, 16)),
    jsonLimitBytes: json,
    aggregationLimitBytes: json,
    queueMebibytes: String(share(memory, 24, 1024)),
    aggregationMebibytes: String(share(memory, 48, 512)),
    retentionMebibytes: String(share(memory, 48, 512)),
    connectionLimit: String(share(memory, 8, 1024)),
  };
}

/** Mebibytes of the heaps of all threads. */
export interface Heaps {
  readonly own: number;
  readonly submissions: number;
  readonly aggregations: number;
  readonly strangers: number;
  readonly estimator: number;
  readonly tracer: number;
}

interface Limits {
  readonly jsonLimitBytes: number;
  readonly aggregationLimitBytes: number;
  readonly bodyMebibytes: number;
  readonly queueMebibytes: number;
  readonly retentionMebibytes: number;
  readonly aggregationMebibytes: number;
  readonly connectionLimit: number;
}

/** Threads that read JSON have the heap that the worst text of their limit takes; the others share what there is. */
export function heapsOf({ jsonLimitBytes, aggregationLimitBytes }: Limits, memory: number): Heaps {
  const reader = (bytes: number): number => THREAD_MEBIBYTES + Math.ceil(jsonHeapBytes(bytes) / MEBIBYTE);
  return {
    own: share(memory, 10, 2048),
    submissions: reader(jsonLimitBytes),
    aggregations: reader(aggregationLimitBytes),
    strangers: share(memory, 20, 1024),
    estimator: Math.max(share(memory, 10, 2048), reader(jsonLimitBytes)),
    tracer: Math.max(share(memory, 5, 4096), reader(jsonLimitBytes)),
  };
}

/** Mebibytes of every part at most. */
export function memoryParts(limits: Limits, heaps: Heaps, memory: number): Readonly<Record<string, number>> {
  return {
    process: PROCESS_MEBIBYTES,
    answers: Math.ceil(limits.connectionLimit * ANSWER_MEBIBYTES),
    // A body is copied into the thread that reads it.
    bodies: 2 * limits.bodyMebibytes,
    waitingInputs: limits.queueMebibytes,
    retainedProofs: limits.retentionMebibytes,
    runningTrees: limits.aggregationMebibytes,
    ownVerificationHeap: heaps.own,
    submissionHeap: heaps.submissions,
    aggregationHeap: heaps.aggregations,
    strangersVerificationHeap: heaps.strangers,
    estimatorHeap: heaps.estimator,
    tracerHeap: heaps.tracer,
    handOverToProver: share(memory, 24, 1024),
  };
}

/** What is too much; undefined when there is memory for all parts. */
export function memoryFault(parts: Readonly<Record<string, number>>, memory: number): string | undefined {
  const sum = Object.values(parts).reduce((total, mebibytes) => total + mebibytes, 0);
  if (sum <= memory) return undefined;
  const list = Object.entries(parts).map(([name, mebibytes]) => `${name} ${mebibytes}`);
  return `the limits add up to ${sum} MiB and there are ${memory}: ${list.join(', ')}`;
}
