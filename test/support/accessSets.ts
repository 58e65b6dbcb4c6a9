/** Reads the access sets of test/vectors/access-sets; the format is in its README. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ObservedAccess } from '../../chain/accessSet.ts';

const FOLDER = new URL('../vectors/access-sets/', import.meta.url);

interface AccessFile {
  readonly coinbase: string;
  readonly gasUsed: number;
  readonly addresses: readonly string[];
  readonly keys: readonly (readonly [number, string])[];
  readonly txs: readonly {
    readonly gasUsed: number;
    readonly fee: string;
    readonly r: readonly number[];
    readonly w: readonly number[];
    readonly bal: readonly (readonly [number, string])[];
    readonly nonce: readonly (readonly [number, number])[];
    readonly codeR: readonly number[];
    readonly codeW: readonly number[];
    readonly balRead: readonly number[];
  }[];
}

export interface ObservedBlock {
  readonly number: string;
  readonly coinbase: string;
  readonly gasUsed: number;
  readonly transactions: readonly ObservedAccess[];
}

export function blocksWithAccessSets(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json.gz'))
    .map((name) => name.slice(0, -'.json.gz'.length));
}

export function readObservedBlock(number: string): ObservedBlock {
  const text = gunzipSync(readFileSync(new URL(`${number}.json.gz`, FOLDER))).toString('utf8');
  const file = JSON.parse(text) as AccessFile;
  const address = (index: number): string => file.addresses[index] ?? raise(`address ${index}`);
  const slot = (index: number): { address: string; slot: string } => {
    const key = file.keys[index] ?? raise(`key ${index}`);
    return { address: address(key[0]), slot: key[1] };
  };
  return {
    number,
    coinbase: file.coinbase,
    gasUsed: file.gasUsed,
    transactions: file.txs.map((transaction) => ({
      gasUsed: transaction.gasUsed,
      feeWei: BigInt(transaction.fee),
      slotReads: transaction.r.map(slot),
      slotWrites: transaction.w.map(slot),
      balanceChanges: transaction.bal.map(([index, delta]) => ({
        address: address(index),
        deltaWei: BigInt(delta),
      })),
      balanceReads: transaction.balRead.map(address),
      nonceWrites: transaction.nonce.map(([index]) => address(index)),
      codeReads: transaction.codeR.map(address),
      codeWrites: transaction.codeW.map(address),
    })),
  };
}

function raise(what: string): never {
  throw new Error(`the access-set file lacks ${what}`);
}
