/**
 * Proves a block through the service and checks everything: its columns, and the one small proof that the service folds them
 * into. Each proof is downloaded and verified here in plain TypeScript under the published keys, and the post-values are compared
 * with an independent execution.
 */
import { requireSenders } from '../chain/blockFile.ts';
import { type BlockInput, blockInput, describeLeftOut, describeRemovedCodes } from '../chain/blockInput.ts';
import { blockList } from '../chain/blockList.ts';
import { createClient } from '../client/client.ts';
import { readKeys, requireWritable, writeProofFile } from '../client/files.ts';
import { surviveClosedPipes } from '../client/terminal.ts';
import { productionSystem } from '../client/verifyFile.ts';
import { assembleBlock } from '../programs/block/blockInput.ts';
import { columnInputToJson } from '../programs/column/input.ts';
import { MAXIMUM_CHILDREN } from '../server/api/aggregationSchemas.ts';
import { COLUMN_PROGRAM } from '../server/columnProgram.ts';
import { startService } from '../server/service.ts';
import { parseSettings } from '../server/settings.ts';
import { LEAF } from '../stark/profile.ts';
import { COLLISION_BITS } from '../stark/soundness.ts';
import { checkFinal, levelsOf, requireKey, submitBlock, waitForBlock } from './demoBlock.ts';
import { finishColumn, type ProvedColumn, type SubmittedColumn } from './demoColumns.ts';
import { type Options, readBlockFile, readOptions, reasonForColumnsOnly, USAGE } from './demoOptions.ts';
import { type BlockReport, type DemoReport, formatReport, totalsOf } from './demoReport.ts';

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Throws: RangeError on a block that is not for the demo. */
function requireSize({ columns }: BlockInput, { isColumnsOnly }: Options): void {
  if (columns.length === 0) throw new RangeError('the block has no plain transfers');
  if (!isColumnsOnly && columns.length > MAXIMUM_CHILDREN)
    throw new RangeError(
      `a block proof has at most ${MAXIMUM_CHILDREN} columns, got ${columns.length}; there is --columns-only`,
    );
}

async function runDemo(options: Options): Promise<DemoReport> {
  const { block, columnCount, fanIn, adapter, out } = options;
  // Of the development packages: an installation without them has no second opinion to compare with.
  const { commonOf, compareBlock } = await import('./demoEthereum.ts');
  const { recoverSender } = await import('./recoverSender.ts');
  const file = await readBlockFile(block);
  const common = commonOf(file);
  const input = blockInput(file, columnCount, (transaction) => recoverSender(transaction, common));
  requireSenders(file, input.list.transactions);
  for (const line of [...describeLeftOut(input.leftOut), ...describeRemovedCodes(input)]) say(line);
  requireSize(input, options);
  if (out !== undefined) await requireWritable(out);
  const keys = await readKeys(undefined, productionSystem());
  const columnKey = requireKey(keys, COLUMN_PROGRAM.name, LEAF.name).verifyingKey;
  const start = performance.now();
  const secondsSince = (from: number): number => (performance.now() - from) / 1000;
  const service = await startService(
    parseSettings(
      [
        '--port=0',
        `--adapter=${adapter}`,
        '--log-level=error',
        '--queue-limit=10000',
        '--retention-limit=10000',
        '--attempt-timeout-seconds=86400',
      ],
      {},
    ),
  );
  try {
    const client = createClient(service.url);
    say(`service at ${service.url}; starting the prover`);
    const { adapter: chosen } = await client.waitUntilReady();
    const readySeconds = secondsSince(start);
    say(`prover ready: ${chosen.name}${chosen.isSoftware ? ' (a software adapter: slow)' : ''}`);
    const reason = reasonForColumnsOnly(options, chosen);
    if (reason !== undefined) say(reason);

    const readyAt = performance.now();
    const submitted: SubmittedColumn[] = [];
    for (const column of input.columns) {
      const inputs = columnInputToJson(column);
      const { id } = await client.submitProof({ program: COLUMN_PROGRAM.name, profile: LEAF.name, inputs });
      submitted.push({ column, id });
    }
    const list = blockList(input);
    // The columns' jobs are still queued: the service goes on with each as soon as it is proved.
    const aggregation =
      reason === undefined
        ? await submitBlock(
            client,
            submitted.map(({ id }) => id),
            list,
            fanIn,
          )
        : undefined;
    const proved: ProvedColumn[] = [];
    for (const column of submitted) {
      const place = `${proved.length + 1} of ${submitted.length}`;
      proved.push(await finishColumn(client, column, place, columnKey, say));
    }
    const proveSeconds = secondsSince(readyAt);
    const statement = assembleBlock(
      proved.map((column) => column.statement),
      list,
    );

    let blockReport: BlockReport | undefined;
    if (aggregation !== undefined) {
      const provedAt = performance.now();
      const answer = await waitForBlock(client, aggregation, say);
      const { final, file: proofFile } = await checkFinal(client, answer, keys, statement);
      const blockSeconds = secondsSince(provedAt);
      if (out !== undefined) {
        await writeProofFile(out, proofFile);
        say(`the final proof is in ${out}`);
      }
      blockReport = { fanIn, levels: await levelsOf(client, answer), blockSeconds, final };
    }
    const columns = proved.map(({ report }) => report);
    return {
      block: Number(file.block.number),
      program: COLUMN_PROGRAM.name,
      profile: LEAF.name,
      provableBits: Math.min(...proved.map(({ provableBits }) => provableBits)),
      collisionBits: COLLISION_BITS,
      adapter: chosen,
      columnsAsked: columnCount,
      columns,
      totals: totalsOf(columns),
      ...(blockReport ?? { columnsOnly: reason ?? '' }),
      independent: await compareBlock(file, input.coinbase, statement),
      readySeconds,
      proveSeconds,
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
    const isPackageMissing =
      error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND';
    say(
      isPackageMissing
        ? `The demo compares with an independent execution, whose packages are not installed (npm ci without --omit=dev): ${error.message}`
        : error instanceof Error
          ? `${error.name}: ${error.message}`
          : String(error),
    );
    return 1;
  }
  process.stdout.write(`${options.format === 'json' ? JSON.stringify(report) : formatReport(report)}\n`);
  return report.independent.differences.length === 0 ? 0 : 1;
}

surviveClosedPipes();
process.exitCode = await main();
