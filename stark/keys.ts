/**
 * Keys: what identifies a program under a profile. A verifying key is public data that the verifier's caller supplies; a
 * proving key adds the preprocessed columns on a backend. Both are refused beyond what the profile was made for.
 * Source: docs/spec/proof-system.md, section 11.
 */
import type { AirSystem, TableAir, TableTrace } from './air/air.ts';
import { constraintCount, constraintDegree, denominatorWordsPerRow } from './air/degree.ts';
import { machineDigest } from './air/machineDigest.ts';
import { sealSystem } from './air/sealedSystem.ts';
import { degreeFault, graphFault } from './air/tableFault.ts';
import type { Backend, BackendMatrix, BackendTree } from './backend.ts';
import { isCanonical, MODULUS, TWO_ADICITY } from './field/koalaBear.ts';
import { digest } from './hash/digest.ts';
import { DIGEST_WORDS } from './hash/poseidon.ts';
import { type Profile, profileDigest, sealProfile } from './profile.ts';
import { BLOCK_WORDS, blockCountOf, LEAF_TAG, type LogHeights, systemMatrices } from './proof/shape.ts';
import { copyOfWords, sealed, sealedKind } from './sealed.ts';
import { LABEL } from './transcript.ts';
import { type Rejection, reject } from './verifier/rejection.ts';

export interface VerifyingKey {
  readonly system: AirSystem;
  readonly profile: Profile;
  /** Log heights of the tables with preprocessed columns, in slot order. */
  readonly preprocessedLogHeights: readonly number[];
  /** Cap of the preprocessed tree; no words when no table has preprocessed columns. */
  readonly preprocessedCap: Uint32Array;
}

export interface ProvingKey {
  readonly verifyingKey: VerifyingKey;
  /** One a slot; undefined for a table without preprocessed columns. */
  readonly preprocessed: readonly (BackendMatrix | undefined)[];
  /** Undefined when no table has preprocessed columns. */
  readonly preprocessedTree: BackendTree | undefined;
}

export const KEY_ERRORS = {
  PROFILE_INCONSISTENT: 'The parameters of the profile contradict each other or the field.',
  KEY_UNREADABLE: 'The key is no object with a system, a profile, heights and a cap.',
  SYSTEM_NOT_CANONICAL: 'A number in the system is not below the modulus, so that it has no digest.',
  SYSTEM_MALFORMED:
    'The system holds something else than the lists, names, flags and numbers that its digest is taken of.',
  GRAPH_MALFORMED:
    "A node of a table's graph, a constraint or an interaction names something that is not there.",
  OPTIONAL_PREPROCESSED: 'A table with preprocessed columns may be absent.',
  PREPROCESSED_COUNT: 'There is not exactly one height for every table with preprocessed columns.',
  PREPROCESSED_HEIGHT: 'A preprocessed height is outside the range of its table, the profile or the field.',
  PREPROCESSED_COLUMNS: 'The preprocessed columns of a table have another number or length than declared.',
  PREPROCESSED_CAP:
    'The preprocessed cap does not have the size that the profile asks for, in canonical words.',
  NO_MAIN_COLUMNS: 'A table has no main columns.',
  NO_POSSIBLE_HEIGHT: 'A required table has no height that the profile allows.',
  TUPLE_WIDTH: 'An interaction names no bus of the system, or has another width than its bus.',
  TOO_MANY_OPENED_FUNCTIONS: 'The system opens more functions than the profile was made for.',
  TOO_MANY_CONSTRAINTS: 'The system has more constraints than the profile was made for.',
  DEGREE_TOO_HIGH: 'A constraint has a higher degree than the profile was made for.',
  INTERACTION_DEGREE: 'A multiplicity or a value of an interaction has a degree above 1.',
  TRANSITION_POWER: 'The transition selector appears more than twice in a product, or in an interaction.',
} as const;

