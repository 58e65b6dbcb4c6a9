/** Single instructions, errors with their program line, limits, hints, and the record of a run. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { buildProgram, type ProgramBuilder } from '../../machine/builder.ts';
import { disassemble, disassembleInstruction } from '../../machine/disassemble.ts';
import { MachineError, type MachineErrorCode } from '../../machine/errors.ts';
import { FLAG, type Instruction, jumpTo, TAG } from '../../machine/instruction.ts';
import { profileCycles } from '../../machine/profile.ts';
import type { HintFunctions, Program } from '../../machine/program.ts';
import { buildTraces, checkTraces, DEFAULT_LIMITS, run } from '../../machine/system.ts';
import { add, MODULUS, multiply, subtract } from '../../stark/field/koalaBear.ts';
import { compress } from '../../stark/hash/poseidon.ts';
import { everythingHints, everythingProgram, pathHints, pathProgram } from '../support/machinePrograms.ts';
import { createRandom } from '../support/random.ts';

/** A program of bare instructions after the jump over END, ended by a jump to END. */
function bare(instructions: readonly Partial<Instruction>[]): Program {
  const filled = instructions.map((each) => ({ a: 0, b: 0, c: 0, d: 0, tag: 0, flags: 0, ...each }));
  const all = [jumpTo(2), jumpTo(1), ...filled, jumpTo(1)];
  return {
    name: 'bare',
    instructions: all,
    hints: new Map(),
    sections: [{ name: 'main', start: 0, end: all.length }],
    sourceOf: (pc) => `bare:${pc}`,
    mainFrameWords: 64,
  };
}

function assertThrows(work: () => unknown, code: MachineErrorCode): MachineError {
  let caught: unknown;
  try {
    work();
  } catch (error) {
    caught = error;
  }
  assert.ok(caught instanceof MachineError, `${code}: ${caught}`);
  assert.equal(caught.code, code, caught.message);
  return caught;
}

const { memA, memB, memC, memD, fpA, fpB, fpC, fpD, isAdd, isMul, isDeref, isJump, isCall } = FLAG;
/** m[fp + cell] = value */
const set = (cell: number, value: number): Partial<Instruction> => ({
  a: value,
  c: cell,
  flags: memC | isAdd,
});

