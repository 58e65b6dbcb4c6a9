/**
 * Proof files: one line of JSON that says what the proof is meant to show, a line feed, and the proof's bytes. The first line serves
 * whoever reads the file; a verifier believes none of it: keys come from `keys.json`, statements are recomputed.
 * Source: docs/cli.md, section Proof files.
 */
import type { AggregateEntry } from '../programs/aggregate/aggregateStatement.ts';
import { PROOF_MAGIC } from '../stark/proof/codec.ts';
import { type Claim, claimToJson, parseClaim } from './claims.ts';
import { ClientError } from './errors.ts';
import {
  describe,
  digestOf,
  formatDigest,
  integerOf,
  listOf,
  objectOf,
  refuse,
  textOf,
} from './jsonFields.ts';
import { parseJson } from './jsonText.ts';

export const PROOF_FILE_FORMAT = 'colonnade proof';
export const PROOF_FILE_VERSION = 1;

/** Far above any proof: a production leaf has about 600 KB, and the claim of a full column about 60 MB. */
export const PROOF_FILE_LIMITS = {
  headerBytes: 64 * 2 ** 20,
  proofBytes: 16 * 2 ** 20,
  /** Of the whole file. */
  fileBytes: 80 * 2 ** 20,
  /** Leaves and aggregates below an aggregate. */
  entries: 2 ** 16,
  /** Levels of a tree; the aggregate statement's own limit. */
  depth: 64,
} as const;

export interface LeafOfFile {
  readonly kind: 'leaf';
  readonly keyDigest: Uint32Array;
  readonly statement: Uint32Array;
  readonly claim: Claim | undefined;
}

export interface InnerOfFile {
  readonly kind: 'inner';
  readonly entries: readonly EntryOfFile[];
}

export type EntryOfFile = LeafOfFile | InnerOfFile;

export interface ProofFile {
  readonly program: string;
  readonly profile: string;
  readonly keyDigest: Uint32Array;
  /** 8 words. */
  readonly statement: Uint32Array;
  /** The typed statement, where the program has one and the file holds it. */
  readonly claim: Claim | undefined;
  /** What lies below an aggregate; undefined for any other program. */
  readonly entries: readonly EntryOfFile[] | undefined;
  readonly proofBytes: Uint8Array;
}

const LINE_FEED = 0x0a;
const OPENING_BRACE = 0x7b;

/** Throws: ClientError; a number of bytes beyond the limit is refused before anything is read. */
export function decodeProofFile(bytes: Uint8Array): ProofFile {
  checkFileSize(bytes.length);
  if (bytes[0] !== OPENING_BRACE)
    throw new ClientError('NOT_A_PROOF_FILE', {
      expected: "'{' as the first byte",
      got: isBareProof(bytes)
        ? 'the bytes of a bare proof, as a service returns them: colonnade inspect --statement verifies those'
        : (bytes[0] ?? 'no bytes'),
    });
  const end = bytes.subarray(0, PROOF_FILE_LIMITS.headerBytes + 1).indexOf(LINE_FEED);
  if (end < 0)
    throw new ClientError('NOT_A_PROOF_FILE', {
      expected: `a line feed within ${PROOF_FILE_LIMITS.headerBytes} bytes`,
      got: bytes.length,
    });
  const header = parseHeader(bytes.subarray(0, end));
  if (header['format'] !== PROOF_FILE_FORMAT)
    throw new ClientError('NOT_A_PROOF_FILE', {
      expected: PROOF_FILE_FORMAT,
      got: describe(header['format']),
    });
  if (header['version'] !== PROOF_FILE_VERSION)
    throw new ClientError('PROOF_FILE_VERSION', {
      expected: PROOF_FILE_VERSION,
      got: describe(header['version']),
    });
  const fields = objectOf(
    header,
    'file',
    ['format', 'version', 'program', 'profile', 'keyDigest', 'statement', 'proofBytes'],
    ['claim', 'entries'],
  );
  const proofLength = integerOf(fields['proofBytes'], 'file.proofBytes', 0, PROOF_FILE_LIMITS.proofBytes);
  const got = bytes.length - end - 1;
  if (got !== proofLength) throw new ClientError('PROOF_LENGTH', { expected: proofLength, got });
  return {
    program: textOf(fields['program'], 'file.program', 64),
    profile: textOf(fields['profile'], 'file.profile', 64),
    keyDigest: digestOf(fields['keyDigest'], 'file.keyDigest'),
    statement: digestOf(fields['statement'], 'file.statement'),
    claim: fields['claim'] === undefined ? undefined : parseClaim(fields['claim'], 'file.claim'),
    entries: fields['entries'] === undefined ? undefined : parseEntries(fields['entries']),
    proofBytes: bytes.subarray(end + 1),
  };
}