export type KeyErrorCode = keyof typeof KEY_ERRORS;
type KeyErrorDetails = Readonly<Record<string, string | number>>;

export interface KeyFault {
  readonly code: KeyErrorCode;
  readonly details: KeyErrorDetails;
}

/** Key generation was refused. */
export class KeyError extends Error {
  readonly code: KeyErrorCode;
  readonly details: KeyErrorDetails;

  constructor(fault: KeyFault) {
    super(`${fault.code}: ${KEY_ERRORS[fault.code]} ${JSON.stringify(fault.details)}`);
    this.name = 'KeyError';
    this.code = fault.code;
    this.details = fault.details;
  }
}

/** The 8-word digest that a proof is bound to. The key must have passed `checkKey`. */
export function keyDigest(key: VerifyingKey): Uint32Array {
  return digest(LABEL.KEY, [
    ...machineDigest(key.system),
    ...profileDigest(key.profile),
    ...key.preprocessedLogHeights,
    ...key.preprocessedCap,
  ]);
}

/** Least and greatest log height that a table may have under a profile. */
export function heightRange(
  system: AirSystem,
  profile: Profile,
  slot: number,
): { least: number; greatest: number } {
  const table = system.tables[slot];
  if (table === undefined) throw new RangeError(`the system has no slot ${slot}`);
  return {
    least: Math.max(table.minimumLogHeight, profile.logFinalLength),
    greatest: Math.min(table.maximumLogHeight, profile.maxima.logHeight, TWO_ADICITY - profile.logBlowup),
  };
}

/** Slots of the tables with preprocessed columns, ascending. */
export function preprocessedSlots(system: AirSystem): number[] {
  return system.tables.flatMap((table, slot) => (table.preprocessedColumns.length > 0 ? [slot] : []));
}

/** A key that nobody can change and that a proof can be checked under, or why there is none. */
export type ReadKey =
  | { readonly ok: true; readonly key: VerifyingKey }
  | { readonly ok: false; readonly fault: KeyFault };

const LOG_HEIGHTS = sealedKind<readonly number[]>((reader, list, at) => reader.list(list, at, reader.word));

/**
 * The fields of a key, each read once, so that what was checked and what is used are the same. Does not throw; undefined when it
 * cannot be read.
 */
export function fieldsOf(key: VerifyingKey): VerifyingKey | undefined {
  try {
    const { system, profile, preprocessedLogHeights, preprocessedCap } = key;
    return { system, profile, preprocessedLogHeights, preprocessedCap };
  } catch {
    return undefined;
  }
}

/**
 * A sealed copy of the key, on which later changes of `key` have no effect, or what makes it unusable before any proof is seen. Does
 * not throw.
 */
export function readKey(key: VerifyingKey): ReadKey {
  const fields = fieldsOf(key);
  if (fields === undefined) return { ok: false, fault: { code: 'KEY_UNREADABLE', details: {} } };
  const made = sealPair(fields.system, fields.profile);
  if (!made.ok) return made;
  const { system, profile } = made;
  const heights = sealed(fields.preprocessedLogHeights, 'preprocessedLogHeights', LOG_HEIGHTS);
  if (!heights.ok)
    return { ok: false, fault: { code: 'PREPROCESSED_HEIGHT', details: heights.fault.details } };
  const preprocessedLogHeights = heights.value;
  const preprocessedCap = copyOfWords(fields.preprocessedCap);
  if (preprocessedCap === undefined)
    return { ok: false, fault: { code: 'PREPROCESSED_CAP', details: { expected: 'a Uint32Array' } } };
  const own = Object.freeze({ system, profile, preprocessedLogHeights, preprocessedCap });
  const fault =
    checkPreprocessedHeights(system, profile, preprocessedLogHeights) ?? checkPreprocessedCap(own);
  return fault === undefined ? { ok: true, key: own } : { ok: false, fault };
}

