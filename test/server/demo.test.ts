/** The demo's command line and its report; the proofs themselves are in service.test.ts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { blockInput } from '../../chain/blockInput.ts';
import { blockList } from '../../chain/blockList.ts';
import { assembleBlock } from '../../programs/block/blockInput.ts';
import type { BlockStatement } from '../../programs/block/blockStatement.ts';
import { executeColumn } from '../../programs/column/execute.ts';
import { compareBlock } from '../../scripts/demoEthereum.ts';
import { reasonForColumnsOnly } from '../../scripts/demoOptions.ts';
import {
  type BlockReport,
  type ColumnReport,
  type DemoReport,
  formatReport,
  type LevelReport,
  totalsOf,
} from '../../scripts/demoReport.ts';
import { readBlock } from '../support/blocks.ts';

const DEMO = fileURLToPath(new URL('../../scripts/demo.ts', import.meta.url));

function demo(...options: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', DEMO, ...options], { encoding: 'utf8' });
}

function column(index: number, skipped: Record<string, number>): ColumnReport {
  return {
    column: index,
    transactions: 5,
    executed: 3,
    skipped,
    statement: '0x',
    attempts: 1,
    proofBytes: 1024,
    proofSha256: '0',
    serviceVerifySeconds: 0.5,
    verifySeconds: 0.25,
    measures: {
      adapter: { name: 'adapter', isSoftware: true },
      cycles: 100,
      tables: [{ name: 'cpu', rows: 128, cells: 1280 }],
      stages: [
        { name: 'grind', seconds: 3 },
        { name: 'open', seconds: 1 },
      ],
      grindingSeconds: 3,
      deviceSeconds: 2,
      peakDeviceBytes: 4096,
    },
  };
}

function level(number: number, role: LevelReport['role'], proofs: number): LevelReport {
  return {
    level: number,
    role,
    profile: role === 'final' ? 'final' : 'inner',
    proofs,
    children: proofs,
    cycles: 40_000 * proofs,
    largestTableRows: 65536,
    cells: 10 ** 6,
    proofBytes: 2048 * proofs,
    seconds: 2.5,
    serviceVerifySeconds: 0.0625,
    stages: [],
    tables: [],
  };
}

const BLOCK_REPORT: BlockReport = {
  fanIn: 2,
  levels: [level(1, 'aggregate', 4), level(2, 'block', 1), level(3, 'shrink', 1), level(4, 'final', 1)],
  blockSeconds: 7,
  final: {
    proofBytes: 204_800,
    provableBits: 128.3,
    collisionBits: 123.9,
    verifyMs: 31.4,
    serviceVerifyMs: 30,
    proofSha256: '0',
    statement: `0x${'1'.repeat(64)}`,
    blockStatement: `0x${'2'.repeat(64)}`,
    logHeights: { cpu: 15 },
    claims: ['Block 7 of chain 1.'],
    caveats: ['It does not say that senders signed.'],
  },
};

function reportOf(columns: readonly ColumnReport[]): DemoReport {
  return {
    block: 7,
    program: 'column',
    profile: 'leaf',
    provableBits: 128.2,
    collisionBits: 123.9,
    adapter: { name: 'adapter', isSoftware: true },
    columnsAsked: 4,
    columns,
    totals: totalsOf(columns),
    independent: { accounts: 4, differences: [] },
    readySeconds: 1,
    proveSeconds: 8,
  };
}

function assertParts(text: string, parts: readonly string[]): void {
  for (const part of parts) assert.ok(text.includes(part), `${part} in:\n${text}`);
}

describe('demo', () => {
  it('shows its usage and refuses wrong options', () => {
    const help = demo('--help');
    assert.equal(help.status, 0);
    for (const option of [
      '--block',
      '--columns',
      '--fan-in',
      '--columns-only',
      '--out',
      '--adapter',
      '--json',
    ])
      assert.ok(help.stdout.includes(option));
    for (const options of [
      ['--columns', '0'],
      ['--fan-in', '1'],
      ['--fan-in', 'x'],
      ['--columns-only', '--out', 'file'],
      ['stray'],
    ]) {
      const refused = demo(...options);
      assert.equal(refused.status, 2, options.join(' '));
      assert.ok(refused.stderr.includes('Usage'));
    }
  });

  it('proves columns only when asked, and on SwiftShader, and says so', () => {
    const lavapipe = { name: 'llvmpipe: Mesa 25.0.7' };
    assert.equal(reasonForColumnsOnly({ isColumnsOnly: false }, lavapipe), undefined);
    const asked = reasonForColumnsOnly({ isColumnsOnly: true }, lavapipe);
    assert.ok(asked?.includes('as asked'), asked);
    const slow = reasonForColumnsOnly({ isColumnsOnly: false }, { name: 'SwiftShader Device (LLVM 16)' });
    assert.ok(slow?.includes('15 times slower') && slow.includes('smaller case'), slow);
  });

  it('adds its columns up', () => {
    const columns = [
      column(0, { 'nonce too high': 2 }),
      column(3, { 'nonce too high': 1, 'nonce too low': 1 }),
    ];
    const totals = totalsOf(columns);
    assert.deepEqual(totals, {
      transactions: 10,
      executed: 6,
      skipped: { 'nonce too high': 3, 'nonce too low': 1 },
      cycles: 200,
      tables: [{ name: 'cpu', rows: 256, cells: 2560 }],
      stages: [
        { name: 'grind', seconds: 6 },
        { name: 'open', seconds: 2 },
      ],
      grindingShare: 0.75,
      proofBytes: 2048,
    });
    assertParts(formatReport({ ...reportOf(columns), columnsOnly: 'Columns only, as asked.' }), [
      '10 plain transfers, 6 executed, 4 skipped',
      '128.2 provable bits',
      'software',
      '75%',
      'agree',
      'Columns only, as asked.',
      'Signatures are not part of the statement',
    ]);
  });

  it('tells the levels and the claims of the block proof', () => {
    const text = formatReport({ ...reportOf([column(0, {})]), ...BLOCK_REPORT });
    assertParts(text, [
      '204,800 bytes (200.0 KiB), 128.3 provable bits',
      'in 31 ms',
      `statement 0x${'1'.repeat(64)}`,
      '  Block 7 of chain 1.',
      '  It does not say that senders signed.',
    ]);
    const rows = text.split('\n').map((line) => line.trim().split(/ {2,}/));
    // Of a level with several proofs: the size of one.
    assert.deepEqual(
      rows.find(([name]) => name === '1 aggregates'),
      ['1 aggregates', '4', '4', '160,000', '65,536', '2.0 KiB', '2.50', '0.06'],
    );
    for (const name of ['2 block', '3 shrunk', '4 final']) assert.ok(rows.some(([first]) => first === name));
    // A column's own sentence would stand beside the block's.
    assert.ok(!text.includes('Signatures are not part of the statement'));
  });

  it('finds what a block states otherwise than the independent execution', async () => {
    const file = readBlock(19933122);
    const input = blockInput(file, 2);
    const block = assembleBlock(input.columns.map(executeColumn), blockList(input));
    const compared = await compareBlock(file, input.coinbase, block);
    assert.deepEqual(compared.differences, []);
    assert.ok(compared.accounts > 0);

    const [first, ...others] = block.transfers;
    assert.ok(first);
    const differencesOf = async (lie: Partial<BlockStatement>): Promise<readonly string[]> =>
      (await compareBlock(file, input.coinbase, { ...block, ...lie })).differences;
    const skipped = await differencesOf({ transfers: [{ ...first, status: 'nonce too low' }, ...others] });
    assert.deepEqual(skipped, ['transaction 0: nonce too low, expected executed']);
    assert.equal((await differencesOf({ transfers: others })).length, 1);
    assert.deepEqual(await differencesOf({ gasUsed: block.gasUsed + 1n }), [
      `gas: ${block.gasUsed + 1n}, expected ${block.gasUsed}`,
    ]);
    assert.equal((await differencesOf({ burnedWei: block.burnedWei - 1n })).length, 1);
    const [item, ...items] = block.accessList;
    assert.ok(item);
    const richer = { ...item, postValue: item.postValue + 1n };
    const accounts = await differencesOf({ accessList: [richer, ...items] });
    assert.equal(accounts.length, 1);
    assert.ok(accounts[0]?.startsWith(item.address), accounts[0]);
  });
});
