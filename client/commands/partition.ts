/** `colonnade partition`: the columns of a block, and their inputs as files that `prove` takes. */
import { join } from 'node:path';
import { parseBlockFile, requireSenders } from '../../chain/blockFile.ts';
import { blockInput, describeLeftOut, describeRemovedCodes } from '../../chain/blockInput.ts';
import { blockList } from '../../chain/blockList.ts';
import { partition } from '../../chain/partition.ts';
import { blockListToJson } from '../../programs/block/blockJson.ts';
import { counted } from '../../programs/block/describe.ts';
import { columnInputToJson } from '../../programs/column/input.ts';
import { makeFolder, readJson, removeStale, writeWhole } from '../files.ts';
import {
  type Command,
  type ExitCode,
  exactlyOne,
  outputPath,
  print,
  printJson,
  readOptions,
  required,
  say,
  table,
  wholeNumber,
} from '../terminal.ts';

const USAGE = `Usage: colonnade partition BLOCKFILE --columns K [options]

Cuts the plain transfers of a block into columns that touch different accounts (docs/spec/partition.md). BLOCKFILE is JSON in the form of
data/blocks, gzip-compressed or not, or made of a node's answers (docs/cli.md, section Block files); its transactions name their senders.

  --columns K     1 to 65535
  --out FOLDER    write the inputs of each column there, as column-I.json, for colonnade prove --inputs, and the inclusion list, as
                  list.json, for colonnade verify --list; columns of an earlier cut that lie there are removed
  --json
  --help`;

/** 0 of none. A list of any length: one argument for each would run out of stack. */
function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

async function run(args: readonly string[]): Promise<ExitCode> {
  const { values, files } = readOptions(args, {
    columns: { type: 'string' },
    out: { type: 'string' },
  });
  const file = exactlyOne(files, 'block file');
  const columnCount = wholeNumber(required(values.columns, '--columns'), '--columns', 1, 65535);
  const out = outputPath(values.out, '--out');
  const block = parseBlockFile(await readJson(file));
  const input = blockInput(block, columnCount);
  const { list, columns, leftOut } = input;
  requireSenders(block, list.transactions);
  const { classes, gasOfColumn } = partition(list.accesses, columnCount);
  const names = columns.map(({ columnIndex }) => `column-${columnIndex}.json`);
  const written: string[] = [];
  let removed: readonly string[] = [];
  let listFile: string | undefined;
  if (out !== undefined) {
    await makeFolder(out);
    for (const [index, column] of columns.entries()) {
      const target = join(out, names[index] ?? '');
      await writeWhole(target, `${JSON.stringify(columnInputToJson(column))}\n`);
      written.push(target);
    }
    listFile = join(out, 'list.json');
    await writeWhole(listFile, `${JSON.stringify(blockListToJson(blockList(input)))}\n`);
    // The columns of another cut do not belong to this list.
    removed = await removeStale(out, /^column-\d+\.json$/, new Set(names));
  }
  const newRecipients = new Set(
    list.transactions.map(({ to }) => to).filter((to) => !Object.hasOwn(block.prestate, to)),
  );
  const notes = [
    ...(newRecipients.size === 0
      ? []
      : [
          newRecipients.size === 1
            ? '1 recipient is not in the pre-state: taken as an account that does not exist yet.'
            : `${newRecipients.size} recipients are not in the pre-state: taken as accounts that do not exist yet.`,
        ]),
    ...describeRemovedCodes(input),
    ...(block.block.baseFeePerGas === undefined ? ['The block has no base fee: taken as 0.'] : []),
    ...(removed.length === 0 ? [] : [`Removed from ${out}, of an earlier cut: ${removed.join(', ')}`]),
  ];
  const largestClass = largest(classes.map(({ transactions }) => transactions.length));
  const reports = columns.map((column, index) => ({
    column: column.columnIndex,
    transfers: column.transfers.length,
    accounts: column.accounts.length,
    gas: gasOfColumn[column.columnIndex] ?? 0,
    ...(written[index] === undefined ? {} : { file: written[index] }),
  }));
  const totalGas = gasOfColumn.reduce((sum, gas) => sum + gas, 0);
  const speedUp = totalGas / Math.max(1, largest(gasOfColumn));
  if (values.json)
    printJson({
      block: block.block.number,
      transfers: list.columnOf.length,
      leftOut,
      classes: classes.length,
      largestClass,
      columnsAsked: columnCount,
      columns: reports,
      speedUp,
      ...(listFile === undefined ? {} : { list: listFile }),
      notes,
    });
  else {
    print(
      [
        `Block ${block.block.number}: ${counted(list.columnOf.length, 'plain transfer')} in ${classes.length} conflict ${classes.length === 1 ? 'class' : 'classes'}, the largest of ${largestClass}`,
        ...describeLeftOut(leftOut),
        '',
        ...table([
          ['column', 'transfers', 'accounts', 'gas'],
          ...reports.map((each) => [String(each.column), each.transfers, each.accounts, each.gas]),
        ]),
        '',
        `${reports.length} of ${counted(columnCount, 'column')} ${reports.length === 1 ? 'has' : 'have'} transfers; side by side they take 1/${speedUp.toFixed(2)} of the time of one after the other.`,
        ...written,
        ...(listFile === undefined ? [] : [listFile]),
      ].join('\n'),
    );
  }
  for (const note of notes) say(note);
  return 0;
}

export const PARTITION: Command = { usage: USAGE, run };
