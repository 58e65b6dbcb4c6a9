/** Reads the blocks of data/blocks. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type BlockFile, parseBlockFile } from '../../chain/blockFile.ts';

export function readBlockJson(number: number): unknown {
  const path = new URL(`../../data/blocks/${number}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(path)).toString('utf8'));
}

export function readBlock(number: number): BlockFile {
  return parseBlockFile(readBlockJson(number));
}
