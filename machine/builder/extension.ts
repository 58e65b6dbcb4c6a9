/** Calls from programs to the extension table. Source: machine/extension/README.md. */
import { foldArity } from '../extension/arithmetic.ts';
import { EXTRA_WORD, PACKED_ELEMENTS } from '../extension/columns.ts';
import { EXTENSION_TAG } from '../extension/tags.ts';
import { computedFrom, type Target } from './areas.ts';
import { type Core, cellValue, constantOf } from './core.ts';
import { badProgram } from './fragment.ts';
import { addressOf } from './memory.ts';
import { type Block, type Input, type Row, rowOf, targetOf, type Value } from './values.ts';

/**
 * Extension elements in rows: words 0..4 are the element, the others belong to the program. One cycle a call, and the rows
 * of the extension table named in the comment.
 */
export interface ExtensionBuilder {
  /** A fresh row whose words 0..4 are these; values computed just for it move in for free. Words 5..7 are left open. */
  elementRow(words: readonly Input[]): Row;
  /** left * right + addend = outcome, solved for the one row that is not written yet; one row. */
  relateProduct(left: Row, right: Row, addend: Row, outcome: Row): void;
  /** element * factor + addend = outcome, factor in the base field; one row. */
  relateScaled(element: Row, factor: Input, addend: Row, outcome: Row): void;
  /**
   * The sum over `count` consecutive rows of weight * (the tensor of three challenges) . (the row's 8 words). Word 5 of each
   * weight row points to the challenges, 15 packed words; `count` rows.
   */
  weightedRows(firstRow: Row, firstWeight: Row, count: Input, into: Row): void;
  /** Writes the pointer to the challenges into a weight row. */
  setWeightChallenges(weight: Row, challenges: Row): void;
  /**
   * The polynomial of 8 * groups packed coefficients, constant first, at a base point; `groups` rows. As all counts here, `groups` is
   * at least 1: a constant 0 is refused, and a run in which a computed one is 0 cannot be proved.
   */
  evaluatePacked(coefficients: Row, point: Input, groups: Input, into: Row): void;
  /**
   * Folds the 2, 4 or 8 packed elements of a coset by the challenge, after asserting that `carried` stands at its place.
   * `selector` is their number plus the place, `inversePoint` is 1 / y of place 0. Writes words 5 and 6 of the carried row;
   * 1 to 3 rows.
   */
  foldCoset(coset: Row, carried: Row, selector: Input, inversePoint: Input, challenge: Row, into: Row): void;
  /** Writes 8 packed elements to 8 consecutive rows, by default fresh ones, and returns the first; 3 rows. */
  unpackElements(packed: Row, firstInto?: Row): Row;
  /**
   * The sum over 8 * groups packed elements of element * constant; the constants are the words of `groups` consecutive rows;
   * two rows a group.
   */
  combineElements(firstConstants: Row, packed: Row, groups: Input, into: Row): void;
}

/** Words of a working element, of 8 packed ones, and of the three challenges of a weight row. */
const ELEMENT_WORDS = 5;
const PACKED_WORDS = ELEMENT_WORDS * PACKED_ELEMENTS;
const CHALLENGE_WORDS = 3 * ELEMENT_WORDS;
const ROW_WORDS = 8;
/** A selector is the number of elements, 2, 4 or 8, plus a place below it. */
const LEAST_SELECTOR = 2;
const GREATEST_SELECTOR = 15;

