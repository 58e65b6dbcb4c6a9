import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Graph } from '../../stark/air/air.ts';
import {
  BASE_ALGEBRA,
  EXTENSION_ALGEBRA,
  EXTENSION_VERIFIER_ALGEBRA,
  evaluateGraph,
} from '../../stark/air/evaluate.ts';
import { createRowEvaluator, traceSelectors } from '../../stark/air/rowEvaluator.ts';
import { evaluateConstraints, evaluateSelectors, traceDomain } from '../../stark/air/verifierEvaluation.ts';
import * as extension from '../../stark/field/extension.ts';
import * as field from '../../stark/field/koalaBear.ts';
import { evaluatePolynomial, inverse } from '../../stark/field/ntt.ts';
import { referenceLogUp } from '../../stark/reference/logUp.ts';
import { referenceQuotient } from '../../stark/reference/quotient.ts';
import { samplePublicWords, sampleSystem, sampleTraces, walk } from '../support/airSamples.ts';
import { createRandom, type Random } from '../support/random.ts';

const publicElements = Array.from(samplePublicWords, extension.fromBase);
const element = (random: Random): extension.Extension => extension.read(random.words(5), 0);

test('selectors at a point are the polynomials of the selector columns', () => {
  const random = createRandom(1);
  for (const logHeight of [2, 3, 7]) {
    const point = element(random);
    const values = evaluateSelectors(
      EXTENSION_VERIFIER_ALGEBRA,
      point,
      traceDomain(EXTENSION_VERIFIER_ALGEBRA, logHeight, point),
    );
    for (const selector of ['first', 'last', 'transition'] as const) {
      const column = new Uint32Array(2 ** logHeight);
      traceSelectors(logHeight)(selector, 0, column);
      assert.deepEqual(
        evaluatePolynomial(inverse(column, logHeight), point),
        values[selector],
        `${selector} at height 2^${logHeight}`,
      );
    }
  }
});

test('the row evaluator agrees with the plain one over both algebras', () => {
  const random = createRandom(2);
  for (const logHeight of [2, 8]) {
    const rows = 2 ** logHeight;
    const main = walk.mainColumns.map(() => random.words(rows));
    const preprocessed = walk.preprocessedColumns.map(() => random.words(rows));
    const selector = traceSelectors(logHeight);
    const evaluator = createRowEvaluator(walk.graph, {
      rows,
      main,
      preprocessed,
      nextStep: 1,
      publicWords: samplePublicWords,
      selector,
    });
    for (let start = 0; start < rows; start += evaluator.blockRows) {
      const blockRows = evaluator.evaluate(start);
      for (let row = 0; row < blockRows; row += 13) {
        const here = { current: start + row, next: (start + row + 1) % rows };
        const leaves = {
          main: (column: number, at: 'current' | 'next') => main[column]![here[at]]!,
          preprocessed: (column: number, at: 'current' | 'next') => preprocessed[column]![here[at]]!,
          public: (index: number) => samplePublicWords[index]!,
          selector(kind: 'first' | 'last' | 'transition') {
            const out = new Uint32Array(1);
            selector(kind, start + row, out);
            return out[0]!;
          },
        };
        const base = evaluateGraph(walk.graph, BASE_ALGEBRA, leaves);
        const lifted = evaluateGraph(walk.graph, EXTENSION_ALGEBRA, {
          main: (column, at) => extension.fromBase(leaves.main(column, at)),
          preprocessed: (column, at) => extension.fromBase(leaves.preprocessed(column, at)),
          public: (index) => extension.fromBase(leaves.public(index)),
          selector: (kind) => extension.fromBase(leaves.selector(kind)),
        });
        for (const { expression, label } of walk.constraints) {
          const message = `${label}, row ${start + row}`;
          assert.equal(evaluator.values(expression)[row], base(expression), message);
          assert.deepEqual(lifted(expression), extension.fromBase(base(expression)), message);
        }
      }
    }
  }
});

