/**
 * Reduces a block file to what its plain transfers need and writes it gzip-compressed to data/blocks; the reduction is
 * described in data/blocks/README.md. Usage: node --import tsx scripts/demoReduceBlock.ts FILE...
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { parseBlockFile } from '../chain/blockFile.ts';
import { selectTransfers } from '../chain/blockInput.ts';

const BLOCK_FIELDS = [
  'hash',
  'number',
  'timestamp',
  'gasLimit',
  'gasUsed',
  'miner',
  'baseFeePerGas',
] as const;

interface RawFile {
  readonly source: unknown;
  readonly chainId: number;
  readonly block: Record<string, unknown> & { readonly transactions: readonly Record<string, unknown>[] };
  readonly prestate: Record<string, Record<string, unknown>>;
}

function reduce(raw: RawFile): unknown {
  const file = parseBlockFile(raw);
  const { transfers } = selectTransfers(file);
  const indices = new Set(transfers.map(({ blockIndex }) => blockIndex));
  const recipients = new Set(transfers.map(({ to }) => to));
  const kept = new Set([...transfers.flatMap(({ from, to }) => [from, to]), file.block.miner]);
  const prestate: Record<string, unknown> = {};
  for (const [address, account] of Object.entries(raw.prestate)) {
    if (!kept.has(address.toLowerCase())) continue;
    const { balance, nonce, code } = account;
    const isCodeKept =
      code !== undefined &&
      !recipients.has(address.toLowerCase()) &&
      address.toLowerCase() !== file.block.miner;
    prestate[address.toLowerCase()] = { balance, nonce, ...(isCodeKept ? { code } : {}) };
  }
  return {
    source: raw.source,
    chainId: raw.chainId,
    block: {
      ...Object.fromEntries(
        BLOCK_FIELDS.flatMap((name) => (name in raw.block ? [[name, raw.block[name]]] : [])),
      ),
      transactions: raw.block.transactions.filter((_transaction, index) => indices.has(index)),
    },
    prestate,
  };
}

for (const path of process.argv.slice(2)) {
  const raw = JSON.parse(readFileSync(path, 'utf8')) as RawFile;
  const compressed = gzipSync(`${JSON.stringify(reduce(raw))}\n`, { level: 9 });
  const target = new URL(`../data/blocks/${Number(raw.block['number'])}.json.gz`, import.meta.url);
  writeFileSync(target, compressed);
  process.stdout.write(`${fileURLToPath(target)}: ${compressed.byteLength} bytes\n`);
}