export function extensionMethods(core: Core): ExtensionBuilder {
  function call(tag: number, a: Input, b: Input, c: Input, d: Input): void {
    core.emit('isCall', { a: core.local(a), b: core.local(b), c: core.local(c), d: core.local(d) }, tag);
  }

  /** Returns where what is computed from the words leads. */
  function read(row: Row, words: number | undefined, first = 0): Target | undefined {
    core.kinds.requireKind('a row', row, 'row');
    return core.areas.read(targetOf(row.pointer) ?? 'anywhere', first, words);
  }

  function write(row: Row, first: number, words: number, content: Target | undefined): void {
    core.kinds.requireKind('a row', row, 'row');
    core.areas.write(targetOf(row.pointer) ?? 'anywhere', first, words, content);
  }

  /**
   * A relation determines one element from the others: an open one, else one that is handed over, the outcome first. `factor` is where
   * what they are multiplied by leads.
   */
  function relate(elements: readonly Row[], factor: Target | undefined): void {
    const states = elements.map((row) => {
      core.kinds.requireKind('a row', row, 'row');
      return core.areas.state(targetOf(row.pointer) ?? 'anywhere', 0, ELEMENT_WORDS);
    });
    const outcome = elements.length - 1;
    const open = states.indexOf('open');
    const determined = open >= 0 ? open : outcome;
    const held = elements
      .filter((_, position) => position !== determined)
      .map((row) => read(row, ELEMENT_WORDS));
    write(elements[determined]!, 0, ELEMENT_WORDS, computedFrom(factor, ...held));
  }

  /** Words 0..5 of a weight, and the challenges that the last leads to; words 6 and 7 are not read. */
  function readWeight(weight: Row, first: number): Target | undefined {
    const place = first + EXTRA_WORD.dotChallenges;
    const held = read(weight, ELEMENT_WORDS, first);
    read(weight, 1, place);
    const challenges = core.areas.pointerAt(targetOf(weight.pointer) ?? 'anywhere', place);
    return computedFrom(held, challenges && core.areas.read(challenges, 0, CHALLENGE_WORDS));
  }

  /** Words of `count` times `words` words; all that there are when the count is computed. */
  function counted(count: Input, words: number, what: string): { count: Value; words: number | undefined } {
    const value = core.number(count, `the number of ${what}`);
    if (value.kind !== 'constant') return { count: value, words: undefined };
    if (value.value < 1) throw badProgram(`a call with ${value.value} ${what}: at least 1`);
    return { count: value, words: value.value * words };
  }

  function storeWord(row: Row, word: number, value: Input): void {
    const { pointer } = row;
    const content = core.local(value);
    if (pointer.kind === 'address' && pointer.block.frame === core.current()) {
      const place = { kind: 'block', block: pointer.block, word: pointer.word + word } as const;
      core.emit('isAdd', { a: content, b: constantOf(0), c: cellValue(core.cellAt(place)) });
    } else core.emit('isDeref', { a: core.local(pointer), b: constantOf(word), c: content });
    write(row, word, 1, targetOf(content));
  }

  return {
    elementRow(words) {
      if (words.length > ROW_WORDS) throw badProgram(`${words.length} words do not fit into a row`);
      const block: Block = core.newBlock(1);
      const row = rowOf(addressOf(block));
      words.forEach((each, word) => {
        core.moveTo(core.local(each), { kind: 'block', block, word });
        write(row, word, 1, targetOf(each));
      });
      return row;
    },
    relateProduct(left, right, addend, outcome) {
      relate([left, right, addend, outcome], undefined);
      call(EXTENSION_TAG.MADD, left.pointer, right.pointer, addend.pointer, outcome.pointer);
    },
    relateScaled(element, factor, addend, outcome) {
      const isZero =
        typeof factor === 'number' ? factor === 0 : factor.kind === 'constant' && factor.value === 0;
      if (isZero) read(element, ELEMENT_WORDS);
      relate(isZero ? [addend, outcome] : [element, addend, outcome], targetOf(factor));
      call(EXTENSION_TAG.MADD_BASE, element.pointer, factor, addend.pointer, outcome.pointer);
    },
    weightedRows(firstRow, firstWeight, count, into) {
      const rows = counted(count, ROW_WORDS, 'rows');
      const held = [read(firstRow, rows.words)];
      const weights = rows.count.kind === 'constant' ? rows.count.value : 1;
      for (let weight = 0; weight < weights; weight++) held.push(readWeight(firstWeight, ROW_WORDS * weight));
      call(EXTENSION_TAG.DOT8, firstRow.pointer, firstWeight.pointer, into.pointer, rows.count);
      write(into, 0, ELEMENT_WORDS, computedFrom(...held));
    },
    setWeightChallenges(weight, challenges) {
      read(challenges, CHALLENGE_WORDS);
      storeWord(weight, EXTRA_WORD.dotChallenges, challenges.pointer);
    },
    evaluatePacked(coefficients, point, groups, into) {
      const { count, words } = counted(groups, PACKED_WORDS, 'groups');
      const held = computedFrom(read(coefficients, words), targetOf(point));
      call(EXTENSION_TAG.EVAL8, coefficients.pointer, point, into.pointer, count);
      write(into, 0, ELEMENT_WORDS, held);
    },
    foldCoset(coset, carried, selector, inversePoint, challenge, into) {
      const place = core.number(selector, 'the selector of a fold');
      if (place.kind === 'constant' && (place.value < LEAST_SELECTOR || place.value > GREATEST_SELECTOR))
        throw badProgram(`a fold with selector ${place.value}: ${LEAST_SELECTOR} to ${GREATEST_SELECTOR}`);
      // A fold by 2 is the least, whatever a computed selector.
      const elements = foldArity(place.kind === 'constant' ? place.value : LEAST_SELECTOR);
      const held = computedFrom(
        read(coset, elements * ELEMENT_WORDS),
        read(carried, ELEMENT_WORDS),
        read(challenge, ELEMENT_WORDS),
        targetOf(inversePoint),
      );
      storeWord(carried, EXTRA_WORD.foldInversePoint, inversePoint);
      storeWord(carried, EXTRA_WORD.foldChallenge, challenge.pointer);
      call(EXTENSION_TAG.FOLD8, coset.pointer, carried.pointer, into.pointer, place);
      write(into, 0, ELEMENT_WORDS, held);
    },
    unpackElements(packed, firstInto = rowOf(addressOf(core.newBlock(PACKED_ELEMENTS)))) {
      const held = read(packed, PACKED_WORDS);
      call(EXTENSION_TAG.UNPACK8, packed.pointer, firstInto.pointer, firstInto.pointer, 0);
      for (let row = 0; row < PACKED_ELEMENTS; row++) write(firstInto, ROW_WORDS * row, ELEMENT_WORDS, held);
      return firstInto;
    },
    combineElements(firstConstants, packed, groups, into) {
      const { count, words } = counted(groups, ROW_WORDS, 'groups');
      const held = computedFrom(
        read(firstConstants, words),
        read(packed, words === undefined ? undefined : (words / ROW_WORDS) * PACKED_WORDS),
      );
      call(EXTENSION_TAG.COMBINE8, firstConstants.pointer, packed.pointer, into.pointer, count);
      write(into, 0, ELEMENT_WORDS, held);
    },
  };
}
