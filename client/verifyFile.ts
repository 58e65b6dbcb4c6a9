/**
 * Verifies a proof file natively, with published keys as the only root of trust: the key is found by program and profile, the statement
 * of an aggregate is recomputed from its tree, that of a typed claim from the claim, and everything the file names is compared.
 * Source: docs/cli.md, section What verify checks.
 */
import { COLONNADE_MACHINE } from '../machine/system.ts';
import { aggregateStatement } from '../programs/aggregate/aggregateStatement.ts';
import { FINAL, INNER, LEAF } from '../stark/profile.ts';
import { COLLISION_BITS } from '../stark/soundness.ts';
import { productionPolicy, verify } from '../stark/verifier.ts';
import { type Claim, claimDigest } from './claims.ts';
import { formatDigest, isSameDigest } from './jsonFields.ts';
import { aggregateEntries, leavesOf, type ProofFile } from './proofFile.ts';
import {
  bitsBehind,
  findKey,
  findKeyByDigest,
  type KnownSystem,
  type PublishedKey,
  type PublishedKeys,
} from './publishedKeys.ts';

/** What the verifier of production knows. */
export function productionSystem(): KnownSystem {
  return { machine: COLONNADE_MACHINE, profiles: [LEAF, INNER, FINAL], policy: productionPolicy() };
}

export const FILE_REJECTIONS = {
  KEY_NOT_PUBLISHED: 'No published key is for this program and profile.',
  KEY_MISMATCH: 'The file was made under another key than the published one.',
  CLAIM_MISMATCH: 'The digest of the claim is not the statement beside it.',
  CLAIM_OF_OTHER_PROGRAM: 'The claim is for another program than the key.',
  TREE_MISSING: 'An aggregate is only believed with the tree below it, and the file holds none.',
  TREE_UNEXPECTED: 'The file holds a tree, but its program is not the aggregate program.',
  STATEMENT_MISMATCH: 'The statement is not that of the tree in the file.',
  LEAF_NOT_ALLOWED: 'A leaf was proved under a key that is not on the published list of leaf keys.',
  LIST_NOT_STATED: 'An inclusion list was given, but the file shows no block whose summary it holds.',
  LIST_MISMATCH: 'The block has another inclusion list than the one that was given.',
  PROOF_REJECTED: 'The proof does not verify; `check` names the first check that fails.',
} as const;

export type FileRejectionCode = keyof typeof FILE_REJECTIONS;

export interface ShownLeaf {
  readonly program: string;
  readonly profile: string;
  readonly keyDigest: Uint32Array;
  readonly statement: Uint32Array;
  /** Checked: its digest is the statement. */
  readonly claim: Claim | undefined;
}

export type FileVerdict =
  | {
      readonly ok: true;
      readonly program: string;
      readonly profile: string;
      readonly keyDigest: Uint32Array;
      readonly statement: Uint32Array;
      /** Of the weakest layer: the proof's own, those below it in the tree, and those that a program below has verified. */
      readonly provableBits: number;
      /** What a collision of the hash costs; every layer rests on it. */
      readonly collisionBits: number;
      /** In order: the leaves of an aggregate, else the proof itself. */
      readonly leaves: readonly ShownLeaf[];
    }
  | {
      readonly ok: false;
      readonly reason: FileRejectionCode;
      readonly details: Readonly<Record<string, string | number>>;
    };

export type Bounds = Pick<Extract<FileVerdict, { ok: true }>, 'provableBits' | 'collisionBits'>;

/** The two bounds of a verdict, never rounded up. */
export function formatBits({ provableBits, collisionBits }: Bounds): string {
  const tenths = (bits: number): string => (Math.floor(10 * bits) / 10).toFixed(1);
  return `${tenths(provableBits)} provable bits, ${tenths(collisionBits)} against collisions`;
}

/** Decides whether the file's proof shows what the file says, under a published key. Does not throw on a bad file. */
export function verifyProofFile(keys: PublishedKeys, known: KnownSystem, file: ProofFile): FileVerdict {
  const { program, profile, statement, claim, entries, proofBytes } = file;
  const published = findKey(keys.keys, program, profile);
  if (published === undefined) return reject('KEY_NOT_PUBLISHED', { program, profile });
  if (!isSameDigest(published.keyDigest, file.keyDigest))
    return reject('KEY_MISMATCH', {
      program,
      profile,
      expected: formatDigest(published.keyDigest),
      got: formatDigest(file.keyDigest),
    });

  const { aggregate } = keys;
  const isAggregate = program === aggregate?.program;
  if (isAggregate && entries === undefined) return reject('TREE_MISSING', { program });
  if (!isAggregate && entries !== undefined) return reject('TREE_UNEXPECTED', { program });
  const layers: PublishedKey[] = [published];
  const leaves: ShownLeaf[] = [];
  if (isAggregate && entries !== undefined) {
    for (const [leaf, { keyDigest, statement: stated, claim: claimed }] of leavesOf(entries).entries()) {
      const isAllowed = aggregate.leafKeyDigests.some((allowed) => isSameDigest(allowed, keyDigest));
      const leafKey = findKeyByDigest(keys, keyDigest);
      if (!isAllowed || leafKey === undefined)
        return reject('LEAF_NOT_ALLOWED', { leaf, got: formatDigest(keyDigest) });
      layers.push(leafKey);
      leaves.push({
        program: leafKey.program,
        profile: leafKey.profile,
        keyDigest,
        statement: stated,
        claim: claimed,
      });
    }
    const recursiveKey = findKeyByDigest(keys, aggregate.recursiveKeyDigest);
    if (recursiveKey !== undefined && entries.some(({ kind }) => kind === 'inner')) layers.push(recursiveKey);
    const expected = aggregateStatement(aggregate.recursiveKeyDigest, aggregateEntries(entries));
    if (!isSameDigest(expected, statement))
      return reject('STATEMENT_MISMATCH', { expected: formatDigest(expected), got: formatDigest(statement) });
    if (claim !== undefined) return reject('CLAIM_OF_OTHER_PROGRAM', { program });
  } else leaves.push({ program, profile, keyDigest: published.keyDigest, statement, claim });

  for (const [leaf, shown] of leaves.entries()) {
    const fault = claimFault(shown.program, shown.statement, shown.claim);
    if (fault !== undefined)
      return reject(fault, {
        ...(isAggregate ? { leaf } : { program }),
        statement: formatDigest(shown.statement),
      });
  }

  const verdict = verify(published.verifyingKey, statement, proofBytes, known.policy);
  if (!verdict.ok) return reject('PROOF_REJECTED', { check: verdict.reason, ...verdict.details });
  const provableBits = Math.min(...new Set(layers.map(bitsBehind)));
  return {
    ok: true,
    program,
    profile,
    keyDigest: published.keyDigest,
    statement,
    provableBits,
    collisionBits: COLLISION_BITS,
    leaves,
  };
}

function claimFault(
  program: string,
  statement: Uint32Array,
  claim: Claim | undefined,
): 'CLAIM_MISMATCH' | 'CLAIM_OF_OTHER_PROGRAM' | undefined {
  if (claim === undefined) return undefined;
  if (claim.program !== program) return 'CLAIM_OF_OTHER_PROGRAM';
  return isSameDigest(claimDigest(claim), statement) ? undefined : 'CLAIM_MISMATCH';
}

function reject(reason: FileRejectionCode, details: Readonly<Record<string, string | number>>): FileVerdict {
  return { ok: false, reason, details };
}
