/**
 * What the host checks before an aggregate is run and proved: every child verifies natively, and the children are what they are
 * declared to be. The program checks it all again; here it costs little and names the child and the step.
 * Source: docs/spec/recursion.md.
 */

import { COLONNADE_MACHINE } from '../../machine/system.ts';
import type { AirSystem } from '../../stark/air/air.ts';
import { keyDigest, readKey } from '../../stark/keys.ts';
import type { Profile } from '../../stark/profile.ts';
import { copyOfBytes, copyOfWords } from '../../stark/sealed.ts';
import { type VerifierPolicy, verify } from '../../stark/verifier.ts';
import { CHILD_PROFILES } from './aggregateProgram.ts';
import { type AggregateEntry, aggregateStatement, readTree } from './aggregateStatement.ts';
import { AggregationError } from './errors.ts';
import { type Child, type ChildWitness, childWitness } from './witness.ts';

export interface PreparedAggregate {
  readonly witnesses: readonly ChildWitness[];
  readonly entries: readonly AggregateEntry[];
  /** What the aggregate will state. */
  readonly statement: Uint32Array;
}

function isSame(left: Uint32Array, right: Uint32Array): boolean {
  return left.length === right.length && left.every((word, index) => word === right[index]);
}

/** Bytes that no proof under an accepted profile comes near; what is longer is not even decoded. */
export const MAXIMUM_CHILD_BYTES = 16 * 2 ** 20;

/** What the aggregate program verifies, in its order. */
export interface Verifiable {
  readonly system: AirSystem;
  readonly profiles: readonly Profile[];
}

/** What `buildAggregateProgram` verifies. */
export const VERIFIABLE: Verifiable = { system: COLONNADE_MACHINE, profiles: CHILD_PROFILES };

/** The child, each part read once, so that what is verified, stated and witnessed is the same. Throws: AggregationError. */
function readChild(child: number, { key, statement, proofBytes, inner }: Child): Child {
  const bytes = copyOfBytes(proofBytes);
  const words = copyOfWords(statement);
  if (bytes === undefined || words === undefined)
    throw new AggregationError('CHILD_REJECTED', {
      child,
      reason: bytes === undefined ? 'PROOF_NOT_BYTES' : 'STATEMENT_MALFORMED',
    });
  if (bytes.length > MAXIMUM_CHILD_BYTES)
    throw new AggregationError('CHILD_TOO_LARGE', { child, atMost: MAXIMUM_CHILD_BYTES, got: bytes.length });
  const read = readKey(key);
  if (!read.ok)
    throw new AggregationError('CHILD_REJECTED', {
      child,
      reason: 'KEY_MALFORMED',
      code: read.fault.code,
      ...read.fault.details,
    });
  return {
    key: read.key,
    statement: words,
    proofBytes: bytes,
    inner: inner && { kind: 'inner', entries: readTree(inner.entries).entries },
  };
}

/**
 * Checks the children of an aggregate under the key with digest `aggregateKeyDigest`, whose program verifies what `verifiable`
 * says; a child is believed under the policy only. Throws: AggregationError.
 */
export function prepareAggregate(
  aggregateKeyDigest: Uint32Array,
  givenChildren: readonly Child[],
  policy: VerifierPolicy,
  { system, profiles }: Verifiable = VERIFIABLE,
): PreparedAggregate {
  const children = Array.from(givenChildren, (each, child) => readChild(child, each));
  if (children.length === 0) throw new AggregationError('NO_ENTRIES');
  const witnesses: ChildWitness[] = [];
  const entries: AggregateEntry[] = [];
  const firstWith = new Map<string, number>();
  for (const [child, each] of children.entries()) {
    const verdict = verify(each.key, each.statement, each.proofBytes, policy);
    if (!verdict.ok)
      throw new AggregationError('CHILD_REJECTED', { child, reason: verdict.reason, ...verdict.details });
    const digest = keyDigest(each.key);
    const isInner = isSame(digest, aggregateKeyDigest);
    if (each.inner !== undefined && !isInner) throw new AggregationError('NOT_AN_AGGREGATE', { child });
    if (each.inner === undefined && isInner) throw new AggregationError('UNDECLARED_AGGREGATE', { child });
    if (
      each.inner !== undefined &&
      !isSame(each.statement, aggregateStatement(aggregateKeyDigest, each.inner.entries))
    )
      throw new AggregationError('STATEMENT_MISMATCH', { child });
    const name = `${digest.join(' ')} ${each.statement.join(' ')}`;
    const first = firstWith.get(name);
    if (first !== undefined) throw new AggregationError('DUPLICATE_CHILD', { child, first });
    firstWith.set(name, child);
    const witnessed = childWitness(system, profiles, each);
    if (!witnessed.ok)
      throw new AggregationError(
        witnessed.reason === 'PROFILE_NOT_VERIFIED' ? 'PROFILE_NOT_VERIFIED' : 'CHILD_REJECTED',
        { child, ...witnessed.details },
      );
    witnesses.push(witnessed.witness);
    entries.push(each.inner ?? { kind: 'leaf', keyDigest: digest, statement: each.statement });
  }
  return { witnesses, entries, statement: aggregateStatement(aggregateKeyDigest, entries) };
}