describe('relations', () => {
  test('ADD and MUL are solved for whichever cell is unwritten', () => {
    const random = createRandom(11);
    for (let round = 0; round < 200; round++) {
      const [left, right] = [random.word(), 1 + random.below(MODULUS - 1)];
      for (const [flag, outcome] of [
        [isAdd, add(left, right)],
        [isMul, multiply(left, right)],
      ] as const) {
        const flags = memA | memB | memC | flag;
        const words = { 1: left, 2: right, 3: outcome };
        for (const unknown of [1, 2, 3] as const) {
          if (flag === isMul && unknown === 2 && left === 0) continue;
          const known = ([1, 2, 3] as const).filter((cell) => cell !== unknown);
          const { memory } = run(
            bare([...known.map((cell) => set(cell, words[cell])), { a: 1, b: 2, c: 3, flags }]),
          );
          assert.equal(memory[8 + unknown], words[unknown], `flag ${flag} unknown ${unknown}`);
        }
      }
    }
  });

  test('DEREF reads, writes and compares', () => {
    const read = bare([set(0, 20), set(12, 77), { a: 0, b: 0, c: 1, flags: memA | memC | isDeref }]);
    assert.equal(run(read).memory[9], 77);
    const write = bare([set(0, 20), { a: 0, b: 3, c: 99, flags: memA | isDeref }]);
    assert.equal(run(write).memory[23], 99);
    const pointer = bare([{ a: 2, b: 1, c: 5, flags: fpA | fpC | isDeref }]);
    assert.equal(run(pointer).memory[11], 13, 'm[fp + 2 + 1] = fp + 5');
    assertThrows(
      () => run(bare([set(0, 20), set(12, 77), { a: 0, b: 0, c: 78, flags: memA | isDeref }])),
      'RELATION_FAILED',
    );
  });

  test('JUMP takes pc and fp from B and C when A is not zero', () => {
    const program = bare([
      { a: 0, b: 1000, c: 1000, flags: isJump },
      { a: MODULUS - 1, b: 5, c: 64, flags: isJump | fpC },
      set(0, 1),
      set(0, 2),
    ]);
    const { memory, pc, fp } = run(program);
    assert.deepEqual([...pc], [0, 2, 3, 5, 6, 1]);
    assert.deepEqual([...fp], [8, 8, 8, 72, 72, 72]);
    assert.equal(memory[72], 2);
  });

  test('operand D is a number, an address, or a word of the frame', () => {
    const rows = [set(0, 3), ...Array.from({ length: 48 }, (_, word) => set(8 + word, word))];
    const chain = (d: number, flags: number): Uint32Array =>
      run(
        bare([
          ...rows,
          { a: 8, b: 16, c: 64, d, tag: TAG.HASH_CHAIN, flags: fpA | fpB | fpC | flags | isCall },
        ]),
      ).calls.d;
    assert.deepEqual([...chain(2, 0)], [2]);
    assert.deepEqual([...chain(0, memD)], [3]);
    assert.deepEqual([...chain(0, memD | fpD)], [3], 'a word, whatever fpD says');
    assert.deepEqual([...chain(subtract(0, 6), fpD)], [2]);
  });

  test('what no relation determines is refused', () => {
    assertThrows(() => run(bare([{ a: 1, b: 2, c: 3, flags: memA | memB | memC | isAdd }])), 'RELATION_OPEN');
    assertThrows(() => run(bare([{ a: 1, b: 1, c: 4, flags: memA | memB | isMul }])), 'RELATION_OPEN');
    for (const product of [0, 1])
      assertThrows(() => run(bare([{ a: 1, b: 0, c: product, flags: memA | isMul }])), 'DIVISION_BY_ZERO');
    assertThrows(() => run(bare([{ a: 1, b: 2, flags: memA | isJump }])), 'UNWRITTEN_CELL');
    assertThrows(() => run(bare([{ a: 0, b: 2, flags: memB | isJump }])), 'UNWRITTEN_CELL');
    assertThrows(() => run(bare([{ a: 0, c: 2, flags: memC | isJump }])), 'UNWRITTEN_CELL');
    assertThrows(() => run(bare([{ a: 1, c: 2, flags: memA | memC | isDeref }])), 'UNWRITTEN_CELL');
    assertThrows(() => run(bare([{ a: 1, b: 5, c: 2, flags: memC | isDeref }])), 'UNWRITTEN_CELL');
    assertThrows(() => run(bare([{ a: 1, tag: 25, flags: memA | isCall }])), 'UNWRITTEN_CELL');
    assertThrows(() => run(bare([{ d: 1, tag: 24, flags: memD | isCall }])), 'UNWRITTEN_CELL');
  });

  test('what does not hold is refused', () => {
    assertThrows(() => run(bare([set(0, 1), set(0, 2)])), 'RELATION_FAILED');
    assertThrows(() => run(bare([{ a: 2, b: 3, c: 7, flags: isMul }])), 'RELATION_FAILED');
    assertThrows(() => run(bare([{ a: 1, tag: 99, flags: isCall }])), 'NO_SUCH_TABLE');
    assertThrows(() => run(bare([{ a: 1 }])), 'BAD_PROGRAM');
    assertThrows(() => run(bare([{ a: 1, b: 77, flags: isJump }])), 'PC_OUT_OF_RANGE');
  });

  test('memory and cycles have limits', () => {
    const far = bare([{ a: 2 ** 25 - 1, b: 0, c: 1, flags: isDeref }]);
    assert.equal(run(far).memory.length, 2 ** 25);
    assertThrows(() => run(bare([{ a: 2 ** 25, b: 0, c: 1, flags: isDeref }])), 'OUT_OF_MEMORY');
    assertThrows(() => run(bare([{ a: MODULUS - 1, b: 0, c: 1, flags: isDeref }])), 'OUT_OF_MEMORY');
    const endless = bare([{ a: 1, b: 2, flags: isJump | fpC }]);
    const error = assertThrows(
      () => run(endless, {}, { ...DEFAULT_LIMITS, maximumCycles: 1000 }),
      'OUT_OF_CYCLES',
    );
    assert.deepEqual(error.location, { pc: 2, cycle: 1000, source: 'bare:2' });
  });

  test('offsets below zero wrap around p', () => {
    const { memory } = run(bare([{ a: 5, b: 0, c: subtract(0, 8), flags: memC | isAdd }]));
    assert.equal(memory[0], 5);
    assert.equal(run(bare([{ a: 5, b: 0, c: subtract(0, 7), flags: memC | isAdd }])).statement[1], 5);
    assert.equal(run(bare([{ b: 3, c: 1, flags: fpB | memC | isAdd }])).memory[9], 11);
  });
});

