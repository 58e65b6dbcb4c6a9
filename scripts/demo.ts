/**
 * Proves the execution columns of a block through the service and checks everything: each proof is downloaded and verified
 * here in plain TypeScript, and the post-values are compared with an independent execution.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { type BlockFile, parseBlockFile } from '../chain/blockFile.ts';
import { type BlockInput, blockInput, type ColumnBlock } from '../chain/blockInput.ts';
import { executeColumn } from '../programs/column/execute.ts';
import { columnInputToJson } from '../programs/column/input.ts';
import {
  type ColumnStatement,
  columnStatementDigest,
  unpackBasicData,
} from '../programs/column/statement.ts';
import { formatStatement } from '../server/api/schemas.ts';
import { COLUMN_PROGRAM } from '../server/columnProgram.ts';
import { verifyingKeyOf } from '../server/keys.ts';
import { startService } from '../server/service.ts';
import { parseSettings } from '../server/settings.ts';
import type { VerifyingKey } from '../stark/keys.ts';
import { LEAF } from '../stark/profile.ts';
import { productionPolicy, verify } from '../stark/verifier.ts';
import { downloadProof, submitInputs, waitForJob, waitUntilReady } from './demoClient.ts';
import { commonOf, differences, type PostAccount, recoverSender, runIndependently } from './demoEthereum.ts';
import { type ColumnReport, type DemoReport, formatReport, totalsOf } from './demoReport.ts';

const USAGE = `Usage: npm run demo -- [options]

Proves the plain transfers of a block, cut into columns, through the service on a free port.

  --block FILE|NUMBER   a block of data/blocks by number, or a file of the same form (.json or .json.gz); default 19933122
  --columns K           columns to cut the block into; columns without transfers are not proved; default 2
  --adapter NAME        auto, hardware, lavapipe or swiftshader; default auto
  --json                print one JSON object instead of tables
  --help
`;

interface Options {
  readonly block: string;
  readonly columnCount: number;
  readonly adapter: string;
  readonly format: 'json' | 'table';
}

/** Undefined when only the usage was asked for. Throws: TypeError, RangeError on wrong options. */
function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      block: { type: 'string', default: '19933122' },
      columns: { type: 'string', default: '2' },
      adapter: { type: 'string', default: 'auto' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  if (!/^[1-9]\d{0,4}$/.test(values.columns))
    throw new RangeError(`--columns: ${values.columns} is no count of columns`);
  return {
    block: values.block,
    columnCount: Number(values.columns),
    adapter: values.adapter,
    format: values.json ? 'json' : 'table',
  };
}

