/** What the bytes of a proof hold, taken apart by the shape that a key asks for; nothing in them is believed. */
import { DIGEST_WORDS } from '../stark/hash/poseidon.ts';
import { keyDigest, type VerifyingKey } from '../stark/keys.ts';
import type { Grinding } from '../stark/profile.ts';
import { decodeProof } from '../stark/proof/codec.ts';
import type { Proof } from '../stark/proof/proof.ts';
import { matrixOf, PHASES } from '../stark/proof/shape.ts';
import type { ProofTrees } from '../stark/proof/trees.ts';
import { profileSoundness } from '../stark/soundness.ts';
import { VERSION } from '../stark/transcript.ts';
import type { Rejection } from '../stark/verifier/rejection.ts';
import { formatDigest } from './jsonFields.ts';
import { table } from './terminal.ts';
import { type Bounds, formatBits } from './verifyFile.ts';

const WORD_BYTES = 4;
/** Magic and version. */
const FIXED_WORDS = 2;

export interface ProofPart {
  readonly part: string;
  readonly bytes: number;
}

export interface ProofInspection {
  readonly ok: true;
  readonly formatVersion: number;
  readonly bytes: number;
  readonly system: string;
  readonly keyDigest: string;
  readonly profile: {
    readonly name: string;
    readonly provableBits: number;
    readonly logBlowup: number;
    readonly queries: number;
    readonly grinding: Grinding;
  };
  /** Rows of each table; 0 for one that is absent. Base columns of each phase. */
  readonly tables: readonly {
    readonly name: string;
    readonly rows: number;
    readonly columns: Readonly<Record<(typeof PHASES)[number], number>>;
  }[];
  readonly caps: readonly { readonly tree: string; readonly digests: readonly string[] }[];
  /** Different rows opened in the tallest tree. */
  readonly distinctQueries: number;
  /** In the order of the bytes; they add up to all of them. */
  readonly parts: readonly ProofPart[];
}

/** The shape is checked as the verifier checks it; values are not. */
export function inspectProof(bytes: Uint8Array, key: VerifyingKey): ProofInspection | Rejection {
  const decoded = decodeProof(bytes, key);
  if (!decoded.ok) return decoded;
  const { proof, shape, trees } = decoded;
  const { system, profile } = key;
  const { name, logBlowup, queries, grinding } = profile;
  return {
    ok: true,
    formatVersion: VERSION,
    bytes: bytes.length,
    system: system.name,
    keyDigest: formatDigest(keyDigest(key)),
    profile: {
      name,
      provableBits: profileSoundness(profile, system).bits,
      logBlowup,
      queries,
      grinding,
    },
    tables: system.tables.map((table, slot) => {
      const logHeight = shape.logHeights[slot];
      const [preprocessed, main, logUp, quotient] = PHASES.map(
        (phase) => matrixOf(shape, phase, slot)?.columns ?? 0,
      ) as [number, number, number, number];
      return {
        name: table.name,
        rows: logHeight === undefined ? 0 : 2 ** logHeight,
        columns: { preprocessed, main, logUp, quotient },
      };
    }),
    caps: [
      { tree: 'main', digests: digestsOf(proof.mainCap) },
      { tree: 'logUp', digests: digestsOf(proof.logUpCap) },
      { tree: 'quotient', digests: digestsOf(proof.quotientCap) },
      ...proof.foldCaps.map((cap, layer) => ({ tree: `fold ${layer}`, digests: digestsOf(cap) })),
    ].filter(({ digests }) => digests.length > 0),
    distinctQueries: proof.distinctCounts[0] ?? 0,
    parts: partsOf(proof, trees),
  };
}

function digestsOf(cap: Uint32Array): string[] {
  return Array.from({ length: cap.length / DIGEST_WORDS }, (_, index) =>
    formatDigest(cap.subarray(DIGEST_WORDS * index, DIGEST_WORDS * (index + 1))),
  );
}

