/** Calls from programs to the extension table. Source: machine/extension/README.md. */
import { EXTRA_WORD, PACKED_ELEMENTS } from '../extension/columns.ts';
import { EXTENSION_TAG } from '../extension/tags.ts';
import { type Core, cellValue, constantOf } from './core.ts';
import { type Block, type Input, type Row, rowOf } from './values.ts';

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
  /** The polynomial of 8 * groups packed coefficients, constant first, at a base point; `groups` rows. */
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

export function extensionMethods(core: Core): ExtensionBuilder {
  function call(tag: number, a: Input, b: Input, c: Input, d: Input): void {
    core.emit('isCall', { a: core.local(a), b: core.local(b), c: core.local(c), d: core.local(d) }, tag);
  }

  function storeWord(row: Row, word: number, value: Input): void {
    const { pointer } = row;
    const content = core.local(value);
    if (pointer.kind === 'address' && pointer.block.frame === core.current()) {
      const place = { kind: 'block', block: pointer.block, word: pointer.word + word } as const;
      core.emit('isAdd', { a: content, b: constantOf(0), c: cellValue(core.cellAt(place)) });
    } else core.emit('isDeref', { a: core.local(pointer), b: constantOf(word), c: content });
  }

  return {
    elementRow(words) {
      const block: Block = core.newBlock(1);
      words.forEach((each, word) => {
        core.moveTo(core.local(each), { kind: 'block', block, word });
      });
      return rowOf({ kind: 'address', block, word: 0 });
    },
    relateProduct: (left, right, addend, outcome) =>
      call(EXTENSION_TAG.MADD, left.pointer, right.pointer, addend.pointer, outcome.pointer),
    relateScaled: (element, factor, addend, outcome) =>
      call(EXTENSION_TAG.MADD_BASE, element.pointer, factor, addend.pointer, outcome.pointer),
    weightedRows: (firstRow, firstWeight, count, into) =>
      call(EXTENSION_TAG.DOT8, firstRow.pointer, firstWeight.pointer, into.pointer, count),
    setWeightChallenges: (weight, challenges) =>
      storeWord(weight, EXTRA_WORD.dotChallenges, challenges.pointer),
    evaluatePacked: (coefficients, point, groups, into) =>
      call(EXTENSION_TAG.EVAL8, coefficients.pointer, point, into.pointer, groups),
    foldCoset(coset, carried, selector, inversePoint, challenge, into) {
      storeWord(carried, EXTRA_WORD.foldInversePoint, inversePoint);
      storeWord(carried, EXTRA_WORD.foldChallenge, challenge.pointer);
      call(EXTENSION_TAG.FOLD8, coset.pointer, carried.pointer, into.pointer, selector);
    },
    unpackElements(
      packed,
      firstInto = rowOf({ kind: 'address', block: core.newBlock(PACKED_ELEMENTS), word: 0 }),
    ) {
      call(EXTENSION_TAG.UNPACK8, packed.pointer, firstInto.pointer, firstInto.pointer, 0);
      return firstInto;
    },
    combineElements: (firstConstants, packed, groups, into) =>
      call(EXTENSION_TAG.COMBINE8, firstConstants.pointer, packed.pointer, into.pointer, groups),
  };
}
