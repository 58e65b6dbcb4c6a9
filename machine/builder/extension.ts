/** Calls from programs to the extension table. Source: machine/extension/README.md. */
import { EXTRA_WORD, PACKED_ELEMENTS } from '../extension/columns.ts';
import { EXTENSION_TAG } from '../extension/tags.ts';
import { type Core, cellValue, constantOf } from './core.ts';
import { badProgram } from './fragment.ts';
import { addressOf } from './memory.ts';
import { type Block, type Input, type Row, requireKind, rowOf, targetOf, type Value } from './values.ts';

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

export function extensionMethods(core: Core): ExtensionBuilder {
  function call(tag: number, a: Input, b: Input, c: Input, d: Input): void {
    core.emit('isCall', { a: core.local(a), b: core.local(b), c: core.local(c), d: core.local(d) }, tag);
  }

  function read(row: Row, words: number | undefined): void {
    requireKind('a row', row, 'row');
    core.areas.read(targetOf(row.pointer) ?? 'anywhere', 0, words);
  }

  function write(row: Row, first: number, words: number): void {
    requireKind('a row', row, 'row');
    core.areas.write(targetOf(row.pointer) ?? 'anywhere', first, words);
  }

  /** A relation determines one element from the others: an open one, else one that is handed over, the outcome first. */
  function relate(elements: readonly Row[]): void {
    const states = elements.map((row) => {
      requireKind('a row', row, 'row');
      return core.areas.state(targetOf(row.pointer) ?? 'anywhere', 0, ELEMENT_WORDS);
    });
    const outcome = elements.length - 1;
    const open = states.indexOf('open');
    const determined = open >= 0 ? open : outcome;
    for (const [position, row] of elements.entries()) if (position !== determined) read(row, ELEMENT_WORDS);
    write(elements[determined]!, 0, ELEMENT_WORDS);
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
    write(row, word, 1);
  }

  return {
    elementRow(words) {
      const block: Block = core.newBlock(1);
      words.forEach((each, word) => {
        core.moveTo(core.local(each), { kind: 'block', block, word });
      });
      const row = rowOf(addressOf(block));
      write(row, 0, words.length);
      return row;
    },
    relateProduct(left, right, addend, outcome) {
      relate([left, right, addend, outcome]);
      call(EXTENSION_TAG.MADD, left.pointer, right.pointer, addend.pointer, outcome.pointer);
    },
    relateScaled(element, factor, addend, outcome) {
      relate([element, addend, outcome]);
      call(EXTENSION_TAG.MADD_BASE, element.pointer, factor, addend.pointer, outcome.pointer);
    },
    weightedRows(firstRow, firstWeight, count, into) {
      const rows = counted(count, ROW_WORDS, 'rows');
      read(firstRow, rows.words);
      // Words 0..5 of every weight; words 6 and 7 are not read.
      requireKind('a row', firstWeight, 'row');
      const weights = rows.count.kind === 'constant' ? rows.count.value : 1;
      for (let weight = 0; weight < weights; weight++)
        core.areas.read(
          targetOf(firstWeight.pointer) ?? 'anywhere',
          ROW_WORDS * weight,
          EXTRA_WORD.dotChallenges + 1,
        );
      call(EXTENSION_TAG.DOT8, firstRow.pointer, firstWeight.pointer, into.pointer, rows.count);
      write(into, 0, ELEMENT_WORDS);
    },
    setWeightChallenges(weight, challenges) {
      read(challenges, CHALLENGE_WORDS);
      storeWord(weight, EXTRA_WORD.dotChallenges, challenges.pointer);
    },
    evaluatePacked(coefficients, point, groups, into) {
      const { count, words } = counted(groups, PACKED_WORDS, 'groups');
      read(coefficients, words);
      call(EXTENSION_TAG.EVAL8, coefficients.pointer, point, into.pointer, count);
      write(into, 0, ELEMENT_WORDS);
    },
    foldCoset(coset, carried, selector, inversePoint, challenge, into) {
      // A fold by 2 is the least, whatever the selector.
      read(coset, 2 * ELEMENT_WORDS);
      read(carried, ELEMENT_WORDS);
      read(challenge, ELEMENT_WORDS);
      const place = core.number(selector, 'the selector of a fold');
      storeWord(carried, EXTRA_WORD.foldInversePoint, inversePoint);
      storeWord(carried, EXTRA_WORD.foldChallenge, challenge.pointer);
      call(EXTENSION_TAG.FOLD8, coset.pointer, carried.pointer, into.pointer, place);
      write(into, 0, ELEMENT_WORDS);
    },
    unpackElements(packed, firstInto = rowOf(addressOf(core.newBlock(PACKED_ELEMENTS)))) {
      read(packed, PACKED_WORDS);
      call(EXTENSION_TAG.UNPACK8, packed.pointer, firstInto.pointer, firstInto.pointer, 0);
      for (let row = 0; row < PACKED_ELEMENTS; row++) write(firstInto, ROW_WORDS * row, ELEMENT_WORDS);
      return firstInto;
    },
    combineElements(firstConstants, packed, groups, into) {
      const { count, words } = counted(groups, ROW_WORDS, 'groups');
      read(firstConstants, words);
      read(packed, words === undefined ? undefined : (words / ROW_WORDS) * PACKED_WORDS);
      call(EXTENSION_TAG.COMBINE8, firstConstants.pointer, packed.pointer, into.pointer, count);
      write(into, 0, ELEMENT_WORDS);
    },
  };
}
