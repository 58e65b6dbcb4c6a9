/** The demo's command line and its report; the proofs themselves are in service.test.ts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type ColumnReport, formatReport, totalsOf } from '../../scripts/demoReport.ts';

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

describe('demo', () => {
  it('shows its usage and refuses wrong options', () => {
    const help = demo('--help');
    assert.equal(help.status, 0);
    for (const option of ['--block', '--columns', '--adapter', '--json'])
      assert.ok(help.stdout.includes(option));
    for (const options of [['--columns', '0'], ['--columns', 'x'], ['--unknown'], ['stray']]) {
      const refused = demo(...options);
      assert.equal(refused.status, 2, options.join(' '));
      assert.ok(refused.stderr.includes('Usage'));
    }
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
    const text = formatReport({
      block: 7,
      program: 'column',
      profile: 'leaf',
      securityBits: 128.2,
      adapter: { name: 'adapter', isSoftware: true },
      columnsAsked: 4,
      columns,
      totals,
      independent: { accounts: 4, differences: [] },
      readySeconds: 1,
      proveSeconds: 8,
    });
    for (const part of [
      '10 plain transfers, 6 executed, 4 skipped',
      '128.2 provable bits',
      'software',
      '75%',
      'agree',
    ]) {
      assert.ok(text.includes(part), part);
    }
  });
});
