/**
 * Runs the test suite on a chosen adapter: `node --import tsx scripts/test.ts [--adapter NAME] [test files]`, by default
 * all files test/**\/*.test.ts. The environment that the adapter needs is prepared here, because a loader's path cannot be
 * set inside a running process. The adapter may also come from COLONNADE_ADAPTER; otherwise the first that works is taken.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { parseAdapterChoice, proverEnvironment } from '../kernels/adapter.ts';

const files: string[] = [];
let adapter = process.env['COLONNADE_ADAPTER'] ?? 'auto';
for (let rest = process.argv.slice(2); rest.length > 0; ) {
  const [first = '', second, ...others] = rest;
  if (first === '--adapter') {
    adapter = second ?? '';
    rest = others;
  } else {
    files.push(first);
    rest = rest.slice(1);
  }
}
if (files.length === 0) {
  for (const path of readdirSync('test', { recursive: true, encoding: 'utf8' }).sort()) {
    if (path.endsWith('.test.ts')) files.push(`test/${path}`);
  }
}

const { kind, environment, adapterName, rejected } = await proverEnvironment(parseAdapterChoice(adapter));
for (const passed of rejected) console.log(`adapter ${passed.kind}: ${passed.reason}`);
console.log(`adapter ${kind}: ${adapterName}`);
// A test that fails may leave a service behind, which must not keep the run from ending.
const options = ['--test', '--test-concurrency=2', '--test-force-exit', '--test-reporter=spec'];
const child = spawn(process.execPath, ['--import', 'tsx', ...options, ...files], {
  stdio: 'inherit',
  env: { ...process.env, ...environment, COLONNADE_ADAPTER: kind },
});
child.on('exit', (status) => process.exit(status ?? 1));