test('a valid trace: sums cancel, and the quotient identity holds at a random point', () => {
  const random = createRandom(3);
  for (const logHeight of [2, 3, 6]) {
    const { traces, preprocessed } = sampleTraces(logHeight);
    const challenges = { alpha: element(random), beta: element(random) };
    const lambda = element(random);
    const zeta = element(random);
    let total = extension.ZERO;
    sampleSystem.tables.forEach((table, slot) => {
      const trace = traces[slot]!;
      const fixed = preprocessed[slot]!;
      const height = 2 ** trace.logHeight;
      const logUp = referenceLogUp(table, fixed, trace.columns, samplePublicWords, challenges);
      total = extension.add(total, logUp.sum);
      const quotient = referenceQuotient(
        table,
        fixed,
        trace.columns,
        logUp.columns,
        samplePublicWords,
        challenges,
        logUp.sum,
        lambda,
      );
      const nextPoint = extension.multiplyByBase(zeta, field.rootOfUnity(trace.logHeight));
      const open = (columns: readonly Uint32Array[], point: extension.Extension) =>
        columns.map((column) => evaluatePolynomial(inverse(column, trace.logHeight), point));
      const opened = {
        preprocessed: open(fixed, zeta),
        preprocessedNext: open(fixed.slice(0, table.preprocessedNextColumns), nextPoint),
        main: open(trace.columns, zeta),
        mainNext: open(trace.columns.slice(0, table.mainNextColumns), nextPoint),
        logUp: open(logUp.columns, zeta),
        logUpNext: open(logUp.columns.slice(0, 5), nextPoint),
      };
      const combined = evaluateConstraints(
        EXTENSION_VERIFIER_ALGEBRA,
        table,
        traceDomain(EXTENSION_VERIFIER_ALGEBRA, trace.logHeight, zeta),
        opened,
        publicElements,
        challenges,
        logUp.sum,
        zeta,
        lambda,
      );
      const chunks = open(quotient, zeta);
      const column = (offset: number): extension.Extension =>
        chunks
          .slice(offset, offset + 5)
          .map((value, index) =>
            extension.multiply(
              value,
              extension.read(
                [0, 1, 2, 3, 4].map((power) => Number(power === index)),
                0,
              ),
            ),
          )
          .reduce(extension.add, extension.ZERO);
      const power = extension.power(zeta, height);
      const expected = extension.multiply(
        extension.subtract(power, extension.ONE),
        extension.add(column(0), extension.multiply(power, column(5))),
      );
      assert.deepEqual(combined, expected, `${table.name} at height 2^${trace.logHeight}`);
      assert.throws(
        () =>
          evaluateConstraints(
            EXTENSION_VERIFIER_ALGEBRA,
            table,
            traceDomain(EXTENSION_VERIFIER_ALGEBRA, trace.logHeight, zeta),
            { ...opened, mainNext: [], main: opened.main.slice(1) },
            publicElements,
            challenges,
            logUp.sum,
            zeta,
            lambda,
          ),
        { code: 'EVALUATION_INPUT' },
      );
    });
    assert.deepEqual(total, extension.ZERO, `sums at height 2^${logHeight}`);
  }
});