function partsOf(proof: Proof, trees: ProofTrees): ProofPart[] {
  const { lookup, deep, batch, folds, query } = proof.nonces;
  const nonces = [lookup, deep, batch, ...folds, query].filter((nonce) => nonce !== undefined);
  const wordsOf = (...parts: readonly ArrayLike<unknown>[]): number =>
    parts.reduce((total, part) => total + part.length, 0);
  const words: readonly (readonly [string, number])[] = [
    ['magic, version and heights', FIXED_WORDS + proof.logHeights.length],
    ['numbers of distinct queries', proof.distinctCounts.length],
    ['caps of the tables', wordsOf(proof.mainCap, proof.logUpCap, proof.quotientCap)],
    ['LogUp sums', proof.sums.length],
    ['values at the out-of-domain points', proof.openings.length],
    ['caps of the folds', wordsOf(...proof.foldCaps)],
    ['final polynomial', proof.finalPolynomial.length],
    ['nonces', nonces.length],
    ...proof.treeOpenings.flatMap(({ rows, nodes }, index) => {
      const phase = trees.phases[index]?.phase ?? '';
      return [
        [`${phase} rows`, rows.length],
        [`${phase} siblings`, nodes.length],
      ] as const;
    }),
    ['fold rows', wordsOf(...proof.foldOpenings.map(({ rows }) => rows))],
    ['fold siblings', wordsOf(...proof.foldOpenings.map(({ nodes }) => nodes))],
  ];
  return words.map(([part, count]) => ({ part, bytes: WORD_BYTES * count }));
}

export type InspectVerdict =
  | ({ readonly ok: true } & Bounds)
  | {
      readonly ok: false;
      readonly reason: string;
      readonly details: Readonly<Record<string, string | number>>;
    };

export interface InspectReport {
  readonly file: string;
  readonly sha256: string;
  readonly program: string;
  readonly inspection: ProofInspection;
  /** What a proof of this program does not say. */
  readonly caveat: string;
  /** Undefined when no statement was given. */
  readonly verification: { readonly statement: string; readonly verdict: InspectVerdict } | undefined;
}

const DIGITS_SHOWN = 18;

export function formatInspection({
  file,
  sha256,
  program,
  inspection,
  caveat,
  verification,
}: InspectReport): string {
  const { profile, caps, parts, tables } = inspection;
  const { lookup, deep, batch, fold, query } = profile.grinding;
  return [
    `${file}: ${inspection.bytes.toLocaleString('en-US')} bytes, sha256 ${sha256}`,
    `Proof format ${inspection.formatVersion}; program ${program} on the machine ${inspection.system}; key ${inspection.keyDigest}`,
    `Profile ${profile.name}, ${profile.provableBits.toFixed(1)} provable bits for this layer; rate 1/${2 ** profile.logBlowup}, ${profile.queries} queries (${inspection.distinctQueries} different), proof of work lookup ${lookup}, deep ${deep}, batch ${batch}, fold ${fold}, query ${query} bits`,
    '',
    ...table([
      ['table', 'rows', ...PHASES],
      ...tables.map(({ name, rows, columns }) => [
        name,
        rows === 0 ? 'absent' : rows,
        ...PHASES.map((phase) => columns[phase]),
      ]),
    ]),
    '',
    ...table([
      ['cap', 'digests', 'first'],
      ...caps.map(({ tree, digests }) => [tree, digests.length, `${digests[0]?.slice(0, DIGITS_SHOWN)}…`]),
    ]),
    '',
    ...table([
      ['part', 'bytes', 'share'],
      ...parts.map(({ part, bytes }) => [part, bytes, `${((100 * bytes) / inspection.bytes).toFixed(1)}%`]),
    ]),
    '',
    verification === undefined
      ? 'Not verified: only the shape was checked. --statement verifies.'
      : verification.verdict.ok
        ? `Verified: the proof shows the statement ${verification.statement}; ${formatBits(verification.verdict)}.`
        : `NOT VALID for the statement ${verification.statement}: ${verification.verdict.reason} ${JSON.stringify(verification.verdict.details)}`,
    caveat,
  ].join('\n');
}
