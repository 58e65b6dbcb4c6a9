/**
 * Extension elements of a guest program and the arithmetic on them, by the extension table: an element is a row whose words
 * 0..4 are its coefficients. Nothing is emitted before it is asked for, so that a product which is only added to something
 * is one call with the addition.
 * Source: docs/spec/proof-system.md, section 1; machine/extension/README.md.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import type { VerifierAlgebra } from '../../stark/air/evaluate.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import type { SharedConstants } from './constants.ts';
import { HINT } from './hintNames.ts';

/** Adds `addend` to a product and puts the sum into a row, all of them rows. */
type Relation = (addend: Row, outcome: Row) => void;

export interface Element {
  /** The coefficients, lowest first. */
  words(): readonly Value[];
  /** The row; emits what has not been computed yet, in the frame whose code stands here. */
  row(): Row;
  /** Puts the element into this row, where it stays. Throws: RangeError when it has a row already. */
  settle(into?: Row): Element;
  /** While nothing has been emitted: how to emit it as part of a sum. */
  pending(): Relation | undefined;
  /** The word of an element known to lie in the base field. */
  readonly base: Value | undefined;
}

export interface ElementOperations extends VerifierAlgebra<Element> {
  fromValue(value: Value): Element;
  /** The element in words 0..4 of a row. */
  fromRow(row: Row): Element;
  /** The five words from word `firstWord` of consecutive rows on. */
  load(rows: Row, firstWord: number): Element;
  multiplyByValue(element: Element, factor: Value): Element;
  assertEqual(left: Element, right: Element): void;
  /** Asserts that the element lies outside of the base field. */
  assertOutsideBase(element: Element): void;
}

function isConstant(value: Value | undefined, constant: number): boolean {
  return value?.kind === 'constant' && value.value === constant;
}

export function elementOperations(program: ProgramBuilder, shared: SharedConstants): ElementOperations {
  const { extension } = program;
  const constants = new Map<number, Element>();

  function fromWords(words: readonly Value[], aligned?: Row, base?: Value): Element {
    let row = aligned;
    const element: Element = {
      words: () => words,
      row() {
        row ??= extension.elementRow(words);
        return row;
      },
      settle(into) {
        if (into !== undefined) throw new RangeError('the element has words already');
        element.row();
        return element;
      },
      pending: () => undefined,
      base,
    };
    return element;
  }

  /** What `emit` puts into a row; `product` while it may still join a sum. */
  function deferred(emit: (outcome: Row) => void, product?: Relation): Element {
    let row: Row | undefined;
    const element: Element = {
      words() {
        const computed = element.row();
        return Array.from({ length: DEGREE }, (_, word) => program.load(computed, word));
      },
      row() {
        if (row === undefined) element.settle();
        return row!;
      },
      settle(into = program.freshRows(1)) {
        if (row !== undefined) throw new RangeError('the element has a row already');
        emit(into);
        row = into;
        return element;
      },
      pending: () => (row === undefined ? product : undefined),
      base: undefined,
    };
    return element;
  }

  function product(relation: Relation): Element {
    return deferred((outcome) => relation(shared.zeros, outcome), relation);
  }

  const constantWords = (words: readonly number[]): Value[] => words.map((word) => program.constant(word));

  function fromConstant(value: number): Element {
    const known = value === 0 ? shared.zeros : value === 1 ? shared.one : undefined;
    return fromWords(constantWords([value, 0, 0, 0, 0]), known, program.constant(value));
  }

  const operations: ElementOperations = {
    constant(value) {
      const known = constants.get(value) ?? fromConstant(value);
      constants.set(value, known);
      return known;
    },
    fromValue(value) {
      const zero = program.constant(0);
      return fromWords([value, zero, zero, zero, zero], undefined, value);
    },
    fromRow: (row) => deferred(() => undefined).settle(row),
    load(rows, firstWord) {
      const words = Array.from({ length: DEGREE }, (_, word) => program.load(rows, firstWord + word));
      const isAligned = firstWord % DIGEST_WORDS === 0;
      return fromWords(words, isAligned ? program.rowAfter(rows, firstWord / DIGEST_WORDS) : undefined);
    },
    add(left, right) {
      if (isConstant(left.base, 0)) return right;
      if (isConstant(right.base, 0)) return left;
      if (left.base && right.base) return operations.fromValue(program.add(left.base, right.base));
      const [first, second] = left.pending() || right.base ? [left, right] : [right, left];
      return deferred((outcome) => {
        if (second.base) {
          extension.relateScaled(shared.one, second.base, first.row(), outcome);
          return;
        }
        const join = first.pending();
        if (join) join(second.row(), outcome);
        else extension.relateScaled(first.row(), 1, second.row(), outcome);
      });
    },
    subtract(left, right) {
      if (isConstant(right.base, 0)) return left;
      if (left.base && right.base) return operations.fromValue(program.subtract(left.base, right.base));
      return deferred((outcome) => {
        const join = right.pending();
        // outcome + product = left, solved for the outcome.
        if (right.base) extension.relateScaled(shared.one, right.base, outcome, left.row());
        else if (join) join(outcome, left.row());
        else extension.relateScaled(right.row(), -1, left.row(), outcome);
      });
    },
    multiply(left, right) {
      if (left.base) return operations.multiplyByValue(right, left.base);
      if (right.base) return operations.multiplyByValue(left, right.base);
      return product((addend, outcome) => extension.relateProduct(left.row(), right.row(), addend, outcome));
    },
    multiplyByBase: (element, factor) => operations.multiplyByValue(element, program.constant(factor)),
    multiplyByValue(element, factor) {
      if (isConstant(factor, 0)) return operations.constant(0);
      if (isConstant(factor, 1)) return element;
      if (element.base) return operations.fromValue(program.multiply(element.base, factor));
      return product((addend, outcome) => extension.relateScaled(element.row(), factor, addend, outcome));
    },
    multiplyByX: (element) => operations.multiply(element, generator),
    divide: (dividend, divisor) =>
      deferred((outcome) => extension.relateProduct(outcome, divisor.row(), shared.zeros, dividend.row())),
    assertEqual(left, right) {
      const join = left.pending();
      if (join) join(shared.zeros, right.row());
      else extension.relateScaled(left.row(), 1, shared.zeros, right.row());
    },
    assertOutsideBase(element) {
      const upper = element.words().slice(1);
      const factors: readonly Value[] = program.hint(HINT.unitFactors, upper, upper.length as number);
      const sum = upper
        .map((word, index) => program.multiply(word, factors[index]!))
        .reduce((total, each) => program.add(total, each));
      program.assertEqual(sum, 1);
    },
  };

  /** x, the generator of the extension. */
  const generator = fromWords(constantWords([0, 1, 0, 0, 0]), shared.x);
  return operations;
}
