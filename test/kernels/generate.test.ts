import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ValuePlace } from '../../kernels/generate/layout.ts';
import { generateProgram, type TileProgram } from '../../kernels/generate/program.ts';
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
  const { words, operations } = program.tape;
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
        const program = generateProgram(table, purpose);
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
});
