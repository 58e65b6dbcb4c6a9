/**
 * Golden proofs of production, as files that anybody can verify: `colonnade verify test/vectors/proofs/NAME.proof`. They are kept so that a change of
 * protocol, machine, profile or program cannot pass unnoticed; docs/keys.md says what to do when one no longer verifies.
 */
import { readFileSync } from 'node:fs';

export const KEYS_FILE: URL = new URL('../../keys.json', import.meta.url);
/** Column 0 of block 19933122 cut into 2, under `leaf`. */
export const COLUMN_PROOF: URL = new URL('../vectors/proofs/column-19933122-0-of-2.proof', import.meta.url);

/** Both columns of that block, aggregated and wrapped under `final`. */
export const AGGREGATE_PROOF: URL = new URL(
  '../vectors/proofs/aggregate-19933122-final.proof',
  import.meta.url,
);

/** The final proof of that block from its two columns, as the demo writes it. */
export const BLOCK_PROOF: URL = new URL('../vectors/proofs/block-19933122-2.proof', import.meta.url);

/** Both columns of that block, aggregated: the proof that the one under `final` wraps. */
export const INNER_PROOF: URL = new URL('../vectors/proofs/aggregate-19933122-inner.proof', import.meta.url);

/** The final proof of block 19932703 from two columns: five of its transactions are skipped. */
export const SKIPPED_PROOF: URL = new URL('../vectors/proofs/block-19932703-2.proof', import.meta.url);

export interface StoredProof {
  readonly keysJson: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

function storedProof(file: URL): StoredProof {
  return { keysJson: readFileSync(KEYS_FILE, 'utf8'), bytes: new Uint8Array(readFileSync(file)) };
}

export function storedColumnProof(): StoredProof {
  return storedProof(COLUMN_PROOF);
}

export function storedBlockProof(): StoredProof {
  return storedProof(BLOCK_PROOF);
}
