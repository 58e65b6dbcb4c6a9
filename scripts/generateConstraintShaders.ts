/**
 * Writes the constraint kernels of the machine's tables to shaders/generated/. With `--check` it writes nothing and fails
 * when a file is not what would be written.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { generateProgram } from '../kernels/generate/program.ts';
import { COLONNADE_MACHINE } from '../machine/system.ts';

const DIRECTORY = new URL('../shaders/generated/', import.meta.url);
const COMMAND = 'node --import tsx scripts/generateConstraintShaders.ts';

/** Text by file name. */
export function constraintShaders(): Map<string, string> {
  const texts = new Map<string, string>();
  for (const table of COLONNADE_MACHINE.tables) {
    for (const purpose of ['constraints', 'interactions'] as const) {
      const { evaluation } = generateProgram(table, purpose, 'kernels');
      if (evaluation.kind !== 'kernels') continue;
      for (const { name, source } of evaluation.kernels) texts.set(`${name}.wgsl`, source);
    }
  }
  return texts;
}

if (process.argv[1] === import.meta.filename) {
  const isCheck = process.argv.includes('--check');
  const texts = constraintShaders();
  mkdirSync(DIRECTORY, { recursive: true });
  const present = readdirSync(DIRECTORY).filter((file) => file.endsWith('.wgsl'));
  for (const file of new Set([...present, ...texts.keys()])) {
    const text = texts.get(file);
    const path = new URL(file, DIRECTORY);
    if (!isCheck) {
      if (text === undefined) rmSync(path);
      else writeFileSync(path, text);
    } else if (text === undefined || !present.includes(file) || readFileSync(path, 'utf8') !== text) {
      process.stderr.write(`shaders/generated/${file} is not what ${COMMAND} writes\n`);
      process.exitCode = 1;
    }
  }
}
