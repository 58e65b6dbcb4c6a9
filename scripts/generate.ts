/**
 * Rebuilds every generated file, in order of dependence. With `--check` nothing is written, and a file that differs from
 * what would be written is named and fails the command.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const GENERATORS = [
  'generatePoseidonConstants',
  'generatePoseidonModule',
  'generateShaderConstants',
  'generateMachineTables',
  'generateMachineWords',
];

for (const generator of GENERATORS) {
  const script = fileURLToPath(new URL(`${generator}.ts`, import.meta.url));
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', script, ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = 1;
}