test('one wrong cell breaks the quotient identity', () => {
  const random = createRandom(4);
  const { traces, preprocessed } = sampleTraces(4);
  const columns = traces[0]!.columns.map((column) => column.slice());
  columns[4]![5]! += 1;
  const challenges = { alpha: element(random), beta: element(random) };
  const lambda = element(random);
  const zeta = element(random);
  const logUp = referenceLogUp(walk, preprocessed[0]!, columns, samplePublicWords, challenges);
  const quotient = referenceQuotient(
    walk,
    preprocessed[0]!,
    columns,
    logUp.columns,
    samplePublicWords,
    challenges,
    logUp.sum,
    lambda,
  );
  const nextPoint = extension.multiplyByBase(zeta, field.rootOfUnity(4));
  const open = (values: readonly Uint32Array[], point: extension.Extension) =>
    values.map((column) => evaluatePolynomial(inverse(column, 4), point));
  const combined = evaluateConstraints(
    EXTENSION_VERIFIER_ALGEBRA,
    walk,
    traceDomain(EXTENSION_VERIFIER_ALGEBRA, 4, zeta),
    {
      preprocessed: open(preprocessed[0]!, zeta),
      preprocessedNext: [],
      main: open(columns, zeta),
      mainNext: open(columns.slice(0, walk.mainNextColumns), nextPoint),
      logUp: open(logUp.columns, zeta),
      logUpNext: open(logUp.columns.slice(0, 5), nextPoint),
    },
    publicElements,
    challenges,
    logUp.sum,
    zeta,
    lambda,
  );
  const chunks = open(quotient, zeta);
  const x = (power: number): extension.Extension =>
    extension.read(
      [0, 1, 2, 3, 4].map((index) => Number(power === index)),
      0,
    );
  const column = (offset: number): extension.Extension =>
    [0, 1, 2, 3, 4]
      .map((index) => extension.multiply(chunks[offset + index]!, x(index)))
      .reduce(extension.add, extension.ZERO);
  const power = extension.power(zeta, 16);
  const claimed = extension.multiply(
    extension.subtract(power, extension.ONE),
    extension.add(column(0), extension.multiply(power, column(5))),
  );
  assert.notDeepEqual(combined, claimed);
});

test('a constant matrix times a vector is the sum of products, whatever its symmetry', () => {
  const random = createRandom(7);
  const circulant = (size: number): number[] => {
    const first = [...random.words(size)];
    return Array.from(
      { length: size * size },
      (_, cell) => first[((cell % size) + size - Math.floor(cell / size)) % size]!,
    );
  };
  // Blocks ((A, B), (B, A)) of a circulant with one entry changed, and with the same entry of both blocks changed.
  const broken = circulant(16);
  broken[5] = field.add(broken[5]!, 1);
  const blocks = broken.slice();
  blocks[8 * 16 + 13] = blocks[5]!;
  const cases = [
    { name: 'a circulant of 16', rows: 16, columns: 16, values: circulant(16) },
    { name: 'a circulant of 4', rows: 4, columns: 4, values: circulant(4) },
    { name: 'a circulant of 9', rows: 9, columns: 9, values: circulant(9) },
    {
      name: 'a circulant of 10, whose halves have an odd size',
      rows: 10,
      columns: 10,
      values: circulant(10),
    },
    { name: 'a circulant with another entry', rows: 16, columns: 16, values: broken },
    { name: 'symmetric blocks that are no circulants', rows: 16, columns: 16, values: blocks },
    { name: 'half of a circulant', rows: 8, columns: 16, values: circulant(16).slice(0, 128) },
  ];
  for (const { name, rows, columns, values } of cases) {
    const inputs = Array.from({ length: columns }, () => element(random));
    const vector = columns;
    const graph: Graph = {
      nodes: [
        ...inputs.map((_, index) => ({ kind: 'public', index }) as const),
        { kind: 'linear', matrix: 0, inputs: inputs.map((_, index) => index) },
        ...Array.from({ length: rows }, (_, index) => ({ kind: 'element', vector, index }) as const),
      ],
      matrices: [{ rows, columns, values: Uint32Array.from(values) }],
    };
    const none = (): never => assert.fail('no other leaf');
    const at = evaluateGraph(graph, EXTENSION_ALGEBRA, {
      main: none,
      preprocessed: none,
      selector: none,
      public: (index) => inputs[index]!,
    });
    for (let row = 0; row < rows; row++) {
      const expected = inputs.reduce(
        (sum, input, column) =>
          extension.add(sum, extension.multiplyByBase(input, values[row * columns + column]!)),
        extension.fromBase(0),
      );
      assert.deepEqual(at(vector + 1 + row), expected, `${name}, row ${row}`);
    }
  }
});