/** What makes a key unusable, before any proof is seen; undefined when nothing does. */
export function checkKey(key: VerifyingKey): KeyFault | undefined {
  const read = readKey(key);
  return read.ok ? undefined : read.fault;
}

/** Why no key of the system under the profile is accepted; undefined when they fit each other. */
export function systemFault(system: AirSystem, profile: Profile): KeyFault | undefined {
  const made = sealPair(system, profile);
  return made.ok ? undefined : made.fault;
}

type SealedPair =
  | { readonly ok: true; readonly system: AirSystem; readonly profile: Profile }
  | { readonly ok: false; readonly fault: KeyFault };

/** Sealed systems and profiles that have been found to fit each other; neither changes. */
const fitting = new WeakMap<AirSystem, WeakSet<Profile>>();

/** The system and the profile, sealed, when keys may be made of them. */
function sealPair(givenSystem: AirSystem, givenProfile: Profile): SealedPair {
  const profile = sealProfile(givenProfile);
  if (!profile.ok)
    return { ok: false, fault: { code: 'PROFILE_INCONSISTENT', details: profile.fault.details } };
  const system = sealSystem(givenSystem);
  if (!system.ok) {
    const { code, details } = system.fault;
    const keyCode = code === 'NOT_CANONICAL' ? 'SYSTEM_NOT_CANONICAL' : 'SYSTEM_MALFORMED';
    return { ok: false, fault: { code: keyCode, details } };
  }
  const profiles = fitting.get(system.value) ?? new WeakSet();
  if (!profiles.has(profile.value)) {
    const fault = checkSystem(system.value, profile.value);
    if (fault !== undefined) return { ok: false, fault };
    fitting.set(system.value, profiles.add(profile.value));
  }
  return { ok: true, system: system.value, profile: profile.value };
}

/** Both are sealed. */
function checkSystem(system: AirSystem, profile: Profile): KeyFault | undefined {
  const { logBlowup, queries, grinding, logFinalLength, logFoldArity, logCap, maxima } = profile;
  const bits = [grinding.lookup, grinding.deep, grinding.batch, grinding.fold, grinding.query];
  const isConsistent =
    logBlowup >= 1 &&
    queries >= 1 &&
    queries < 2 ** 16 &&
    logFoldArity >= 1 &&
    logFoldArity <= 3 &&
    logCap <= logFinalLength + logBlowup &&
    logFinalLength + logBlowup <= TWO_ADICITY &&
    bits.every((count) => count <= TWO_ADICITY) &&
    maxima.degree <= 3;
  if (!isConsistent) return { code: 'PROFILE_INCONSISTENT', details: { profile: profile.name } };

  for (const [slot, table] of system.tables.entries()) {
    const { least, greatest } = heightRange(system, profile, slot);
    if (table.isRequired && least > greatest)
      return { code: 'NO_POSSIBLE_HEIGHT', details: { table: table.name, atLeast: least, atMost: greatest } };
    if (table.mainColumns.length === 0) return { code: 'NO_MAIN_COLUMNS', details: { table: table.name } };
    if (table.preprocessedColumns.length > 0 && !table.isRequired)
      return { code: 'OPTIONAL_PREPROCESSED', details: { table: table.name } };
    for (const { label, bus, values } of table.interactions) {
      const expected = system.buses[bus]?.width;
      if (expected !== values.length)
        return {
          code: 'TUPLE_WIDTH',
          details: { table: table.name, label, bus, expected: expected ?? 'no such bus', got: values.length },
        };
    }
    const node = graphFault(table);
    if (node !== undefined) return { code: 'GRAPH_MALFORMED', details: { table: table.name, node } };
    const degree = constraintDegree(table);
    if (degree > maxima.degree)
      return { code: 'DEGREE_TOO_HIGH', details: { table: table.name, atMost: maxima.degree, got: degree } };
    const degrees = degreeFault(table);
    if (degrees !== undefined) {
      const { label, expected, got } = degrees;
      // No profile allows more than the greatest degree of a constraint, so that one is found above.
      const code = degrees.code === 'CONSTRAINT_DEGREE' ? 'DEGREE_TOO_HIGH' : degrees.code;
      return { code, details: { table: table.name, label, atMost: expected, got } };
    }
  }

  const constraints = system.tables.reduce((total, table) => total + constraintCount(table), 0);
  if (constraints > maxima.constraints)
    return { code: 'TOO_MANY_CONSTRAINTS', details: { atMost: maxima.constraints, got: constraints } };
  const opened = openedFunctions(system);
  if (opened > maxima.openedFunctions)
    return { code: 'TOO_MANY_OPENED_FUNCTIONS', details: { atMost: maxima.openedFunctions, got: opened } };
  return undefined;
}