function readBlockFile(block: string): BlockFile {
  const own = new URL(`../data/blocks/${block}.json.gz`, import.meta.url);
  const path = /^\d+$/.test(block) ? own : block;
  if (!existsSync(path)) throw new RangeError(`--block: there is no ${String(path)}`);
  const bytes = readFileSync(path);
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return parseBlockFile(JSON.parse((isCompressed ? gunzipSync(bytes) : bytes).toString('utf8')));
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

interface ProvedColumn {
  readonly report: ColumnReport;
  readonly statement: ColumnStatement;
  readonly securityBits: number;
}

/** Waits for a column's proof and verifies it against the statement computed here. Throws: Error when anything is wrong. */
async function finishColumn(
  url: string,
  id: string,
  column: ColumnBlock,
  place: string,
  key: VerifyingKey,
): Promise<ProvedColumn> {
  let said = '';
  const job = await waitForJob(url, id, ({ state, attempts }) => {
    const line = `column ${column.columnIndex} (${place}): ${state}${attempts > 1 ? `, attempt ${attempts}` : ''}`;
    if (line !== said) say(line);
    said = line;
  });
  if (job.proof === undefined) throw new Error('a job that succeeded has no proof');
  const statement = executeColumn(column);
  const digest = columnStatementDigest(statement);
  if (job.proof.statement !== formatStatement(digest))
    throw new Error('the job states something else than the column');
  const bytes = await downloadProof(url, id);
  const start = performance.now();
  const verdict = verify(key, digest, bytes, productionPolicy());
  const verifySeconds = (performance.now() - start) / 1000;
  if (!verdict.ok)
    throw new Error(`the proof does not verify: ${verdict.reason} ${JSON.stringify(verdict.details)}`);
  const skipped: Record<string, number> = {};
  for (const { status } of statement.transfers) {
    if (status !== 'executed') skipped[status] = (skipped[status] ?? 0) + 1;
  }
  return {
    statement,
    securityBits: job.proof.securityBits,
    report: {
      column: column.columnIndex,
      transactions: statement.transfers.length,
      executed: statement.transfers.filter(({ status }) => status === 'executed').length,
      skipped,
      statement: job.proof.statement,
      attempts: job.attempts,
      proofBytes: bytes.byteLength,
      proofSha256: createHash('sha256').update(bytes).digest('hex'),
      serviceVerifySeconds: job.proof.verifySeconds,
      verifySeconds,
      measures: job.proof.measures,
    },
  };
}

async function compareIndependently(
  file: BlockFile,
  { coinbase }: BlockInput,
  statements: readonly ColumnStatement[],
): Promise<DemoReport['independent']> {
  const posts = new Map<string, PostAccount>();
  for (const { address, postValue } of statements.flatMap(({ accessList }) => accessList)) {
    const { nonce, balanceWei } = unpackBasicData(postValue);
    posts.set(address, { nonce, balanceWei });
  }
  const run = await runIndependently(file);
  const found = differences(run, posts, {
    address: coinbase,
    balanceBeforeWei: file.prestate[coinbase]?.balance ?? 0n,
    feesWei: statements.reduce((sum, { priorityFeesWei }) => sum + priorityFeesWei, 0n),
  });
  const executed = statements
    .flatMap(({ transfers }) => transfers)
    .filter(({ status }) => status === 'executed').length;
  const expected = run.refusals.filter((refusal) => refusal === undefined).length;
  if (executed !== expected) found.push(`${executed} transactions executed, expected ${expected}`);
  return { accounts: run.accounts.size, differences: found };
}

async function runDemo({ block, columnCount, adapter }: Options): Promise<DemoReport> {
  const file = readBlockFile(block);
  const common = commonOf(file);
  const input = blockInput(file, columnCount, (transaction) => recoverSender(transaction, common));
  if (input.columns.length === 0) throw new RangeError('the block has no plain transfers');
  const key = await verifyingKeyOf(COLUMN_PROGRAM.program(), LEAF);
  const start = performance.now();
  const service = await startService(
    parseSettings(
      [
        '--port=0',
        `--adapter=${adapter}`,
        '--log-level=error',
        '--queue-limit=10000',
        '--retention-limit=10000',
      ],
      {},
    ),
  );
  try {
    say(`service at ${service.url}; starting the prover`);
    const { adapter: chosen } = await waitUntilReady(service.url);
    const readyAt = performance.now();
    say(`prover ready: ${chosen.name}${chosen.isSoftware ? ' (a software adapter: slow)' : ''}`);
    const submitted = [];
    for (const column of input.columns) {
      const inputs = columnInputToJson(column);
      submitted.push({ column, id: await submitInputs(service.url, COLUMN_PROGRAM.name, LEAF.name, inputs) });
    }
    const proved: ProvedColumn[] = [];
    for (const { column, id } of submitted) {
      const place = `${proved.length + 1} of ${submitted.length}`;
      proved.push(await finishColumn(service.url, id, column, place, key));
    }
    const provedAt = performance.now();
    const columns = proved.map(({ report }) => report);
    return {
      block: Number(file.block.number),
      program: COLUMN_PROGRAM.name,
      profile: LEAF.name,
      securityBits: Math.min(...proved.map(({ securityBits }) => securityBits)),
      adapter: chosen,
      columnsAsked: columnCount,
      columns,
      totals: totalsOf(columns),
      independent: await compareIndependently(
        file,
        input,
        proved.map(({ statement }) => statement),
      ),
      readySeconds: (readyAt - start) / 1000,
      proveSeconds: (provedAt - readyAt) / 1000,
    };
  } finally {
    await service.close();
  }
}

async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions();
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  let report: DemoReport;
  try {
    report = await runDemo(options);
  } catch (error) {
    say(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
    return 1;
  }
  process.stdout.write(`${options.format === 'json' ? JSON.stringify(report) : formatReport(report)}\n`);
  return report.independent.differences.length === 0 ? 0 : 1;
}

process.exitCode = await main();
