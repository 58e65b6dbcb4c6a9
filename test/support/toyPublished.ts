/**
 * Published keys of toy programs, and proof files under them for any statement: the toy machine binds two words of a statement to its first
 * row, the transcript the rest. The toy `column`, `block` and `aggregate` differ in their preprocessed columns, as programs do.
 */
import { type Claim, type ColumnClaim, claimDigest } from '../../client/claims.ts';
import { aggregateEntries, type EntryOfFile, type ProofFile } from '../../client/proofFile.ts';
import {
  formatPublishedKeys,
  type KnownSystem,
  type PublishedKeys,
  parsePublishedKeys,
} from '../../client/publishedKeys.ts';
import { aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import type { ColumnStatement } from '../../programs/column/statement.ts';
import type { TableTrace } from '../../stark/air/air.ts';
import * as field from '../../stark/field/koalaBear.ts';
import { generateKey, keyDigest, type ProvingKey } from '../../stark/keys.ts';
import { profileDigest, TEST_ONLY_LEAF } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import { createReferenceBackend } from '../../stark/reference/backend.ts';
import { columnOf, transferOf } from './column.ts';
import { SLOT, type ToyInstance, toyInstance, toySystem } from './toySystems.ts';

const HEIGHTS = { walk: 5, square: 3, pulse: 4 } as const;

export const TOY_KNOWN: KnownSystem = {
  machine: toySystem,
  profiles: [TEST_ONLY_LEAF],
  policy: { acceptedProfileDigests: [profileDigest(TEST_ONLY_LEAF)] },
};

const FIRST_NIBBLES = { column: 0, aggregate: 100, other: 200, block: 300 } as const;
export type ToyProgram = keyof typeof FIRST_NIBBLES;

export interface ToyPublished {
  readonly keysJson: string;
  readonly keys: PublishedKeys;
  /** A valid proof of any statement. */
  proofOf(program: ToyProgram, statement: Uint32Array): Promise<ProofFile>;
  columnFile(claim: Claim): Promise<ProofFile>;
  aggregateFile(entries: readonly EntryOfFile[]): Promise<ProofFile>;
}

/** `other` has a published key but is no program whose leaves are believed. */
export async function toyPublished(): Promise<ToyPublished> {
  const backend = createReferenceBackend();
  const settings = new Map<ToyProgram, { readonly instance: ToyInstance; readonly key: ProvingKey }>();
  for (const [name, firstNibble] of Object.entries(FIRST_NIBBLES)) {
    const instance = toyInstance(HEIGHTS, 1, firstNibble);
    const key = await generateKey(backend, instance.system, TEST_ONLY_LEAF, instance.preprocessed);
    settings.set(name as ToyProgram, { instance, key });
  }
  const keysJson = formatPublishedKeys(
    [...settings].map(([program, { key }]) => ({ program, key: key.verifyingKey, constantKeys: [] })),
    { program: 'aggregate', recursiveProfile: TEST_ONLY_LEAF.name, leafPrograms: ['column', 'block'] },
  );
  const keys = parsePublishedKeys(keysJson, TOY_KNOWN);

  async function proofOf(program: ToyProgram, statement: Uint32Array): Promise<ProofFile> {
    const setting = settings.get(program);
    if (setting === undefined) throw new RangeError(program);
    return {
      program,
      profile: TEST_ONLY_LEAF.name,
      keyDigest: keyDigest(setting.key.verifyingKey),
      statement,
      claim: undefined,
      entries: undefined,
      proofBytes: await prove(
        backend,
        setting.key,
        statement,
        startingAt(setting.instance.traces, statement),
      ),
    };
  }

  return {
    keysJson,
    keys,
    proofOf,
    columnFile: async (claim) => ({ ...(await proofOf('column', claimDigest(claim))), claim }),
    async aggregateFile(entries) {
      const recursive = keys.aggregate?.recursiveKeyDigest ?? new Uint32Array(0);
      const statement = aggregateStatement(recursive, aggregateEntries(entries));
      return { ...(await proofOf('aggregate', statement)), entries };
    },
  };
}

/** The walk from the statement's first two words. */
function startingAt(
  traces: readonly (TableTrace | undefined)[],
  statement: Uint32Array,
): (TableTrace | undefined)[] {
  const walk = traces[SLOT.walk];
  if (walk === undefined) throw new RangeError('no walk');
  const rows = 2 ** walk.logHeight;
  const [columnA, columnB] = [new Uint32Array(rows), new Uint32Array(rows)];
  let [a, b] = [statement[0] ?? 0, statement[1] ?? 0];
  for (let row = 0; row < rows; row++) {
    columnA[row] = a;
    columnB[row] = b;
    [a, b] = [b, field.add(field.multiply(a, b), walk.columns[2]?.[row] ?? 0)];
  }
  return traces.map((trace, slot) =>
    slot === SLOT.walk
      ? { logHeight: walk.logHeight, columns: [columnA, columnB, ...walk.columns.slice(2)] }
      : trace,
  );
}

/** A column of two transfers, one of them not executable; `blockNumber` makes it another one. */
export function toyClaim(blockNumber = 12_345n): ColumnClaim {
  const statement: ColumnStatement = executeColumn(
    columnOf([transferOf(), transferOf({ nonce: 3n })], { blockNumber }),
  );
  return { program: 'column', statement };
}

export function blockNumberOf(claim: Claim | undefined): bigint | undefined {
  return claim?.program === 'column' ? claim.statement.blockNumber : claim?.summary.blockNumber;
}
