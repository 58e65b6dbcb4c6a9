/**
 * The constraints of the extension table. Equations and what they prove are in the README of this folder.
 * A constraint may sum the equations of several operations, each times its selector: at most one selector is 1.
 * Source: docs/spec/machine.md, section Calls.
 */
import type { TableAir } from '../../stark/air/air.ts';
import { defineTable, type Expression, type Operand } from '../../stark/air/builder.ts';
import { DEGREE } from '../../stark/field/extension.ts';
import { inverse } from '../../stark/field/koalaBear.ts';
import { BUS, INVERSE_OF_ROW_WORDS, ROW_WORDS } from '../buses.ts';
import {
  CARRIED_WORDS,
  EVAL_FACTOR,
  EXTRA_WORD,
  MAIN_COLUMNS,
  PACKED_ELEMENTS,
  SLOT,
  SLOT_WORDS,
} from './columns.ts';
import { interpolate } from './interpolation.ts';
import { EXTENSION_TAG } from './tags.ts';

export const MINIMUM_LOG_HEIGHT = 8;
export const MAXIMUM_LOG_HEIGHT = 22;

/** Five expressions: an extension element. */
type Element = readonly Expression[];

/** x^5 = 1 - x^2, x^6 = x - x^3, x^7 = x^2 - x^4, x^8 = x^3 + x^2 - 1. */
function product(left: Element, right: Element): Element {
  const unreduced: Expression[] = [];
  left.forEach((leftWord, i) => {
    right.forEach((rightWord, j) => {
      const term = leftWord.times(rightWord);
      const sum = unreduced[i + j];
      unreduced[i + j] = sum === undefined ? term : sum.plus(term);
    });
  });
  const [c0, c1, c2, c3, c4, c5, c6, c7, c8] = unreduced as [
    Expression,
    Expression,
    Expression,
    Expression,
    Expression,
    Expression,
    Expression,
    Expression,
    Expression,
  ];
  return [
    c0.plus(c5).minus(c8),
    c1.plus(c6),
    c2.plus(c7).minus(c5).plus(c8),
    c3.minus(c6).plus(c8),
    c4.minus(c7),
  ];
}

function combine(terms: readonly Element[]): Element {
  return terms.reduce((sum, term) => sum.map((word, index) => word.plus(term[index]!)));
}

function subtract(left: Element, right: Element): Element {
  return left.map((word, index) => word.minus(right[index]!));
}

function scale(element: Element, factor: Operand): Element {
  return element.map((word) => word.times(factor));
}

