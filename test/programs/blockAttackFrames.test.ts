/**
 * Block provers that put frames where they like: a loop's frame is a hint, so it may lie on another frame, on constants or on the
 * statement. Such a run fails or states the same.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MachineError } from '../../machine/errors.ts';
import type { Hint, HintFunction, HintFunctions, Program } from '../../machine/program.ts';
import { run } from '../../machine/system.ts';
import { blockStatementDigest } from '../../programs/block/blockStatement.ts';
import { blockHints } from '../../programs/block/hints.ts';
import {
  blockOf,
  childrenOf,
  inner,
  leafOf,
  smallColumn,
  standInHints,
  UNVERIFIED_PROGRAM,
  witnessOf,
} from '../support/block.ts';

const BLOCK = blockOf([smallColumn(0, 2), smallColumn(10, 3, [1]), smallColumn(20, 3, [1])]);
const [FIRST, ...OTHERS] = BLOCK.columns.map((column) => leafOf(column));
const WITNESS = witnessOf(BLOCK.columns, BLOCK.list, [[inner(...OTHERS), FIRST!]]);

/** The bytecode with the prover's own choice of frames; `placeOf` is asked with the number of the frame in the order of the run. */
function withFrames(placeOf: (frame: number) => number | undefined): {
  readonly program: Program;
  readonly hints: HintFunctions;
  readonly places: readonly number[];
} {
  const places: number[] = [];
  const functions: Record<string, HintFunction> = {};
  const chosen = (hint: Hint, pc: number, position: number): Hint => {
    if (hint.kind !== 'allocate') return hint;
    const { count, share, stride, extra, output } = hint;
    const name = `frame at ${pc}, ${position}`;
    functions[name] = ([times], memory) => {
      const place = placeOf(places.length) ?? memory.allocate(Math.ceil(times! / share) * stride + extra);
      places.push(place);
      return [place];
    };
    return { kind: 'host', name, inputs: [count], outputs: [output] };
  };
  const hints = [...UNVERIFIED_PROGRAM.hints].map(([pc, list]): [number, Hint[]] => [
    pc,
    list.map((hint, position) => chosen(hint, pc, position)),
  ]);
  return { program: { ...UNVERIFIED_PROGRAM, hints: new Map(hints) }, hints: functions, places };
}

function runWith(placeOf: (frame: number) => number | undefined): {
  readonly statement: Uint32Array;
  readonly places: readonly number[];
} {
  const { program, hints, places } = withFrames(placeOf);
  const honest = { ...blockHints(WITNESS), ...standInHints(childrenOf(WITNESS.trees)) };
  return { statement: run(program, { ...honest, ...hints }).statement, places };
}

it('a frame on top of anything else changes nothing that is stated', () => {
  const expected = blockStatementDigest(BLOCK.statement);
  const { statement, places } = runWith(() => undefined);
  assert.deepEqual(statement, expected);
  const rowsOfMain = [0, 8, 16, 24, 64, 128];
  const candidates = [
    ...rowsOfMain,
    ...places.flatMap((place) => [place, place + 8, place + 16, place + 40]),
  ];
  let refused = 0;
  for (const frame of places.keys())
    for (const place of candidates) {
      if (place === places[frame]) continue;
      try {
        const { statement: stated } = runWith((each) => (each === frame ? place : undefined));
        assert.deepEqual(stated, expected, `frame ${frame} at ${place}`);
      } catch (error) {
        if (!(error instanceof MachineError)) throw error;
        refused += 1;
      }
    }
  // Most places are taken: a cell would need two values.
  assert.ok(refused > candidates.length, `${refused} refused`);
});
