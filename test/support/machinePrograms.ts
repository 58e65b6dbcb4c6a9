/** Small guest programs that the machine's tests share. */
import { buildProgram } from '../../machine/builder.ts';
import type { HintFunctions, Program } from '../../machine/program.ts';

/** Uses every instruction, branches, loops, a function, hints and the ram. */
export const everythingProgram: Program = buildProgram('everything', (program) => {
  const square = program.define('square', { base: 'value' }, { square: 'value' }, ({ base }) => ({
    square: program.multiply(base, base),
  }));
  const [count] = program.hint('count', [], 1);
  program.assertNonzero(count!);
  program.ramInitialise(1, 0, 5);
  const { total } = program.repeat(count!, { total: program.constant(0) }, ({ total }, { index }) => {
    const before = program.ramRead(1, 0);
    program.ramWrite(1, 0, program.add(before, index));
    const { doubled } = program.ifEqual(
      index,
      2,
      () => ({ doubled: program.constant(0) }),
      () => ({ doubled: program.add(before, before) }),
    );
    return { total: program.add(total, doubled) };
  });
  const last = program.ramFinalise(1, 0);
  const half = program.divide(total, 2);
  const squared = square({ base: half }).square;
  program.store(program.statement, 0, last);
  program.store(program.statement, 1, squared);
  program.store(program.statement, 2, program.subtract(total, last));
});

export const everythingHints: HintFunctions = { count: () => [7] };

/** Four levels of a tree above a hinted leaf, at a hinted index; the statement is the node. */
export const pathProgram: Program = buildProgram('path', (program) => {
  const leaf = program.hintRows('leaf', [], 1);
  const [index, depth] = program.hint('place', [], 2);
  program.path(leaf, index, depth, { hint: 'siblings', inputs: [index, depth] }, program.statement);
});

/** The path of leaf 0b0110; sibling words count up from 100, the leaf's from 1. */
export const pathHints: HintFunctions = {
  leaf: () => [1, 2, 3, 4, 5, 6, 7, 8],
  place: () => [0b0110, 4],
  siblings: ([, depth = 0]) => Array.from({ length: 8 * depth }, (_, word) => 100 + word),
};

/** Never ends. */
export const endlessProgram: Program = buildProgram('endless', (program) => {
  program.loop({}, () => ({ next: {}, again: 1 }));
});
