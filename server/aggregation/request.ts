/**
 * Reads the body of an aggregation's request: uploaded proofs are decoded and verified, a whole block is cut into columns. It runs
 * in the checker's thread. What only the event loop knows, the jobs that are named, is looked at afterwards.
 */
import type { z } from 'zod';
import { transferAccess } from '../../chain/blockInput.ts';
import { partition } from '../../chain/partition.ts';
import { claimDigest } from '../../client/claims.ts';
import { ClientError } from '../../client/errors.ts';
import {
  aggregateEntries,
  decodeProofFile,
  leavesOf,
  PROOF_FILE_LIMITS,
  type ProofFile,
} from '../../client/proofFile.ts';
import { type AggregateEntry, aggregateStatement } from '../../programs/aggregate/aggregateStatement.ts';
import { parseBlockList } from '../../programs/block/blockJson.ts';
import type { ListedTransfer } from '../../programs/block/blockStatement.ts';
import { BlockError } from '../../programs/block/errors.ts';
import { isSameDigest } from '../../programs/block/prepare.ts';
import { ColumnError } from '../../programs/column/errors.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { type ColumnInput, columnInputToJson, parseColumnInput } from '../../programs/column/input.ts';
import { type ColumnStatement, columnStatementDigest } from '../../programs/column/statement.ts';
import { verify } from '../../stark/verifier.ts';
import { aggregationRequestSchema } from '../api/aggregationSchemas.ts';
import { formatStatement } from '../api/schemas.ts';
import { contentDigest } from '../contentDigest.ts';
import { describeShape, JSON_LIMITS, jsonShape } from '../jsonShape.ts';
import { Problem } from '../problems.ts';
import { parseJson, type Refusal, refusalOf, schedulingOf } from '../proofRequest.ts';
import { parseOrRefuse } from '../validation.ts';
import { type BlockCheck, blockOf, blockProblem } from './blockCheck.ts';
import { refuseDuplicates } from './duplicates.ts';
import { AGGREGATE, BLOCK, COLUMN, type KeyRing, profilesOf } from './proofSystem.ts';
import type { SystemKeys } from './statements.ts';
import { FAN_IN } from './tree.ts';

/** Levels of JSON of a proof file's first line: two for each level of its tree, and those of a claim. */
const HEADER_DEPTH = 2 * PROOF_FILE_LIMITS.depth + 32;

export type ReadChild =
  | { readonly kind: 'job'; readonly id: string }
  | {
      readonly kind: 'upload';
      readonly program: string;
      readonly profile: string;
      readonly keyDigest: Uint32Array;
      readonly statement: Uint32Array;
      readonly proof: Uint8Array;
      /** What lies below an aggregate. */
      readonly entries: readonly AggregateEntry[] | undefined;
      /** What the columns say that it shows, in order; undefined where the file does not say. */
      readonly claims: readonly (ColumnStatement | undefined)[];
    }
  | {
      readonly kind: 'column';
      readonly statement: Uint32Array;
      /** The body of its proof request. */
      readonly json: Uint8Array;
    };

export interface ReadAggregation {
  readonly kind: 'aggregate' | 'block';
  readonly fanIn: number;
  readonly priority: number;
  readonly deadlineMs: number | undefined;
  readonly children: readonly ReadChild[];
  readonly keys: SystemKeys;
  /** Of a block. */
  readonly list: readonly ListedTransfer[] | undefined;
  /** Of a block whose columns are to be proved. */
  readonly block: Extract<BlockCheck, { readonly ok: true }>['block'] | undefined;
}

export type AggregationCheck =
  | {
      readonly ok: true;
      readonly request: ReadAggregation;
      /** Of all that the body says: `contentDigest`. */
      readonly digest: string;
    }
  | Refusal;

type Body = z.output<typeof aggregationRequestSchema>;
type BlockBody = Extract<Body, { readonly kind: 'block' }>;