export const extensionAir: TableAir = defineTable(
  {
    name: 'extension',
    main: MAIN_COLUMNS,
    preprocessed: [],
    minimumLogHeight: MINIMUM_LOG_HEIGHT,
    maximumLogHeight: MAXIMUM_LOG_HEIGHT,
    isRequired: false,
    expansion: 'none',
  },
  (table) => {
    const { main, next } = table;
    const { isMadd, isMaddBase, isDot, isDotEnd, isEval, isEvalEnd } = main;
    const { isFold8, isFold4, isFold4Inner, isFold2, isFold2Inner } = main;
    const { isUnpack, isUnpackMiddle, isUnpackEnd } = main;
    const { isCombine, isCombineConstants, isCombineEnd } = main;
    const words = table.mainColumns('word', SLOT_WORDS);
    const nextWords = table.nextColumns('word', CARRIED_WORDS);
    const accumulator: Element = table.mainColumns('accumulator', DEGREE);
    const nextAccumulator: Element = table.nextColumns('accumulator', DEGREE);
    const factor: Element = table.mainColumns('factor', DEGREE);
    const nextFactor: Element = table.nextColumns('factor', DEGREE);
    const dot: Element = table.mainColumns('dot', DEGREE);
    const choice = table.mainColumns('choice', PACKED_ELEMENTS - 1);
    const slotElement = (slot: number): Element => words.slice(slot * ROW_WORDS, slot * ROW_WORDS + DEGREE);
    const slotWord = (slot: number, word: number): Expression => words[slot * ROW_WORDS + word]!;
    const packed: readonly Element[] = Array.from({ length: PACKED_ELEMENTS }, (_, element) =>
      words.slice(element * DEGREE, (element + 1) * DEGREE),
    );
    function constrainWords(label: string, element: Element): void {
      element.forEach((word, index) => {
        table.constrain(`${label} word ${index}`, word);
      });
    }

    // Selectors: at most one operation. Later rows of a fold or an UNPACK8 follow, and follow only, the row before them.
    const anyFold4 = isFold4.plus(isFold4Inner);
    const anyFold2 = isFold2.plus(isFold2Inner);
    const foldGoesOn = isFold8.plus(anyFold4);
    const anyMadd = isMadd.plus(isMaddBase);
    const unpackGoesOn = isUnpack.plus(isUnpackMiddle);
    const dotGoesOn = isDot.minus(isDotEnd);
    // The runs of isEval are of two kinds: EVAL8, and COMBINE8 with its pairs of rows.
    const notEvaluating = isEvalEnd.plus(isCombine).plus(isCombineConstants);
    const evaluates = isEval.minus(notEvaluating);
    const constantsGoOn = isCombineConstants.minus(isCombineEnd);
    const runGoesOn = isEval.minus(isEvalEnd).minus(isCombineEnd);
    const operations = { isMadd, isMaddBase, isDot, isEval, isFold8, isFold4, isFold2, isUnpack };
    const parts = { isDotEnd, isEvalEnd, isCombine, isCombineConstants, isCombineEnd };
    for (const [name, selector] of Object.entries({ ...operations, ...parts }))
      table.constrainBoolean(`${name} is boolean`, selector);
    table.constrainBoolean(
      'at most one operation',
      table.sum([...Object.values(operations), isFold4Inner, isFold2Inner, isUnpackMiddle, isUnpackEnd]),
    );
    table.constrainEqual('a fold by 8 goes on', next.isFold4Inner, isFold8);
    table.constrainEqual('a fold by 4 goes on', next.isFold2Inner, anyFold4);
    table.constrainEqual('an UNPACK8 goes on', next.isUnpackMiddle, isUnpack);
    table.constrainEqual('an UNPACK8 ends', next.isUnpackEnd, isUnpackMiddle);
    table.constrain('only a DOT8 run ends one', isDotEnd.times(isDot.minus(1)));
    table.constrainBoolean('one kind of row in a run of isEval', notEvaluating);
    table.constrain('only a run of isEval has its rows', notEvaluating.times(isEval.minus(1)));
    table.constrain('only constants end a COMBINE8', isCombineEnd.times(isCombineConstants.minus(1)));
    table.constrain('a DOT8 run goes on until its end', dotGoesOn.times(next.isDot.minus(1)));
    table.constrain('a run of isEval goes on until its end', runGoesOn.times(next.isEval.minus(1)));
    const nextIsConstants = nextFactor[EVAL_FACTOR.constants]!;
    const nextIsElements = nextFactor[EVAL_FACTOR.elements]!;
    const nextIsEnd = nextFactor[EVAL_FACTOR.end]!;
    table.constrain(
      'elements, their constants, the next elements',
      isCombine
        .times(nextIsConstants.minus(1))
        .plus(constantsGoOn.times(nextIsElements.minus(1)))
        .plus(evaluates.times(nextIsConstants.plus(nextIsElements))),
    );
    table.constrain(
      'no run starts with constants or its end',
      next.isEval.minus(runGoesOn).times(nextIsConstants.plus(nextIsEnd)),
    );

    // The place in the leaf, one of 2, 4 or 8: choice has a 1 there (choice 7 is what is left of 1), d = arity + place.
    const entry = isFold8.plus(isFold4).plus(isFold2);
    const chosen = (count: number): Expression => table.sum(choice.slice(0, count));
    const lastChoice = table.constant(1).minus(chosen(PACKED_ELEMENTS - 1));
    const choices = [...choice, lastChoice];
    const selection = (first: number, count: number): Element =>
      combine(
        packed.slice(first, first + count).map((element, index) => scale(element, choices[first + index]!)),
      );
    const of2Values = selection(0, 2);
    const of4Values = combine([of2Values, selection(2, 2)]);
    const of8Values = combine([of4Values, selection(4, 4)]);
    constrainWords(
      'value at the place',
      combine([
        scale(subtract(accumulator, of8Values), isFold8),
        scale(subtract(accumulator, of4Values), isFold4),
        scale(subtract(accumulator, of2Values), isFold2),
      ]),
    );

    // MADD: a * b + c = result. MADD_BASE: the factor is the operand B itself.
    const a = slotElement(SLOT.madd.a);
    constrainWords(
      'multiply-add',
      combine([
        scale(product(a, slotElement(SLOT.madd.b)), isMadd),
        scale(a, isMaddBase.times(main.pointer2)),
        scale(subtract(slotElement(SLOT.madd.c), slotElement(SLOT.madd.result)), anyMadd),
      ]),
    );

    // DOT8: dot = sum over l of word_l * product over j of (bit j of l ? r_j : 1 - r_j), on every row; factor = r_1 * r_2.
    const block = words.slice(SLOT.dot.block * ROW_WORDS, (SLOT.dot.block + 1) * ROW_WORDS);
    const challenges = [SLOT.dot.challenges, SLOT.dot.moreChallenges].flatMap((slot) =>
      words.slice(slot * ROW_WORDS, (slot + 1) * ROW_WORDS),
    );
    const challenge = (index: number): Element => challenges.slice(index * DEGREE, (index + 1) * DEGREE);
    const [r0, r1, r2] = [challenge(0), challenge(1), challenge(2)];
    // Lanes 2i and 2i + 1 joined by r_0.
    const pair = (i: number): Element => {
      const scaled = scale(r0, block[2 * i + 1]!.minus(block[2 * i]!));
      return [scaled[0]!.plus(block[2 * i]!), ...scaled.slice(1)];
    };
    const [u0, u1, u2, u3] = [pair(0), pair(1), pair(2), pair(3)];
    const difference = subtract(u1, u0);
    const tensor = combine([
      u0,
      product(r1, difference),
      product(r2, subtract(u2, u0)),
      product(factor, subtract(subtract(u3, u2), difference)),
    ]);
    const weight = slotElement(SLOT.dot.weight);
    const weighted = product(weight, dot);

    // EVAL8: the powers y..y^7 in choice, y^8 in factor0; the sum of the packed coefficients times them.
    const y = choice[0]!;
    for (const [exponent, left, right] of [
      [2, 1, 1],
      [3, 2, 1],
      [4, 2, 2],
      [5, 4, 1],
      [6, 4, 2],
      [7, 4, 3],
    ] as const)
      table.constrain(
        `power ${exponent} of the point`,
        evaluates.times(choice[exponent - 1]!.minus(choice[left - 1]!.times(choice[right - 1]!))),
      );
    const value = combine([
      packed[0]!,
      ...packed.slice(1).map((coefficient, index) => scale(coefficient, choice[index]!)),
      scale(accumulator, factor[0]!),
    ]);

    // COMBINE8: the packed elements of a row times the constants of the next.
    const combined = packed.map((element, index) => scale(element, nextWords[index]!));

    // factor: r_1 * r_2 in a DOT8, y^8 in an EVAL8; in a fold the power of z = beta / y that the row folds at.
    const squared = product(nextFactor, nextFactor);
    const tensorFactor = product(r1, r2);
    const foldPoint = scale(
      slotElement(SLOT.foldEnd.challenge),
      slotWord(SLOT.foldEnd.carried, EXTRA_WORD.foldInversePoint),
    );
    constrainWords(
      'factor',
      factor.map((word, index) => {
        const shared = isDot
          .times(word.minus(tensorFactor[index]!))
          .plus(foldGoesOn.times(word.minus(squared[index]!)))
          .plus(anyFold2.times(word.minus(foldPoint[index]!)));
        switch (index) {
          case 0:
            return shared.plus(evaluates.times(word.minus(choice[3]!.times(choice[3]!))));
          case EVAL_FACTOR.constants:
            return shared.plus(isEval.times(word.minus(isCombineConstants)));
          case EVAL_FACTOR.elements:
            return shared.plus(isEval.times(word.minus(isCombine)));
          case EVAL_FACTOR.end:
            return shared.plus(isEval.times(word.minus(isEvalEnd)));
          default:
            return shared;
        }
      }),
    );

    // accumulator: the sum so far of a run, 0 at its start; in a fold the chosen value of the leaf.
    const startsNext = next.isDot.plus(next.isEval).minus(dotGoesOn).minus(runGoesOn);
    constrainWords('a run starts at 0,', scale(nextAccumulator, startsNext));
    constrainWords(
      'accumulator',
      combine([
        scale(subtract(nextAccumulator, combine([accumulator, weighted])), dotGoesOn),
        scale(subtract(nextAccumulator, value), evaluates),
        scale(subtract(nextAccumulator, combine([accumulator, ...combined])), isCombine),
        scale(subtract(nextAccumulator, accumulator), foldGoesOn.plus(constantsGoOn)),
      ]),
    );
    const out = slotElement(SLOT.dot.out);
    constrainWords(
      'outcome',
      combine([
        scale(subtract(out, combine([accumulator, weighted])), isDotEnd),
        scale(subtract(out, accumulator), isEvalEnd.plus(isCombineEnd)),
        scale(subtract(slotElement(SLOT.foldEnd.carried), accumulator), anyFold2),
      ]),
    );

    // FOLD8, FOLD4, FOLD2: coefficients from values on the first row, then the halves of the coefficients are joined.
    // What is gated by 1/n times the selector are n times the coefficients.
    const coefficients = (count: number): readonly Element[] =>
      interpolate(packed.slice(0, count), {
        add: (left, right) => combine([left, right]),
        subtract,
        scale,
      });
    const from8 = coefficients(8);
    const from4 = coefficients(4);
    const from2 = coefficients(2);
    const [of8Gate, of4Gate, of2Gate] = [
      isFold8.times(inverse(8)),
      isFold4.times(inverse(4)),
      isFold2.times(inverse(2)),
    ];
    const handedOn = (index: number): Element => nextWords.slice(index * DEGREE, (index + 1) * DEGREE);
    const half = (of8: number, of4: number): Element =>
      combine([scale(from8[of8]!, of8Gate), scale(from4[of4]!, of4Gate), scale(packed[of4]!, isFold4Inner)]);
    const of2 = (index: number): Element =>
      combine([scale(from2[index]!, of2Gate), scale(packed[index]!, isFold2Inner)]);
    constrainWords(
      'folded 0',
      subtract(
        combine([scale(handedOn(0), foldGoesOn), scale(slotElement(SLOT.foldEnd.out), anyFold2)]),
        combine([half(0, 0), of2(0), product(factor, combine([half(4, 2), of2(1)]))]),
      ),
    );
    constrainWords(
      'folded 1',
      subtract(scale(handedOn(1), foldGoesOn), combine([half(1, 1), product(factor, half(5, 3))])),
    );
    for (const index of [2, 3])
      constrainWords(
        `folded ${index}`,
        subtract(
          scale(handedOn(index), isFold8),
          scale(combine([from8[index]!, product(factor, from8[index + 4]!)]), of8Gate),
        ),
      );

    // UNPACK8, from the last packed row to the first: rows hold packed rows 4; 2 and 3; 0 and 1 and the elements 5, 6, 7;
    // 2, 3, 4; 0, 1. An element that begins in the packed rows before is completed by the next table row.
    const stream = [...nextWords.slice(0, 2 * ROW_WORDS), ...words.slice(0, 2 * ROW_WORDS)];
    const streamed = (firstWord: number): Element =>
      stream.slice(2 * ROW_WORDS + firstWord, 2 * ROW_WORDS + firstWord + DEGREE);
    SLOT.unpack.outs.forEach((slot, index) => {
      const element = slotElement(slot);
      // In words of the packed rows at hand: 25 - 32, 10 - 16 and so on.
      const first = scale(subtract(element, streamed(-7 + DEGREE * index)), isUnpack);
      const middle = scale(subtract(element, streamed(-6 + DEGREE * index)), isUnpackMiddle);
      const terms = [first, middle];
      if (index > 0) terms.push(scale(subtract(element, streamed(DEGREE * (index - 1))), isUnpackEnd));
      constrainWords(`unpacked ${index}`, combine(terms));
    });

    // The place itself.
    choice.forEach((bit, index) => {
      table.constrain(`choice ${index} is boolean in a fold`, entry.times(bit).times(bit.minus(1)));
    });
    table.constrain(
      'one place is chosen',
      isFold8
        .times(lastChoice)
        .times(lastChoice.minus(1))
        .plus(isFold4.times(chosen(4).minus(1)))
        .plus(isFold2.times(chosen(2).minus(1))),
    );
    const placed = (count: number): Expression =>
      table.sum(choices.slice(0, count).map((bit, place) => bit.times(place)));
    table.constrain(
      'place in the leaf',
      isFold8
        .times(main.d.minus(placed(8)).minus(8))
        .plus(isFold4.times(main.d.minus(placed(4)).minus(4)))
        .plus(isFold2.times(main.d.minus(placed(2)).minus(2))),
    );

    // Operands. A run goes from its last memory rows to its first, so that at its end pointer 0 and 2 are A and B.
    table.constrain('the count starts at 1', startsNext.times(next.d.minus(1)));
    table.constrain(
      'count, place, nothing',
      dotGoesOn
        .plus(evaluates)
        .plus(constantsGoOn)
        .times(next.d.minus(main.d).minus(1))
        .plus(foldGoesOn.plus(isCombine).times(next.d.minus(main.d)))
        .plus(isUnpackEnd.times(main.d)),
    );
    const step0 = next.pointer0.minus(main.pointer0);
    const step2 = next.pointer2.minus(main.pointer2);
    table.constrain(
      'next pointer 0',
      dotGoesOn
        .times(step0.plus(ROW_WORDS))
        .plus(evaluates.times(step0.plus(SLOT_WORDS)))
        .plus(constantsGoOn.times(next.pointer0.minus(main.pointer2).plus(SLOT_WORDS)))
        .plus(foldGoesOn.times(step0))
        .plus(unpackGoesOn.times(step0.plus(2 * ROW_WORDS))),
    );
    table.constrain(
      'next pointer 2',
      dotGoesOn
        .times(step2.plus(ROW_WORDS))
        .plus(unpackGoesOn.times(step2.plus(3 * ROW_WORDS)))
        .plus(isCombine.times(next.pointer2.minus(main.pointer0))),
    );
    const stepY = next.choice0.minus(y);
    table.constrain(
      'same point, pointer of constants',
      evaluates
        .plus(isCombine)
        .times(stepY)
        .plus(constantsGoOn.times(stepY.plus(ROW_WORDS))),
    );
    table.constrain('constants at their pointer', isCombineConstants.times(y.minus(main.pointer0)));
    table.constrain('the point is B', isEvalEnd.times(y.minus(main.pointer2)));
    const five = evaluates.plus(isCombine).plus(isFold8);
    const three = five.plus(isFold4);
    const anyUnpack = unpackGoesOn.plus(isUnpackEnd);
    const two = three.plus(isFold2).plus(isUnpackMiddle).plus(isUnpackEnd);
    const behind = (pointer: Expression, start: Expression, rows: number): Expression =>
      pointer.minus(start).minus(rows * ROW_WORDS);
    table.constrain(
      'pointer 1',
      two
        .times(behind(main.pointer1, main.pointer0, 1))
        .plus(isDot.times(main.pointer1.minus(slotWord(SLOT.dot.weight, EXTRA_WORD.dotChallenges)))),
    );
    table.constrain('pointer 2', three.times(behind(main.pointer2, main.pointer0, 2)));
    table.constrain(
      'pointer 3',
      five
        .times(behind(main.pointer3, main.pointer0, 3))
        .plus(anyUnpack.times(behind(main.pointer3, main.pointer2, 1))),
    );
    table.constrain(
      'pointer 4',
      five
        .times(behind(main.pointer4, main.pointer0, 4))
        .plus(anyUnpack.times(behind(main.pointer4, main.pointer2, 2)))
        .plus(isDot.times(behind(main.pointer4, main.pointer1, 1)))
        .plus(anyFold2.times(main.pointer4.minus(slotWord(SLOT.foldEnd.carried, EXTRA_WORD.foldChallenge))))
        .plus(anyMadd.times(main.pointer4.minus(main.d))),
    );

    constrainWords('dot', subtract(dot, tensor));

    // A call is received on its last row. An EVAL8's end stands one step before its first memory rows; an UNPACK8's end has
    // its first outcome in slot 3.
    const ends = table.sum([anyMadd, isDotEnd, isEvalEnd, anyFold2, isUnpackEnd, isCombineEnd]);
    table.interact({
      label: 'call',
      bus: BUS.CALL,
      multiplicity: ends.negate(),
      values: [
        table.sum([
          isMadd.times(EXTENSION_TAG.MADD),
          isMaddBase.times(EXTENSION_TAG.MADD_BASE),
          isDotEnd.times(EXTENSION_TAG.DOT8),
          isEvalEnd.times(EXTENSION_TAG.EVAL8),
          anyFold2.times(EXTENSION_TAG.FOLD8),
          isUnpackEnd.times(EXTENSION_TAG.UNPACK8),
          isCombineEnd.times(EXTENSION_TAG.COMBINE8),
        ]),
        main.pointer0.plus(isEvalEnd.times(SLOT_WORDS)),
        main.pointer2.plus(isUnpackEnd.times(ROW_WORDS)),
        main.pointer3,
        main.d.minus(isEvalEnd),
        main.clk,
      ],
      weight: 1,
    });
    const pointers = [main.pointer0, main.pointer1, main.pointer2, main.pointer3, main.pointer4];
    const uses = [
      [anyMadd, isDot, three, isCombineConstants, isFold2, anyUnpack],
      [isDot, two],
      [isMadd, isDot, three, anyFold2, unpackGoesOn],
      [anyMadd, isDotEnd, five, isEvalEnd, isCombineEnd, anyFold2, anyUnpack],
      [anyMadd, isDot, five, anyFold2, anyUnpack],
    ];
    uses.forEach((terms, slot) => {
      table.interact({
        label: `row of slot ${slot}`,
        bus: BUS.ROW,
        multiplicity: table.sum(terms),
        values: [
          pointers[slot]!.times(INVERSE_OF_ROW_WORDS),
          ...words.slice(slot * ROW_WORDS, (slot + 1) * ROW_WORDS),
        ],
        weight: 1,
      });
    });
  },
);
