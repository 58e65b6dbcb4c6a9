import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { constraintDigest } from '../../kernels/generate/kernels.ts';
import type { ValuePlace } from '../../kernels/generate/layout.ts';
import { generateProgram, type TileProgram } from '../../kernels/generate/program.ts';
import { operandsOf, scheduleGraph } from '../../kernels/generate/schedule.ts';
import { toMontgomeryWords } from '../../kernels/montgomery.ts';
import { COLONNADE_MACHINE } from '../../machine/system.ts';
import type { Row, Selector, TableAir } from '../../stark/air/air.ts';
import { BASE_ALGEBRA, evaluateGraph } from '../../stark/air/evaluate.ts';
import { add, inverse, multiply, subtract } from '../../stark/field/koalaBear.ts';
import { lookupTable, permutationTable, samplePublicWords, squares, walk } from '../support/airSamples.ts';
import { createRandom } from '../support/random.ts';

const TABLES: readonly TableAir[] = [
  walk,
  squares,
  lookupTable(0),
  lookupTable(9),
  permutationTable(4),
  ...COLONNADE_MACHINE.tables,
];
const UNIT = inverse(toMontgomeryWords([1])[0]!);

/** What shaders/evaluateTape.wgsl does for one row, on canonical words. */
function runTape(program: TileProgram, tile: Map<number, number>): void {
  const { evaluation } = program;
  assert.ok(evaluation.kind === 'tape');
  const { words, operations } = evaluation;
  const constants = [1, ...samplePublicWords];
  let cursor = 0;
  const take = (): number => words[cursor++]!;
  const operand = (): number => {
    const word = take();
    const value = word >= 2 ** 31 ? constants[word - 2 ** 31] : tile.get(word);
    assert.ok(value !== undefined, `${program.name}: operand ${word} is read before it is written`);
    return value;
  };
  const sum = (header: number): number => {
    let total = 0;
    for (let left = header & 255; left > 0; left--) total = add(total, operand());
    for (let left = (header >>> 8) & 255; left > 0; left--) total = subtract(total, operand());
    for (let left = header >>> 16; left > 0; left--)
      total = add(total, multiply(operand(), multiply(take(), UNIT)));
    return total;
  };
  for (let operation = 0; operation < operations; operation++) {
    const [target, ...headers] = [take(), take(), take(), take()];
    const [left, right, addend] = headers.map(sum);
    assert.ok(target! < program.columns && !tile.has(target!), `${program.name}: column ${target}`);
    tile.set(target!, add(addend!, multiply(left!, right!)));
  }
  assert.ok(cursor === words.length || operations === 0, `${program.name}: all words are read`);
}

describe('constraint programs', () => {
  it('a tape gives the values of the graph, for both purposes and all tables', () => {
    const random = createRandom(51);
    for (const table of TABLES) {
      for (const purpose of ['constraints', 'interactions'] as const) {
        const program = generateProgram(table, purpose, 'tape');
        const known = new Map<string, number>();
        const word = (key: string): number => {
          const value = known.get(key) ?? random.word();
          known.set(key, value);
          return value;
        };
        const at = evaluateGraph(table.graph, BASE_ALGEBRA, {
          main: (column: number, row: Row) => word(`main ${column} ${row}`),
          preprocessed: (column: number, row: Row) => word(`preprocessed ${column} ${row}`),
          selector: (selector: Selector) => word(selector),
          public: (index: number) => samplePublicWords[index]!,
        });
        const tile = new Map<number, number>();
        program.cells.forEach(({ matrix, column, row }, index) => {
          tile.set(index, word(`${matrix} ${column} ${row}`));
        });
        program.selectors.forEach((selector, index) => {
          tile.set(program.cells.length + index, word(selector));
        });
        runTape(program, tile);
        const valueAt = (place: ValuePlace): number | undefined => {
          if (place.kind === 'constant') return place.value;
          return place.kind === 'public' ? samplePublicWords[place.index] : tile.get(place.column);
        };
        if (purpose === 'constraints') {
          assert.equal(program.constraints.length, table.constraints.length);
          table.constraints.forEach(({ label, expression }, index) => {
            assert.equal(valueAt(program.constraints[index]!), at(expression), `${table.name}: ${label}`);
          });
        }
        table.interactions.forEach(({ label, multiplicity, values }, index) => {
          const places = program.interactions[index]!;
          const message = `${table.name}: ${label}`;
          assert.equal(valueAt(places.multiplicity), at(multiplicity), message);
          assert.deepEqual(places.values.map(valueAt), values.map(at), message);
        });
      }
    }
  });

  it('a schedule computes each needed node once, after its operands, and keeps what another piece reads', () => {
    for (const table of TABLES) {
      const { nodes } = table.graph;
      const { pieces, kept } = scheduleGraph(
        table.graph,
        table.constraints.map(({ expression }) => expression),
      );
      const pieceOf = new Map<number, number>();
      pieces.forEach((piece, index) => {
        for (const id of piece.nodes) {
          assert.ok(!pieceOf.has(id), `${table.name}: node ${id} is computed twice`);
          for (const operand of operandsOf(nodes[id]!)) {
            if (operandsOf(nodes[operand]!).length === 0) continue;
            const maker = pieceOf.get(operand);
            assert.ok(maker !== undefined, `${table.name}: node ${id} stands before its operand ${operand}`);
            assert.ok(
              maker === index || kept.includes(operand),
              `${table.name}: node ${operand} is not kept`,
            );
          }
          pieceOf.set(id, index);
        }
      });
      for (const { label, expression } of table.constraints)
        if (operandsOf(nodes[expression]!).length > 0)
          assert.ok(kept.includes(expression), `${table.name}: ${label}`);
    }
  });

  it('generated text is deterministic and names its digest; text of another AIR is refused', () => {
    const sources = (table: TableAir, committed?: ReadonlyMap<string, string>): Map<string, string> => {
      const { evaluation } = generateProgram(table, 'constraints', 'kernels', (name) => committed?.get(name));
      assert.ok(evaluation.kind === 'kernels');
      return new Map(evaluation.kernels.map(({ name, source }) => [name, source]));
    };
    const text = sources(walk);
    assert.deepEqual(sources(walk), text);
    assert.deepEqual(sources(walk, text), text);
    for (const source of text.values())
      assert.ok(source.includes(`// Constraint digest ${constraintDigest(walk)}\n`));
    const changed: TableAir = { ...walk, constraints: walk.constraints.toReversed() };
    assert.throws(() => sources(changed, text), {
      code: 'SHAPE_MISMATCH',
      details: { expected: constraintDigest(changed), got: constraintDigest(walk) },
    });
    assert.throws(() => sources(walk, new Map([['walkConstraints', 'fn nothing() {}']])), {
      details: { expected: constraintDigest(walk), got: 'none' },
    });
  });
});
