/**
 * Unpacks SwiftShader, a software Vulkan driver, and a Vulkan loader out of the npm package @sparticuz/chromium into a
 * folder of the current user, once per version. node_modules is only read.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { KernelError } from './errors.ts';

const DRIVER = 'libvk_swiftshader.so';
const ICD = 'vk_swiftshader_icd.json';
const WANTED = [DRIVER, ICD, 'libvulkan.so.1'];

export interface SwiftshaderFiles {
  /** Folder with the driver and libvulkan.so.1. */
  readonly folder: string;
  readonly icdFile: string;
}

/** The package's archive; its main file is build/esm or build/cjs, the archive lies in bin/ beside build/. */
function archivePath(): string {
  for (
    let folder = dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium'));
    dirname(folder) !== folder;
    folder = dirname(folder)
  ) {
    const path = join(folder, 'bin', 'swiftshader.tar.br');
    if (existsSync(path)) return path;
  }
  throw new KernelError('NO_ADAPTER', 'the npm package @sparticuz/chromium holds no bin/swiftshader.tar.br');
}

/** The regular files of a tar archive (POSIX ustar: 512-byte headers, name at 0, octal size at 124, type at 156). */
export function* tarFiles(archive: Buffer): Generator<{ readonly name: string; readonly content: Buffer }> {
  for (let offset = 0; offset + 512 <= archive.length && archive[offset] !== 0; ) {
    const text = (start: number, end: number): string =>
      archive.toString('latin1', offset + start, offset + end).replace(/\0.*$/s, '');
    const bytes = Number.parseInt(text(124, 136).trim(), 8);
    if (!Number.isInteger(bytes)) throw new KernelError('NO_ADAPTER', 'the SwiftShader archive is damaged');
    const type = text(156, 157);
    const content = archive.subarray(offset + 512, offset + 512 + bytes);
    if (type === '0' || type === '') yield { name: text(0, 100), content };
    offset += 512 + 512 * Math.ceil(bytes / 512);
  }
}

/** A folder that only this user can write: the cache folder, else one in the temporary folder. */
function cacheFolder(): string {
  const user = process.getuid?.() ?? 0;
  const candidates = [
    join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'colonnade'),
    join(tmpdir(), `colonnade-${user}`),
  ];
  for (const folder of candidates) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const { uid, mode } = statSync(folder);
      // Libraries are loaded from here, so nobody else may be able to put files there.
      if (process.getuid && (uid !== user || (mode & 0o022) !== 0)) continue;
      rmSync(mkdtempSync(join(folder, 'writable-')), { recursive: true });
      return folder;
    } catch {
      // Not writable: the next candidate.
    }
  }
  throw new KernelError('NO_ADAPTER', `no folder to unpack SwiftShader in: tried ${candidates.join(', ')}`);
}

/** The unpacked driver; unpacks it at first use. Throws: KernelError 'NO_ADAPTER'. */
export function installSwiftshader(): SwiftshaderFiles {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new KernelError(
      'NO_ADAPTER',
      `SwiftShader is packed for linux x64, not ${process.platform} ${process.arch}`,
    );
  }
  const packed = readFileSync(archivePath());
  const version = createHash('sha256').update(packed).digest('hex').slice(0, 16);
  const parent = cacheFolder();
  const folder = join(parent, `swiftshader-${version}`);
  const installed = { folder, icdFile: join(folder, ICD) };
  if (WANTED.every((name) => existsSync(join(folder, name)))) return installed;
  const partial = mkdtempSync(join(parent, 'partial-'));
  try {
    const missing = new Set(WANTED);
    for (const { name, content } of tarFiles(brotliDecompressSync(packed))) {
      const plain = name.replace(/^\.\//, '');
      if (!missing.delete(plain)) continue;
      writeFileSync(join(partial, plain), content);
      chmodSync(join(partial, plain), 0o755);
    }
    if (missing.size > 0) throw new KernelError('NO_ADAPTER', `the archive lacks ${[...missing].join(', ')}`);
    try {
      renameSync(partial, folder);
    } catch (error) {
      // Another process may have been faster; an incomplete folder is ours to replace.
      if (!WANTED.every((name) => existsSync(join(folder, name)))) {
        rmSync(folder, { recursive: true, force: true });
        renameSync(partial, folder);
      } else if (!existsSync(partial)) throw error;
    }
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return installed;
}