describe('hints', () => {
  const oneHint = (use?: (program: ProgramBuilder) => void): Program =>
    buildProgram('hinted', (program) => {
      program.hint('give', [7, program.add(1, program.hint('one', [], 1)[0]!)], 2);
      use?.(program);
    });
  const withGive = (give: HintFunctions[string]): HintFunctions => ({ give, one: () => [1] });

  test('inputs are values, outputs fill cells, and both can use memory', () => {
    const { memory } = run(
      oneHint(),
      withGive((inputs, memory) => {
        assert.deepEqual(inputs, [7, 2]);
        const address = memory.allocate(9);
        assert.equal(address % 8, 0);
        memory.write(address, 4);
        assert.equal(memory.read(address), 4);
        assert.ok(!memory.isWritten(address + 1));
        assert.equal(memory.allocate(1), address + 16);
        return [address, 3];
      }),
    );
    assert.ok(memory.includes(4));
  });

  test('hints that are missing, of the wrong length, or outside the field', () => {
    assertThrows(() => run(oneHint(), {}), 'UNKNOWN_HINT');
    assertThrows(() => run(oneHint(), Object.create({ give: () => [1, 2] })), 'UNKNOWN_HINT');
    for (const words of [[1], [1, 2, 3], [1, MODULUS], [1, -1], [1, 0.5], [1, Number.NaN]])
      assertThrows(
        () =>
          run(
            oneHint(),
            withGive(() => words),
          ),
        'HINT_FAILED',
      );
    assertThrows(
      () =>
        run(
          oneHint(),
          withGive((_, memory) => [memory.read(5000), 1]),
        ),
      'UNWRITTEN_CELL',
    );
    assertThrows(
      () =>
        run(
          oneHint(),
          withGive((_, memory) => [memory.allocate(2 ** 26), 1]),
        ),
      'OUT_OF_MEMORY',
    );
  });
});

describe('witnesses of calls', () => {
  const withSiblings = (siblings: HintFunctions[string]): HintFunctions => ({ ...pathHints, siblings });

  test('are recorded call by call and do not touch memory', () => {
    const { calls, memory, statement } = run(pathProgram, pathHints);
    assert.deepEqual(
      [...calls.witness],
      Array.from({ length: 32 }, (_, word) => 100 + word),
    );
    assert.ok(!memory.includes(131));
    let node: Uint32Array = Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    for (let level = 0; level < 4; level++) {
      const sibling = calls.witness.subarray(8 * level, 8 * level + 8);
      node = level === 1 || level === 2 ? compress(sibling, node) : compress(node, sibling);
    }
    assert.deepEqual(statement, node);
    assert.match(
      disassemble(pathProgram),
      /hint siblings\(m\[fp\+\d+\], m\[fp\+\d+\]\) gives the witness\n.*HASH_PATH/,
    );
  });

  test('that are missing, of another length, or outside the field', () => {
    assertThrows(() => run(pathProgram, { leaf: pathHints['leaf']!, place: () => [0, 4] }), 'UNKNOWN_HINT');
    for (const words of [[], new Array(31).fill(0), new Array(33).fill(0), new Array(32).fill(MODULUS)])
      assertThrows(
        () =>
          run(
            pathProgram,
            withSiblings(() => words),
          ),
        'HINT_FAILED',
      );
    assertThrows(() => run(bare([{ tag: TAG.HASH_PATH, d: 1, flags: isCall }])), 'HINT_FAILED');
    const unasked = { ...pathProgram, instructions: pathProgram.instructions.map((each) => ({ ...each })) };
    for (const each of unasked.instructions)
      if (each.tag === TAG.HASH_PATH) Object.assign(each, { tag: TAG.HASH_CHAIN });
    assertThrows(() => run(unasked, pathHints), 'HINT_FAILED');
  });

  test('an index beyond its path, and a path that no index fits', () => {
    const at = (index: number, depth: number): HintFunctions => ({
      ...pathHints,
      place: () => [index, depth],
    });
    for (const [index, depth] of [
      [16, 4],
      [0, 31],
      [0, 0],
      [MODULUS - 1, 30],
    ] as const)
      assertThrows(() => run(pathProgram, at(index, depth)), 'CALL_FAILED');
    for (const [index, depth] of [
      [15, 4],
      [2 ** 30 - 1, 30],
    ] as const) {
      const execution = run(pathProgram, at(index, depth));
      assert.deepEqual(checkTraces(pathProgram, buildTraces(pathProgram, execution), execution.statement), {
        ok: true,
      });
    }
  });
});

