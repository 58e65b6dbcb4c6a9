/** Files of the command line: read within a limit, written whole or not at all. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { ClientError } from './errors.ts';
import { parseJsonOfUniqueNames } from './jsonText.ts';
import { decodeProofFile, encodeProofFile, PROOF_FILE_LIMITS, type ProofFile } from './proofFile.ts';
import { type KnownSystem, type PublishedKeys, parsePublishedKeys } from './publishedKeys.ts';

const KEYS_LIMIT_BYTES = 4 * 2 ** 20;
export const INPUT_LIMIT_BYTES = 256 * 2 ** 20;

/** The keys that the repository publishes. */
export const OWN_KEYS_FILE: URL = new URL('../keys.json', import.meta.url);

/** Throws: ClientError 'FILE_UNREADABLE', and 'FILE_TOO_LARGE' before anything is read. */
export async function readWithin(path: string | URL, limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const file = String(path);
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      if (size > limit) throw new ClientError('FILE_TOO_LARGE', { file, limit, got: size });
      // A device or a pipe has no size: whatever comes is counted while it is read.
      const parts: Uint8Array[] = [];
      let bytes = 0;
      for await (const part of handle.createReadStream({ autoClose: false })) {
        bytes += (part as Buffer).length;
        if (bytes > limit) throw new ClientError('FILE_TOO_LARGE', { file, limit, got: bytes });
        parts.push(part as Buffer);
      }
      const whole = new Uint8Array(bytes);
      let offset = 0;
      for (const part of parts) {
        whole.set(part, offset);
        offset += part.length;
      }
      return whole;
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ClientError) throw error;
    throw new ClientError('FILE_UNREADABLE', {
      file,
      got: error instanceof Error ? error.message : String(error),
    });
  }
}

/** Throws: ClientError; its details name the file. */
export async function readProofFile(path: string): Promise<ProofFile> {
  return naming(path, decodeProofFile, await readWithin(path, PROOF_FILE_LIMITS.fileBytes));
}

export async function writeProofFile(path: string, file: ProofFile): Promise<number> {
  const bytes = encodeProofFile(file);
  await writeWhole(path, bytes);
  return bytes.length;
}

/** Throws: ClientError. */
export async function readKeys(path: string | undefined, known: KnownSystem): Promise<PublishedKeys> {
  const bytes = await readWithin(path ?? OWN_KEYS_FILE, KEYS_LIMIT_BYTES);
  return naming(
    path ?? 'keys.json',
    (text) => parsePublishedKeys(text, known),
    new TextDecoder().decode(bytes),
  );
}

/** A JSON file, gzip-compressed or not. Throws: ClientError. */
export async function readJson(path: string): Promise<unknown> {
  const bytes = await readWithin(path, INPUT_LIMIT_BYTES);
  try {
    const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const plain = isCompressed ? gunzipSync(bytes, { maxOutputLength: INPUT_LIMIT_BYTES }) : bytes;
    return parseJsonOfUniqueNames(new TextDecoder('utf-8', { fatal: true }).decode(plain));
  } catch (error) {
    throw new ClientError('FIELD', {
      file: path,
      field: 'the whole file',
      expected: 'JSON, gzip-compressed or not',
      got: error instanceof Error ? error.message.slice(0, 120) : String(error),
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** Written out: Node's own recursion does not end where a folder is there and takes none, as in /proc. */
async function makeFolders(path: string): Promise<void> {
  if (await isFolder(path)) return;
  if (dirname(path) !== path) await makeFolders(dirname(path));
  await mkdir(path).catch(async (error: unknown) => {
    // Another run may have been faster.
    if (!(await isFolder(path))) throw error;
  });
}

function unwritable(file: string, error: unknown): ClientError {
  return new ClientError('FILE_UNWRITABLE', {
    file,
    got: error instanceof Error ? error.message : String(error),
  });
}

/** As much as a proof file has, so that a full disk is noticed too. */
const TRIAL_BYTES = 2 ** 20;

/**
 * Whether a file can be written there: what takes minutes to make must not be lost at the end. Leaves nothing behind but the folder.
 * Throws: ClientError 'FILE_UNWRITABLE'.
 */
export async function requireWritable(path: string | URL): Promise<void> {
  await besideTarget(path, new Uint8Array(TRIAL_BYTES), (partial) => rm(partial));
}

/** Into a file beside it first, so that nobody reads half of it. Throws: ClientError 'FILE_UNWRITABLE'. */
export async function writeWhole(path: string | URL, content: Uint8Array | string): Promise<void> {
  await besideTarget(path, content, rename);
}

async function besideTarget(
  path: string | URL,
  content: Uint8Array | string,
  finish: (partial: string, target: string) => Promise<void>,
): Promise<void> {
  const given = path instanceof URL ? fileURLToPath(path) : path;
  let partial: string | undefined;
  try {
    // A link stays, and what it names is replaced; one that leads in a circle is refused.
    const target = await realpath(given).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return given;
      throw error;
    });
    partial = join(dirname(target), `.${basename(target)}.${randomBytes(4).toString('hex')}`);
    // A folder cannot be replaced by a file, and a device or a pipe must not be.
    const taken = await stat(target).catch(() => undefined);
    if (taken !== undefined && !taken.isFile())
      throw new Error(taken.isDirectory() ? 'a folder is there' : 'what is there is no regular file');
    await makeFolders(dirname(target));
    await writeFile(partial, content);
    await finish(partial, target);
  } catch (error) {
    // What cannot be removed, or was never made, must not hide the first fault.
    if (partial !== undefined) await rm(partial, { force: true }).catch(() => undefined);
    throw unwritable(given, error);
  }
}

/** A folder for outputs. Throws: ClientError 'FILE_UNWRITABLE'. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeFolders(path);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Removes the files of a folder that an earlier run of the same command left: those whose names have the form of its outputs and are not
 * among `kept`. Returns their names. Throws: ClientError 'FILE_UNWRITABLE'.
 */
export async function removeStale(
  folder: string,
  form: RegExp,
  kept: ReadonlySet<string>,
): Promise<string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => form.test(name) && !kept.has(name));
    for (const name of names) await rm(join(folder, name));
    return names;
  } catch (error) {
    throw unwritable(folder, error);
  }
}

function naming<Content, Value>(file: string, read: (content: Content) => Value, content: Content): Value {
  try {
    return read(content);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    throw new ClientError(error.code, { file, ...error.details });
  }
}