/** Opened functions when every table is present, each matrix filled up to blocks of 8 at each point. */
export function openedFunctions(system: AirSystem): number {
  return BLOCK_WORDS * blockCountOf(system);
}

function checkPreprocessedHeights(
  system: AirSystem,
  profile: Profile,
  logHeights: readonly number[],
): KeyFault | undefined {
  const slots = preprocessedSlots(system);
  if (logHeights.length !== slots.length)
    return { code: 'PREPROCESSED_COUNT', details: { expected: slots.length, got: logHeights.length } };
  for (const [position, slot] of slots.entries()) {
    const logHeight = logHeights[position]!;
    const { least, greatest } = heightRange(system, profile, slot);
    if (!Number.isInteger(logHeight) || logHeight < least || logHeight > greatest)
      return {
        code: 'PREPROCESSED_HEIGHT',
        details: { slot, atLeast: least, atMost: greatest, got: logHeight },
      };
  }
  return undefined;
}

function checkPreprocessedCap(key: VerifyingKey): KeyFault | undefined {
  const expected = key.preprocessedLogHeights.length === 0 ? 0 : DIGEST_WORDS << key.profile.logCap;
  const cap = key.preprocessedCap;
  if (cap.length !== expected) return { code: 'PREPROCESSED_CAP', details: { expected, got: cap.length } };
  const wrong = cap.findIndex((word) => !isCanonical(word));
  if (wrong >= 0) return { code: 'PREPROCESSED_CAP', details: { wordIndex: wrong, got: cap[wrong]! } };
  return undefined;
}

/**
 * Whether tables of these heights may be proved under the key: range of every table, required tables, preprocessed
 * heights, and the two bounds that depend on heights. The key must have passed `checkKey`. One entry a slot.
 */
export function checkHeights(key: VerifyingKey, logHeights: LogHeights): Rejection | undefined {
  const { system, profile } = key;
  const slotsOfKey = preprocessedSlots(system);
  for (const [slot, table] of system.tables.entries()) {
    const logHeight = logHeights[slot];
    if (logHeight === undefined) {
      if (table.isRequired) return reject('TABLE_MISSING', { table: table.name });
      continue;
    }
    const { least, greatest } = heightRange(system, profile, slot);
    if (!Number.isInteger(logHeight) || logHeight < least || logHeight > greatest)
      return reject('HEIGHT_OUT_OF_RANGE', {
        table: table.name,
        atLeast: least,
        atMost: greatest,
        got: logHeight,
      });
    const position = slotsOfKey.indexOf(slot);
    if (position >= 0 && key.preprocessedLogHeights[position] !== logHeight)
      return reject('HEIGHT_NOT_OF_KEY', {
        table: table.name,
        expected: key.preprocessedLogHeights[position]!,
        got: logHeight,
      });
  }
  if (logHeights.every((logHeight) => logHeight === undefined)) return reject('NO_TABLES');

  let denominatorWords = 0;
  const busCounts = system.buses.map(() => 0);
  for (const [slot, table] of system.tables.entries()) {
    const logHeight = logHeights[slot];
    if (logHeight === undefined) continue;
    denominatorWords += 2 ** logHeight * denominatorWordsPerRow(table);
    for (const { bus, weight } of table.interactions)
      busCounts[bus] = busCounts[bus]! + weight * 2 ** logHeight;
  }
  for (const [bus, count] of busCounts.entries()) {
    if (count >= MODULUS)
      return reject('BUS_OVERFLOW', { bus: system.buses[bus]!.name, below: MODULUS, got: count });
  }
  const atMost = profile.maxima.logUpDenominatorWords;
  if (denominatorWords > atMost)
    return reject('MAXIMA_EXCEEDED', { maximum: 'logUpDenominatorWords', atMost, got: denominatorWords });
  return undefined;
}