export async function checkAggregation(
  ring: KeyRing,
  { json }: { readonly json: Uint8Array },
): Promise<AggregationCheck> {
  try {
    const body = parseOrRefuse(aggregationRequestSchema, parseJson(json), 'body');
    const { profiles } = ring.system;
    const keys = {
      aggregate: await ring.aggregateKeyDigest(),
      block: await ring.digestOf(BLOCK, profiles.inner.name),
      column: await ring.digestOf(COLUMN, profiles.leaf.name),
    };
    const common = {
      kind: body.kind,
      fanIn: body.fanIn ?? FAN_IN.usual,
      ...schedulingOf(body),
      keys,
    };
    const digest = contentDigest({
      ...body,
      fanIn: common.fanIn,
      ...schedulingOf(body),
      deadline: undefined,
    });
    const list = body.kind === 'block' ? listOf(body) : undefined;
    if (body.kind === 'block' && list !== undefined && body.columns !== undefined) {
      const columns = cutIntoColumns(body, list);
      const statements = columns.map((column, number) => executed(column, number));
      const children = columns.map(
        (column, number): ReadChild => ({
          kind: 'column',
          statement: columnStatementDigest(statements[number] as ColumnStatement),
          json: proofRequestOf(column, profiles.leaf.name),
        }),
      );
      const block = blockOf(statements, list, (column) => column);
      return { ok: true, request: { ...common, children, list, block }, digest };
    }
    const children: ReadChild[] = [];
    const headers = { valuesLeft: JSON_LIMITS.values };
    for (const [child, { job, file }] of (body.children ?? []).entries())
      children.push(
        file === undefined
          ? { kind: 'job', id: job ?? '' }
          : await uploadOf(ring, keys, child, file, headers),
      );
    // What is cheap to refuse is refused before anything is verified.
    refuseDuplicates(
      children.map((each) =>
        each.kind === 'upload' ? [each.program, each.profile, ...each.statement].join(' ') : undefined,
      ),
    );
    for (const [child, each] of children.entries())
      if (each.kind === 'upload') await requireVerified(ring, child, each);
    return { ok: true, request: { ...common, children, list, block: undefined }, digest };
  } catch (error) {
    return refusalOf(error);
  }
}

/** What a proof file shows, not verified yet. Throws: Problem naming the child. */
async function uploadOf(
  ring: KeyRing,
  keys: SystemKeys,
  child: number,
  base64: string,
  headers: { valuesLeft: number },
): Promise<ReadChild> {
  const file = decoded(child, base64, headers);
  const { program, profile, keyDigest, statement, proofBytes } = file;
  const { profiles } = ring.system;
  const isOwn = profilesOf(ring.system, program).some(({ name }) => name === profile);
  if (!isOwn && profile.startsWith('TEST_ONLY'))
    throw new Problem('child-test-only', `Child ${child} was proved under ${profile}.`, { child, profile });
  // Nothing is proved above a proof that leaves the system.
  if (!isOwn || profile === profiles.final.name)
    throw new Problem('child-wrong-key', `Child ${child} is a proof of ${program} under ${profile}.`, {
      child,
      program,
      profile,
    });
  const expected = await ring.digestOf(program, profile);
  if (!isSameDigest(expected, keyDigest))
    throw new Problem('child-wrong-key', `Child ${child} names another key of ${program}.`, {
      child,
      expected: formatStatement(expected),
      got: formatStatement(keyDigest),
    });
  const entries = ofChild(child, () => file.entries && aggregateEntries(file.entries));
  if ((program === AGGREGATE) !== (entries !== undefined))
    throw new Problem('malformed-child', `Child ${child}: what lies below it belongs to an aggregate.`, {
      child,
    });
  const shown = ofChild(child, () => entries && aggregateStatement(keys.aggregate, entries));
  if (shown !== undefined && !isSameDigest(statement, shown))
    throw rejectedChild(child, 'STATEMENT_MISMATCH', {});
  for (const [leaf, { keyDigest: leafKey }] of leavesOf(file.entries ?? []).entries())
    if (!isSameDigest(leafKey, keys.column) && !isSameDigest(leafKey, keys.block))
      throw new Problem('child-wrong-key', `Leaf ${leaf} of child ${child} has a key that is unknown here.`, {
        child,
        leaf,
        got: formatStatement(leafKey),
      });
  return {
    kind: 'upload',
    program,
    profile,
    keyDigest,
    statement,
    // A view would keep the whole file.
    proof: proofBytes.slice(),
    entries,
    claims: ofChild(child, () => claimsOf(child, file)),
  };
}

/** Throws: Problem child-rejected. */
async function requireVerified(
  ring: KeyRing,
  child: number,
  { program, profile, statement, proof }: Extract<ReadChild, { readonly kind: 'upload' }>,
): Promise<void> {
  const key = await ring.keyOf(program, profile);
  const verdict = ofChild(child, () => verify(key, statement, proof, ring.system.policy));
  if (!verdict.ok) throw rejectedChild(child, verdict.reason, verdict.details);
}

function rejectedChild(child: number, reason: string, details: object): Problem {
  return new Problem('child-rejected', `Child ${child} does not verify: ${reason}.`, {
    child,
    reason,
    ...details,
  });
}

/** Work on bytes that a stranger chose: whatever it throws is the file's fault. Throws: Problem. */
function ofChild<Value>(child: number, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (error instanceof Problem) throw error;
    const known = error instanceof ClientError ? { clientError: error.code, ...error.details } : {};
    const reason = error instanceof Error ? error.message : 'it cannot be read';
    throw new Problem('malformed-child', `Child ${child}: ${reason}`, { child, ...known });
  }
}

/**
 * The first lines of all files have one limit of values together. Throws: Problem child-too-large, malformed-child.
 */