describe('diagnosis', () => {
  test('an error names the line of the program', () => {
    const program = buildProgram('failing', (builder) => {
      const [value] = builder.hint('value', [], 1);
      builder.assertEqual(value!, 5);
    });
    const error = assertThrows(() => run(program, { value: () => [6] }), 'RELATION_FAILED');
    assert.match(error.location?.source ?? '', /^machine\/executor\.test\.ts:\d+$/);
    assert.match(error.message, /A 6, B 0, C 5 at machine\/executor\.test\.ts:/);
    assert.equal(error.location?.pc, 2);
  });

  test('the disassembly shows every instruction with its line', () => {
    const text = disassemble(everythingProgram);
    for (const pattern of [
      /^main:/m,
      /^square:/m,
      /^main loop:/m,
      /hint count\(\) gives 1 words/,
      /hint m\[fp\+\d+\] = m\[fp\+\d+\] times \d+ fresh words/,
      /m\[fp\+2\] \* m\[fp\+2\] = m\[fp\+3\] +support\/machinePrograms\.ts:/,
      /jump m\[fp\+0\], fp = m\[fp\+1\]/,
      /if m\[fp\+\d+\]: jump \d+, fp = fp\+\d+/,
      /RAM_INITIALISE 1, 0, 5, 0/,
      /m\[0 \+ 1\] = m\[fp\+\d+\]/,
    ])
      assert.match(text, pattern);
    assert.equal(disassembleInstruction(jumpTo(1)), 'jump 1');
    assert.equal(
      text.split('\n').filter((line) => /^ *\d+ {2}/.test(line)).length,
      everythingProgram.instructions.length,
    );
  });

  test('the profile counts every cycle once, by function and by line', () => {
    const trace = run(everythingProgram, everythingHints);
    const profile = profileCycles(everythingProgram, trace);
    assert.equal(profile.cycles, trace.pc.length);
    for (const entries of [profile.sections, profile.lines])
      assert.equal(
        entries.reduce((sum, { cycles }) => sum + cycles, 0),
        trace.pc.length,
      );
    assert.equal(profile.sections[0]?.name, 'main loop');
    assert.deepEqual(
      profile.calls.map(({ name, cycles }) => [name, cycles]),
      [
        ['tag 25', 7],
        ['tag 26', 7],
        ['tag 24', 1],
        ['tag 27', 1],
      ],
    );
  });
});

test('a run of exactly 2^8 cycles fills its table, one more cycle doubles it', () => {
  for (const [cycles, logHeight] of [
    [255, 8],
    [256, 8],
    [257, 9],
  ] as const) {
    const additions = Array.from({ length: cycles - 3 }, () => ({ flags: isAdd }));
    const program = bare(additions);
    const execution = run(program);
    assert.equal(execution.pc.length, cycles);
    const traces = buildTraces(program, execution);
    assert.equal(traces[0]?.logHeight, logHeight);
    assert.deepEqual(checkTraces(program, traces, execution.statement), { ok: true }, `${cycles} cycles`);
  }
});