/**
 * Commits to the preprocessed columns of a program: one trace a slot, undefined for tables without preprocessed columns.
 * Throws: KeyError when system, profile or columns do not fit; what the backend throws, which then holds nothing of the key.
 */
export async function generateKey(
  backend: Backend,
  givenSystem: AirSystem,
  givenProfile: Profile,
  preprocessedTraces: readonly (TableTrace | undefined)[],
): Promise<ProvingKey> {
  const made = sealPair(givenSystem, givenProfile);
  if (!made.ok) throw new KeyError(made.fault);
  const { system, profile } = made;
  const slots = preprocessedSlots(system);
  const traces = slots.map((slot) => preprocessedTraces[slot]);
  const preprocessedLogHeights = traces.flatMap((trace) => (trace === undefined ? [] : [trace.logHeight]));
  const fault = checkPreprocessedHeights(system, profile, preprocessedLogHeights);
  if (fault !== undefined) throw new KeyError(fault);

  for (const [slot, table] of system.tables.entries())
    checkPreprocessedColumns(table, preprocessedTraces[slot]);

  const preprocessed: (BackendMatrix | undefined)[] = system.tables.map(() => undefined);
  try {
    for (const [position, slot] of slots.entries()) {
      const { logHeight, columns } = traces[position]!;
      preprocessed[slot] = await backend.loadColumns(logHeight, columns);
    }
    const matrices = systemMatrices(system)
      .filter(({ phase }) => phase === 'preprocessed')
      .map(({ slot, nextColumns }) => ({ matrix: preprocessed[slot]!, nextColumns }));
    const preprocessedTree =
      matrices.length === 0
        ? undefined
        : await backend.commit(matrices, LEAF_TAG.preprocessed, profile.logBlowup, profile.logCap);
    const verifyingKey: VerifyingKey = {
      system,
      profile,
      preprocessedLogHeights,
      preprocessedCap: preprocessedTree?.cap ?? new Uint32Array(0),
    };
    return { verifyingKey, preprocessed, preprocessedTree };
  } catch (error) {
    for (const matrix of preprocessed) if (matrix !== undefined) backend.release(matrix);
    throw error;
  }
}

/** Throws: KeyError 'PREPROCESSED_COLUMNS' when a trace does not have the columns of its table, all of its height. */
function checkPreprocessedColumns(table: TableAir, trace: TableTrace | undefined): void {
  const expected = table.preprocessedColumns.length;
  const got = trace?.columns.length ?? 0;
  if (got !== expected)
    throw new KeyError({ code: 'PREPROCESSED_COLUMNS', details: { table: table.name, expected, got } });
  if (trace === undefined) return;
  const expectedRows = 2 ** trace.logHeight;
  const wrong = trace.columns.find((column) => column.length !== expectedRows);
  if (wrong !== undefined)
    throw new KeyError({
      code: 'PREPROCESSED_COLUMNS',
      details: { table: table.name, expectedRows, got: wrong.length },
    });
}

/** Frees what a proving key holds on its backend. */
export function releaseKey(backend: Backend, key: ProvingKey): void {
  for (const matrix of key.preprocessed) if (matrix !== undefined) backend.release(matrix);
  if (key.preprocessedTree !== undefined) backend.release(key.preprocessedTree);
}
