/** Real proofs below and above a block under TEST_ONLY profiles, by any backend. */
import assert from 'node:assert/strict';
import type { ExecutionTrace } from '../../machine/executionTrace.ts';
import type { Program } from '../../machine/program.ts';
import { buildTraces, COLONNADE_MACHINE, preprocessedTraces, run } from '../../machine/system.ts';
import { buildTestOnlyAggregateProgram } from '../../programs/aggregate/aggregateProgram.ts';
import type { AggregateEntry } from '../../programs/aggregate/aggregateStatement.ts';
import { prepareAggregate } from '../../programs/aggregate/prepare.ts';
import { runAggregate } from '../../programs/aggregate/run.ts';
import { type Child, childWitness } from '../../programs/aggregate/witness.ts';
import { type BlockProgramKeys, buildTestOnlyBlockProgram } from '../../programs/block/blockProgram.ts';
import { type BlockChild, prepareBlock } from '../../programs/block/prepare.ts';
import { runBlockProgram } from '../../programs/block/run.ts';
import { type ColumnStatement, columnStatementDigest } from '../../programs/column/statement.ts';
import type { Backend } from '../../stark/backend.ts';
import { generateKey, keyDigest, type ProvingKey } from '../../stark/keys.ts';
import { type Profile, profileDigest, TEST_ONLY_INNER, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import type { VerifierPolicy } from '../../stark/verifier.ts';
import type { TestBlock } from './block.ts';
import { COLUMN_PROGRAM, runColumn } from './column.ts';

const PROFILES: readonly Profile[] = [TEST_ONLY_LEAF, TEST_ONLY_INNER];
export const POLICY: VerifierPolicy = { acceptedProfileDigests: PROFILES.map(profileDigest) };
const VERIFIABLE = { system: COLONNADE_MACHINE, profiles: PROFILES };

/** A proof of the aggregate program; `inner` is what lies below. */
export type AggregateChild = Child & {
  readonly inner: { readonly kind: 'inner'; readonly entries: readonly AggregateEntry[] };
};

export interface BlockProofs {
  readonly aggregateProgram: Program;
  /** Under the profile of aggregates. */
  readonly aggregateKey: ProvingKey;
  readonly blockProgram: Program;
  readonly blockProgramKeys: BlockProgramKeys;
  keyOf(program: Program, profile: Profile): Promise<ProvingKey>;
  proveColumn(column: ColumnStatement): Promise<Child>;
  /** Under the key given, with `aggregateKey` as the K that the program is told. */
  proveAggregate(children: readonly Child[], key?: ProvingKey): Promise<AggregateChild>;
  /** A verified run of the block program. */
  runBlock(block: TestBlock, children: readonly AggregateChild[]): ExecutionTrace;
  proveRun(program: Program, key: ProvingKey, execution: ExecutionTrace): Promise<Child>;
}

export async function createBlockProofs(backend: Backend): Promise<BlockProofs> {
  const keyOf = (program: Program, profile: Profile): Promise<ProvingKey> =>
    generateKey(backend, COLONNADE_MACHINE, profile, preprocessedTraces(program));
  const columnKey = await keyOf(COLUMN_PROGRAM, TEST_ONLY_LEAF);
  const aggregateProgram = buildTestOnlyAggregateProgram(PROFILES);
  const aggregateKey = await keyOf(aggregateProgram, TEST_ONLY_INNER);
  const aggregateKeyDigest = keyDigest(aggregateKey.verifyingKey);
  const blockProgramKeys = {
    aggregateKeyDigest,
    columnKeyDigests: [keyDigest(columnKey.verifyingKey)],
  };
  const blockProgram = buildTestOnlyBlockProgram(blockProgramKeys, COLONNADE_MACHINE, [TEST_ONLY_INNER]);

  async function proveRun(program: Program, key: ProvingKey, execution: ExecutionTrace): Promise<Child> {
    const { statement } = execution;
    const proofBytes = await prove(backend, key, statement, buildTraces(program, execution));
    return { key: key.verifyingKey, statement, proofBytes, inner: undefined };
  }

  return {
    aggregateProgram,
    aggregateKey,
    blockProgram,
    blockProgramKeys,
    keyOf,
    proveRun,
    async proveColumn(column) {
      const execution = runColumn(column);
      assert.deepEqual(execution.statement, columnStatementDigest(column));
      return proveRun(COLUMN_PROGRAM, columnKey, execution);
    },
    async proveAggregate(children, key = aggregateKey) {
      const { witnesses, entries, statement } = prepareAggregate(
        aggregateKeyDigest,
        children,
        POLICY,
        VERIFIABLE,
      );
      const execution = runAggregate(run, aggregateProgram, aggregateKeyDigest, witnesses);
      assert.deepEqual(execution.statement, statement);
      return {
        ...(await proveRun(aggregateProgram, key, execution)),
        inner: { kind: 'inner', entries },
      };
    },
    runBlock({ columns, list }, children) {
      const below = children.map((child): BlockChild => ({ ...child, entries: child.inner.entries }));
      const { witness } = prepareBlock(blockProgramKeys, below, columns, list, POLICY);
      const witnesses = children.map((child) => {
        const witnessed = childWitness(COLONNADE_MACHINE, [TEST_ONLY_INNER], child);
        assert.ok(witnessed.ok);
        return witnessed.witness;
      });
      return runBlockProgram(run, blockProgram, witness, witnesses);
    },
  };
}