function decoded(child: number, base64: string, headers: { valuesLeft: number }): ProofFile {
  const fileBytes = Math.ceil((base64.length * 3) / 4);
  if (fileBytes > PROOF_FILE_LIMITS.fileBytes)
    throw new Problem('child-too-large', `Child ${child} is too large.`, {
      child,
      expectedAtMostBytes: PROOF_FILE_LIMITS.fileBytes,
      gotBytes: fileBytes,
    });
  if (base64.length % 4 !== 0 || /[^A-Za-z0-9+/=]/.test(base64))
    throw new Problem('malformed-child', `Child ${child} is not in base64.`, { child });
  const bytes = Buffer.from(base64, 'base64');
  const lineEnd = bytes.indexOf('\n');
  const shape = jsonShape(bytes.subarray(0, Math.max(0, lineEnd)), {
    depth: HEADER_DEPTH,
    values: headers.valuesLeft,
  });
  if (!shape.ok) throw new Problem('malformed-child', `Child ${child}: ${describeShape(shape)}`, { child });
  headers.valuesLeft -= shape.values;
  return ofChild(child, () => decodeProofFile(bytes));
}

/** What a file says of its columns; what it says wrongly is refused. Throws: Problem claim-mismatch. */
function claimsOf(child: number, file: ProofFile): (ColumnStatement | undefined)[] {
  const leaves = file.entries === undefined ? [file] : leavesOf(file.entries);
  return leaves.map(({ claim, statement }, leaf) => {
    if (claim === undefined) return undefined;
    if (!isSameDigest(claimDigest(claim), statement))
      throw new Problem('claim-mismatch', `Child ${child}: the claim of leaf ${leaf} has another digest.`, {
        child,
        leaf,
      });
    return claim.program === COLUMN ? claim.statement : undefined;
  });
}

/** Throws: Problem malformed-request. */
function listOf({ list }: BlockBody): ListedTransfer[] {
  try {
    return parseBlockList(list);
  } catch (error) {
    if (error instanceof BlockError) throw blockProblem(error, () => undefined);
    throw error;
  }
}

/**
 * The inputs of the columns that the list names. Which they are follows from the transactions; what the list says is compared.
 * Throws: Problem wrong-column, malformed-request, inputs-refused.
 */
function cutIntoColumns({ columns, list: json }: BlockBody, list: readonly ListedTransfer[]): ColumnInput[] {
  if (columns === undefined) return [];
  const { count, accounts, ...header } = columns;
  const { columnOf } = partition(
    list.map((transfer, blockIndex) => transferAccess({ ...transfer, blockIndex })),
    count,
  );
  // Columns without transactions are not proved, and have no number.
  const proved = [...new Set(columnOf)].sort((left, right) => left - right);
  for (const [transaction, { column }] of list.entries()) {
    const expected = proved.indexOf(columnOf[transaction] ?? -1);
    if (column !== expected)
      throw new Problem('wrong-column', `Transaction ${transaction} belongs into column ${expected}.`, {
        transaction,
        expected,
        got: column,
      });
  }
  const transfers = json.map((each) => {
    const { column: _, ...transfer } = each as { readonly column: unknown };
    return transfer;
  });
  const whole = refusing(() => parseColumnInput({ ...header, transfers, accounts }));
  const ownTransfers: (typeof whole.transfers)[number][][] = proved.map(() => []);
  for (const [transaction, { column }] of list.entries()) {
    const transfer = whole.transfers[transaction];
    if (transfer !== undefined) ownTransfers[column]?.push(transfer);
  }
  // Two columns may read the same account, so that each looks its own up; the accounts keep their order.
  const placeOf = new Map(whole.accounts.map(({ address }, place) => [address, place]));
  return ownTransfers.map((transfers) => {
    const places = new Set(transfers.flatMap(({ from, to }) => [placeOf.get(from), placeOf.get(to)]));
    const accounts = [...places]
      .filter((place) => place !== undefined)
      .sort((left, right) => left - right)
      .flatMap((place) => whole.accounts[place] ?? []);
    return { ...whole, transfers, accounts };
  });
}

/** Throws: Problem inputs-refused. */
function executed(column: ColumnInput, number: number): ColumnStatement {
  return refusing(() => executeColumn(column), { column: number });
}

/** Throws: Problem malformed-request, inputs-refused. */
export function refusing<Value>(work: () => Value, details: Readonly<Record<string, unknown>> = {}): Value {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ColumnError)) throw error;
    const code = error.code === 'MALFORMED_INPUT' ? 'malformed-request' : 'inputs-refused';
    throw new Problem(code, error.message, { ...details, columnError: error.code, ...error.details });
  }
}

function proofRequestOf(column: ColumnInput, profile: string): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify({ program: COLUMN, profile, inputs: columnInputToJson(column) }),
  );
}
