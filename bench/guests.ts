/** Guest programs to measure with: plain instructions in a loop, and one that uses every kind of table but the range's. */
import { buildProgram } from '../machine/builder.ts';
import type { Program } from '../machine/program.ts';

/** Cycles of one iteration of the loop below. */
export const LOOP_CYCLES = 10;

/** Additions and multiplications in a counted loop; LOOP_CYCLES cycles an iteration. */
export function loopProgram(iterations: number): Program {
  return buildProgram('bench loop', (program) => {
    const { left, right } = program.repeat(
      iterations,
      { left: program.constant(1), right: program.constant(2) },
      ({ left, right }) => {
        const sum = program.add(left, right);
        const product = program.multiply(left, right);
        const square = program.multiply(sum, sum);
        const mixed = program.add(square, product);
        program.assertEqual(program.subtract(mixed, product), square);
        return { left: mixed, right: program.multiply(mixed, 3) };
      },
    );
    program.store(program.statement, 0, left);
    program.store(program.statement, 1, right);
  });
}

/** A hash chain besides a short loop: small tables, and every kernel but those of 256-bit words. */
export const smallProgram: Program = buildProgram('bench small', (program) => {
  const { value } = program.repeat(20, { value: program.constant(3) }, ({ value }) => ({
    value: program.add(program.multiply(value, value), 1),
  }));
  const first = program.row([value, 1, 2, 3]);
  program.compress(first, program.row([4, 5, 6]), program.statement);
});
