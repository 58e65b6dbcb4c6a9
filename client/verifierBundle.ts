/**
 * The stand-alone verifier: `npm run bundle:verifier` makes one ES module of this file, without imports, for browsers and for whoever
 * wants to check proofs with nothing else installed. Give it published keys and a proof file.
 */
import { type Claim, claimToJson } from './claims.ts';
import { ClientError } from './errors.ts';
import { formatDigest } from './jsonFields.ts';
import { decodeProofFile } from './proofFile.ts';
import { parsePublishedKeys } from './publishedKeys.ts';
import { productionSystem, verifyProofFile } from './verifyFile.ts';

export interface BundleLeaf {
  readonly program: string;
  readonly profile: string;
  readonly keyDigest: string;
  readonly statement: string;
  /** The typed statement as JSON, checked against the statement; absent when the file holds none. */
  readonly claim?: Readonly<Record<string, unknown>>;
}

export type BundleVerdict =
  | {
      readonly isValid: true;
      readonly program: string;
      readonly profile: string;
      readonly keyDigest: string;
      readonly statement: string;
      /** Of the weakest layer of the tree. */
      readonly provableBits: number;
      /** What a collision of the hash costs; every layer rests on it. */
      readonly collisionBits: number;
      readonly leaves: readonly BundleLeaf[];
    }
  | {
      readonly isValid: false;
      /** A code of docs/cli.md, section Refusals. */
      readonly reason: string;
      readonly details: Readonly<Record<string, string | number>>;
    };

/** Whether the file's proof shows what the file says, if these are the published keys. Never throws, whatever it is given. */
export function verify(keysJson: string, fileBytes: Uint8Array): BundleVerdict {
  try {
    const system = productionSystem();
    const verdict = verifyProofFile(parsePublishedKeys(keysJson, system), system, decodeProofFile(fileBytes));
    if (!verdict.ok) return { isValid: false, reason: verdict.reason, details: verdict.details };
    const { program, profile, keyDigest, statement, provableBits, collisionBits, leaves } = verdict;
    return {
      isValid: true,
      program,
      profile,
      keyDigest: formatDigest(keyDigest),
      statement: formatDigest(statement),
      provableBits,
      collisionBits,
      leaves: leaves.map((leaf) => ({
        program: leaf.program,
        profile: leaf.profile,
        keyDigest: formatDigest(leaf.keyDigest),
        statement: formatDigest(leaf.statement),
        ...claimOf(leaf.claim),
      })),
    };
  } catch (error) {
    if (error instanceof ClientError) return { isValid: false, reason: error.code, details: error.details };
    // A fault of this module, or an argument of another type: it says nothing of the proof, so the proof is not valid.
    return {
      isValid: false,
      reason: 'INTERNAL_ERROR',
      details: { got: error instanceof Error ? error.name : typeof error },
    };
  }
}

function claimOf(claim: Claim | undefined): Pick<BundleLeaf, 'claim'> {
  return claim === undefined ? {} : { claim: claimToJson(claim) };
}
