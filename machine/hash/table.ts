/** The hash table: compress calls, one row a compress. Source: docs/spec/machine.md, section Calls. */
import type { CallTable } from '../callTable.ts';
import { TAG } from '../instruction.ts';
import { hashAir } from './air.ts';
import { executeHash, hashInteriorWords, hashRows, hashWitnessWords, traceHash } from './trace.ts';

export { completeHashTrace } from './expand.ts';

export const hashTable: CallTable = {
  air: hashAir,
  tags: [TAG.HASH_CHAIN, TAG.HASH_PATH],
  execute: executeHash,
  rowsOf: hashRows,
  witnessWords: hashWitnessWords,
  interiorWords: hashInteriorWords,
  createState: () => undefined,
  trace: traceHash,
};
