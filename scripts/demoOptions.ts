/** The demo's command line. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type BlockFile, parseBlockFile } from '../chain/blockFile.ts';
import { readJson } from '../client/files.ts';
import { FAN_IN } from '../server/aggregation/tree.ts';

export const USAGE = `Usage: npm run demo -- [options]

Proves the plain transfers of a block, cut into columns, through the service on a free port, and folds the columns' proofs
into one small proof of the block, which is verified here.

  --block FILE|NUMBER   a block of data/blocks by number, or a file of the same form (.json or .json.gz); default 19933122
  --columns K           columns to cut the block into; columns without transfers are not proved; default 2
  --fan-in N            proofs below one aggregate, ${FAN_IN.least} to ${FAN_IN.most}; default ${FAN_IN.usual}
  --columns-only        the proofs of the columns only: the short run
  --out FILE            write the block's final proof as a proof file, for 'colonnade verify'
  --adapter NAME        auto, hardware, lavapipe or swiftshader; default auto
  --json                print one JSON object instead of tables
  --help
`;

export interface Options {
  readonly block: string;
  readonly columnCount: number;
  readonly fanIn: number;
  readonly isColumnsOnly: boolean;
  readonly out: string | undefined;
  readonly adapter: string;
  readonly format: 'json' | 'table';
}

/** Undefined when only the usage was asked for. Throws: TypeError, RangeError on wrong options. */
export function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      block: { type: 'string', default: '19933122' },
      columns: { type: 'string', default: '2' },
      'fan-in': { type: 'string', default: String(FAN_IN.usual) },
      'columns-only': { type: 'boolean', default: false },
      out: { type: 'string' },
      adapter: { type: 'string', default: 'auto' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(values.columns))
    throw new RangeError(`--columns: ${values.columns} is no count of columns`);
  const fanIn = Number(values['fan-in']);
  if (!Number.isInteger(fanIn) || fanIn < FAN_IN.least || fanIn > FAN_IN.most)
    throw new RangeError(`--fan-in: ${values['fan-in']} is not in ${FAN_IN.least}..${FAN_IN.most}`);
  if (values.out === '') throw new RangeError('--out: expected a path, got nothing');
  if (values['columns-only'] && values.out !== undefined)
    throw new RangeError('--out: there is no final proof with --columns-only');
  return {
    block: values.block,
    columnCount: Number(values.columns),
    fanIn,
    isColumnsOnly: values['columns-only'],
    out: values.out,
    adapter: values.adapter,
    format: values.json ? 'json' : 'table',
  };
}

/** Why only the columns are proved; undefined when the block is. */
export function reasonForColumnsOnly(
  { isColumnsOnly }: Pick<Options, 'isColumnsOnly'>,
  adapter: { readonly name: string },
): string | undefined {
  if (isColumnsOnly) return 'Columns only, as asked: no block proof.';
  if (!adapter.name.includes('SwiftShader')) return undefined;
  return 'SwiftShader is about 15 times slower than lavapipe: the smaller case, columns only, no block proof.';
}

/** Throws: ClientError when there is no such file or it is no JSON, ChainError when it is no block. */
export async function readBlockFile(block: string): Promise<BlockFile> {
  const own = new URL(`../data/blocks/${block}.json.gz`, import.meta.url);
  return parseBlockFile(await readJson(/^\d+$/.test(block) ? fileURLToPath(own) : block));
}