function isBareProof(bytes: Uint8Array): boolean {
  return [0, 1, 2, 3].every((index) => bytes[index] === ((PROOF_MAGIC >>> (8 * index)) & 0xff));
}

/** Throws: ClientError 'FILE_TOO_LARGE'. */
export function checkFileSize(byteCount: number): void {
  const limit = PROOF_FILE_LIMITS.fileBytes;
  if (byteCount > limit) throw new ClientError('FILE_TOO_LARGE', { limit, got: byteCount });
}

function parseHeader(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ClientError('NOT_A_PROOF_FILE', {
      expected: 'a first line of JSON',
      got: error instanceof Error ? error.message.slice(0, 80) : 'no JSON',
    });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new ClientError('NOT_A_PROOF_FILE', { expected: 'an object', got: describe(json) });
  return json as Readonly<Record<string, unknown>>;
}

function parseEntries(value: unknown): EntryOfFile[] {
  let count = 0;
  const level = (list: unknown, path: string, depth: number): EntryOfFile[] => {
    if (depth > PROOF_FILE_LIMITS.depth)
      throw new ClientError('TOO_DEEP', { field: path, limit: PROOF_FILE_LIMITS.depth });
    const entries = listOf(list, path, PROOF_FILE_LIMITS.entries);
    count += entries.length;
    if (count > PROOF_FILE_LIMITS.entries)
      throw new ClientError('TOO_MANY_ENTRIES', { limit: PROOF_FILE_LIMITS.entries });
    if (entries.length === 0) throw refuse(path, 'at least one entry', 0);
    return entries.map((entry, index) => {
      const place = `${path}.${index}`;
      if (typeof entry === 'object' && entry !== null && Object.hasOwn(entry, 'entries')) {
        const inner = objectOf(entry, place, ['entries']);
        return { kind: 'inner', entries: level(inner['entries'], `${place}.entries`, depth + 1) };
      }
      const leaf = objectOf(entry, place, ['keyDigest', 'statement'], ['claim']);
      return {
        kind: 'leaf',
        keyDigest: digestOf(leaf['keyDigest'], `${place}.keyDigest`),
        statement: digestOf(leaf['statement'], `${place}.statement`),
        claim: leaf['claim'] === undefined ? undefined : parseClaim(leaf['claim'], `${place}.claim`),
      };
    });
  };
  return level(value, 'file.entries', 1);
}

/** Throws: ClientError 'FILE_TOO_LARGE' when the first line or the proof is beyond its limit. */
export function encodeProofFile(file: ProofFile): Uint8Array {
  const { program, profile, keyDigest, statement, claim, entries, proofBytes } = file;
  const header = new TextEncoder().encode(
    `${JSON.stringify({
      format: PROOF_FILE_FORMAT,
      version: PROOF_FILE_VERSION,
      program,
      profile,
      keyDigest: formatDigest(keyDigest),
      statement: formatDigest(statement),
      proofBytes: proofBytes.length,
      ...(claim === undefined ? {} : { claim: claimToJson(claim) }),
      ...(entries === undefined ? {} : { entries: entries.map(entryToJson) }),
    })}\n`,
  );
  for (const [limit, got] of [
    [PROOF_FILE_LIMITS.headerBytes, header.length],
    [PROOF_FILE_LIMITS.proofBytes, proofBytes.length],
  ] as const)
    if (got > limit) throw new ClientError('FILE_TOO_LARGE', { limit, got });
  const bytes = new Uint8Array(header.length + proofBytes.length);
  bytes.set(header);
  bytes.set(proofBytes, header.length);
  return bytes;
}

function entryToJson(entry: EntryOfFile): unknown {
  if (entry.kind === 'inner') return { entries: entry.entries.map(entryToJson) };
  return {
    keyDigest: formatDigest(entry.keyDigest),
    statement: formatDigest(entry.statement),
    ...(entry.claim === undefined ? {} : { claim: claimToJson(entry.claim) }),
  };
}

/** The entries without their claims, as the aggregate's statement binds them. */
export function aggregateEntries(entries: readonly EntryOfFile[]): AggregateEntry[] {
  return entries.map((entry) =>
    entry.kind === 'leaf'
      ? { kind: 'leaf', keyDigest: entry.keyDigest, statement: entry.statement }
      : { kind: 'inner', entries: aggregateEntries(entry.entries) },
  );
}

/** The leaves in order. */
export function leavesOf(entries: readonly EntryOfFile[]): LeafOfFile[] {
  return entries.flatMap((entry) => (entry.kind === 'leaf' ? [entry] : leavesOf(entry.entries)));
}
