/** The guest program of docs/tutorial.md, and how the tutorial runs and proves it. */
import { buildProgram } from '../../machine/builder.ts';
import { disassemble } from '../../machine/disassemble.ts';
import { profileCycles } from '../../machine/profile.ts';
import {
  buildTraces,
  COLONNADE_MACHINE,
  checkTraces,
  preprocessedTraces,
  run,
} from '../../machine/system.ts';
import type { Backend } from '../../stark/backend.ts';
import { compress } from '../../stark/hash/poseidon.ts';
import { generateKey } from '../../stark/keys.ts';
import { type Profile, profileDigest } from '../../stark/profile.ts';
import { prove } from '../../stark/prover.ts';
import type { Verdict } from '../../stark/verifier/rejection.ts';
import { verify } from '../../stark/verifier.ts';

/** Knows a list of numbers with a public digest and a public sum, and keeps the numbers to itself. */
export const hiddenSum = buildProgram('hidden sum', (program) => {
  const count = program.hintValue('count', []);

  const start = { digest: program.row([count]), sum: program.constant(0) };
  const { digest, sum } = program.repeat(count, start, ({ digest, sum }, { index }) => {
    const value = program.hintValue('value', [index]);
    return {
      digest: program.compress(digest, program.row([value])),
      sum: program.add(sum, value),
    };
  });

  program.compress(digest, program.row([sum]), program.statement);
});

/** What the host knows, and what it tells the program. */
export const secrets = [17, 4, 2_000_000_000, 21];
export const hints = {
  count: () => [secrets.length],
  value: ([index = 0]: readonly number[]) => [secrets[index] ?? 0],
};

/** The statement, as a verifier computes it from the digest of the list and the sum. */
export function hiddenSumStatement(digest: Uint32Array, sum: number): Uint32Array {
  return compress(digest, Uint32Array.of(sum, 0, 0, 0, 0, 0, 0, 0));
}

/** Runs the program, checks its columns, and prints where the cycles went. */
export function runHiddenSum(print: (line: string) => void): void {
  print(disassemble(hiddenSum));
  const execution = run(hiddenSum, hints);
  const verdict = checkTraces(hiddenSum, buildTraces(hiddenSum, execution), execution.statement);
  print(`cycles ${execution.pc.length}, columns are ${verdict.ok ? 'valid' : 'invalid'}`);
  for (const { name, cycles } of profileCycles(hiddenSum, execution).lines) print(`${cycles}  ${name}`);
}

/** Proves a run on any backend and verifies the proof as somebody else would. */
export async function proveHiddenSum(backend: Backend, profile: Profile): Promise<Verdict> {
  const key = await generateKey(backend, COLONNADE_MACHINE, profile, preprocessedTraces(hiddenSum));
  const execution = run(hiddenSum, hints);
  const proof = await prove(backend, key, execution.statement, buildTraces(hiddenSum, execution));
  return verify(key.verifyingKey, execution.statement, proof, {
    acceptedProfileDigests: [profileDigest(profile)],
  });
}
