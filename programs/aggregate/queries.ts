/**
 * Steps 7 to 10 of the verifier inside a guest program: the opened rows lead to the caps, their DEEP combinations are what the
 * first fold layer holds or what is rolled in, every layer holds what was folded, and the folds end in the final polynomial.
 *
 * Many queries go side by side through the heights and layers of the child, so that what they share is fetched once for
 * all of them: the loops over heights and layers are outside, the code of the queries is unrolled inside.
 * Source: docs/spec/proof-system.md, sections 3, 8 and 9; docs/decisions/0001-recursive-query-on-paper.md.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { inverse, multiply } from '../../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import type { Profile } from '../../stark/profile.ts';
import { BLOCK_WORDS, blocksOf, LEAF_TAG } from '../../stark/proof/shape.ts';
import type { ProfileConstants } from './constants.ts';
import { LAYER, LAYER_INITIAL_ROW, LAYER_ROWS } from './foldLayers.ts';
import { type GuestHeights, HEIGHT, HEIGHT_ROWS } from './heights.ts';
import { HINT } from './hintNames.ts';
import type { PhaseLayout, ProfileLayout, SystemLayout } from './layout.ts';
import type { GuestChallenges, GuestProof } from './verifyChild.ts';
import { assertCanonicalParts, fromBits, UPPER_BIT, UPPER_BITS } from './words.ts';

/** Queries whose code is emitted side by side: bytecode against cycles. */
const MAXIMUM_QUERIES_UNROLLED = 40;
const ROW_WORDS = DIGEST_WORDS;
const PACKED_ELEMENTS = 8;

/**
 * A query's value on its way through the layers is a row: words 0..4 the element, words 5 and 6 what the fold reads, word 7 the
 * query's index at this height.
 */
const INDEX_WORD = 7;

/** How many queries go side by side: the largest divisor of their number within the limit. */
export function queriesUnrolled({ queries }: Profile): number {
  let divisor = Math.min(queries, MAXIMUM_QUERIES_UNROLLED);
  while (queries % divisor !== 0) divisor--;
  return divisor;
}

/** What the queries that go side by side start with, one entry a query. */
interface Started {
  /** Rows with the index at the tallest height. */
  readonly carried: Row;
  /** Words: the product of the roots of the index' bits so far, from the cap's bits on. */
  readonly products: Row;
  /** Words: from the start of a cap to the digest that the index leads to. */
  readonly capOffsets: Row;
  /** `pointWords` words: entry k is y^(2^k), so that at log height h the point is entry 24 - log blow-up - h. */
  readonly points: Row;
}

type HeightState = {
  readonly record: Row;
  readonly layer: Row;
  readonly isLater: Value;
  /** Rows with the values and indices that the layers have led to; those that the height before started from. */
  readonly carried: Row;
  readonly above: Row;
  readonly products: Row;
  readonly rollIn: Row;
} & {
  /** By phase number: rows with the nodes that the height before has led to. */
  readonly [node: `node${number}`]: Row;
  /** By number of a phase in which not every table has columns: whether its tree has begun. */
  readonly [hasBegun: `hasBegun${number}`]: Value;
};

export function checkQueries(
  program: ProgramBuilder,
  { phases }: SystemLayout,
  { profile, least, leastDepth }: ProfileLayout,
  constants: ProfileConstants,
  heights: GuestHeights,
  proof: GuestProof,
  challenges: GuestChallenges,
): void {
  const { logBlowup, logCap, logFinalLength, queries } = profile;
  const { shared, powers, arities, placeRoots, capRoots, finalRoots } = constants;
  const unrolled = queriesUnrolled(profile);
  const each = Array.from({ length: unrolled }, (_, query) => query);
  const pointCount = UPPER_BIT - logBlowup - least + 1;
  const pointWords = blocksOf(pointCount) * ROW_WORDS;

  /** A row of the frame around as a pointer in this one, fetched here and now. */
  const here = (row: Row): Row => program.rowAt(program.addressOf(row));
  const rowOf = (rows: Row, query: number): Row => program.rowAfter(rows, query);
  const indexIn = (rows: Row, query: number): Value => program.load(rows, query * ROW_WORDS + INDEX_WORD);

  const tallest = program.load(heights.first, HEIGHT.logHeight);
  const bitsBelow = program.subtract(UPPER_BIT - logBlowup, tallest);
  const unit = program.lookUp(powers, bitsBelow);
  const tallestRows = program.add(tallest, logBlowup);
  const initialRows = new Map(
    phases
      .filter(({ isEverywhere }) => isEverywhere)
      .map(({ phase, number }) => [number, program.row([LEAF_TAG[phase], tallestRows])]),
  );

  /** The indices and points: a word is index * unit + bits below + 2^24 * upper bits. */
  function start(words: Value): Started {
    const carried = program.freshRows(unrolled);
    const products = program.freshRows(blocksOf(unrolled));
    const capOffsets = program.freshRows(blocksOf(unrolled));
    // Open: words behind the last entry are written nowhere, and heights have been checked to have entries.
    const points = program.open(program.freshRows((unrolled * pointWords) / ROW_WORDS));
    const below: Value[] = [];
    for (const query of each) {
      const word = program.load(words, query);
      const [index, rest, point] = program.hint(HINT.query, [word, bitsBelow], 3);
      below.push(rest);
      const upper = fromBits(program, word, UPPER_BIT, UPPER_BITS);
      const capIndex = fromBits(program, word, UPPER_BIT - logCap, logCap);
      assertCanonicalParts(program, word, program.add(program.multiply(index, unit), rest), upper);
      program.store(carried, query * ROW_WORDS + INDEX_WORD, index);
      program.store(products, query, program.lookUp(capRoots, capIndex));
      program.store(capOffsets, query, program.multiply(capIndex, DIGEST_WORDS));
      let power: Value = point;
      for (let entry = 0; entry < pointCount; entry++) {
        program.store(points, query * pointWords + entry, power);
        if (entry < pointCount - 1) power = program.multiply(power, power);
      }
    }
    const noSiblings = { hint: HINT.anySiblings, inputs: [bitsBelow] };
    program.when(
      bitsBelow,
      () => {
        for (const rest of below) program.path(shared.zeros, rest, bitsBelow, noSiblings);
      },
      () => {
        for (const rest of below) program.assertEqual(rest, 0);
      },
    );
    return { carried, products, capOffsets, points };
  }

  /** One height: its leaf rows, what they weigh, the layers down to the next height. */
  function passHeight(started: Started, state: HeightState): HeightState {
    const { record, isLater } = state;
    const logHeight = program.load(record, HEIGHT.logHeight);
    const logRows = program.add(logHeight, logBlowup);
    const climb = program.load(record, HEIGHT.distanceUp);
    const climbPower = program.lookUp(powers, climb);
    const blocks = program.load(record, HEIGHT.blocks);
    const reached = here(state.carried);
    const above = here(state.above);

    // The rows of all trees, one after the other.
    const carried = program.freshRows(unrolled);
    const rows: Row[] = [];
    for (const query of each) {
      const index = indexIn(reached, query);
      program.store(carried, query * ROW_WORDS + INDEX_WORD, index);
      rows.push(program.hintRows(HINT.leafRows, [logHeight, index], blocks));
    }
    const rowsOf = new Map<number, readonly Row[]>();
    let offset: Value | undefined;
    const leafBlocks = new Map<number, Value>();
    for (const { number } of phases) {
      const start = offset;
      rowsOf.set(
        number,
        start === undefined
          ? rows
          : rows.map((row) => program.rowAt(program.add(program.addressOf(row), start))),
      );
      const count = program.load(record, HEIGHT.leafBlocks + number);
      leafBlocks.set(number, count);
      const words = program.multiply(count, BLOCK_WORDS);
      offset = offset === undefined ? words : program.add(offset, words);
    }

    // From the height before up to this one, and over the leaf rows.
    // Open: written at later heights, and read where a tree has begun, so at later heights.
    const segments = program.open(program.freshRows(blocksOf(unrolled)));
    const nodes = new Map(
      phases.map(({ number, isEverywhere }) => {
        const rows = program.freshRows(unrolled);
        // Open: nodes of a tree that has not begun are written nowhere, and read where hasBegun is 1.
        return [number, isEverywhere ? rows : program.open(rows)];
      }),
    );
    const leavesOf = ({ number }: PhaseLayout, query: number, from: Row): void => {
      const into = rowOf(nodes.get(number)!, query);
      program.chain(from, rowsOf.get(number)![query]!, leafBlocks.get(number)!, into);
    };
    const climbTo = ({ number }: PhaseLayout, query: number, into?: Row): Row =>
      program.path(
        rowOf(state[`node${number}`]!, query),
        program.load(segments, query),
        climb,
        {
          hint: HINT.siblings,
          inputs: [number, logHeight, climb, indexIn(carried, query), program.load(segments, query)],
        },
        into,
      );
    const everywhere = phases.filter(({ isEverywhere }) => isEverywhere);
    program.when(
      isLater,
      () => {
        for (const query of each) {
          const index = indexIn(carried, query);
          const upper = program.multiply(index, climbPower);
          program.store(segments, query, program.subtract(indexIn(above, query), upper));
        }
        for (const phase of everywhere)
          for (const query of each) leavesOf(phase, query, climbTo(phase, query));
      },
      () => {
        for (const phase of everywhere)
          for (const query of each) leavesOf(phase, query, initialRows.get(phase.number)!);
      },
    );
    const begun: Record<`hasBegun${number}`, Value> = {};
    for (const phase of phases.filter(({ isEverywhere }) => !isEverywhere)) {
      const hasBegun = state[`hasBegun${phase.number}`]!;
      const outcome = program.ifNonzero<{ hasBegun: Value }>(
        leafBlocks.get(phase.number)!,
        () => {
          program.when(
            hasBegun,
            () => {
              for (const query of each) leavesOf(phase, query, climbTo(phase, query));
            },
            () => {
              const initial = program.row([LEAF_TAG[phase.phase], logRows]);
              for (const query of each) leavesOf(phase, query, initial);
            },
          );
          return { hasBegun: program.constant(1) };
        },
        () => {
          program.when(hasBegun, () => {
            for (const query of each) climbTo(phase, query, rowOf(nodes.get(phase.number)!, query));
          });
          return { hasBegun };
        },
      );
      begun[`hasBegun${phase.number}`] = outcome.hasBegun;
    }

    combine(started, state, record, carried, rows, rowsOf, blocks, logHeight);

    // The layers down to the next height.
    const end = program.repeat(
      program.load(record, HEIGHT.layers),
      { layer: state.layer, carried, products: state.products, rollIn: shared.zeros },
      (layerState) => passLayer(started, layerState),
    );
    return {
      record: program.rowAfter(record, HEIGHT_ROWS),
      ...end,
      isLater: program.constant(1),
      above: carried,
      ...Object.fromEntries([...nodes].map(([number, row]) => [`node${number}`, row] as const)),
      ...begun,
    } as HeightState;
  }

  /**
   * F = (V - R) / (zeta - x) + (V' - R') / (zeta * g - x) of every query at a height, R and R' the weighted rows at x = 3 * y,
   * added to what the layers have led to. The points lie in the base field and zeta does not, so no difference is 0.
   */
  function combine(
    { points }: Started,
    { isLater, carried: reached, rollIn }: HeightState,
    record: Row,
    carried: Row,
    rows: readonly Row[],
    rowsOf: ReadonlyMap<number, readonly Row[]>,
    blocks: Value,
    logHeight: Value,
  ): void {
    const { extension } = program;
    const zeta = here(challenges.zetaPowers);
    const totals = program.load(record, HEIGHT.totals);
    const values = program.rowAt(program.add(totals, ROW_WORDS));
    const nextValues = program.rowAt(program.add(totals, 2 * ROW_WORDS));
    const nextZeta = program.rowAt(program.load(record, HEIGHT.nextZeta));
    const weights = program.rowAt(program.load(record, HEIGHT.otherWeights + phases[0]!.number));
    const firstWeights = phases[0]!.hasNext
      ? program.rowAt(program.load(record, HEIGHT.firstWeights + phases[0]!.number))
      : weights;
    const pointsHere = program.add(
      program.addressOf(points),
      program.subtract(UPPER_BIT - logBlowup, logHeight),
    );
    const point = each.map((query) => program.load(pointsHere, query * pointWords));
    const quotients = each.map((query) => {
      const [difference, weighted, quotient] = [
        program.freshRows(1),
        program.freshRows(1),
        program.freshRows(1),
      ];
      extension.relateScaled(shared.generator, point[query]!, difference, zeta);
      extension.weightedRows(rows[query]!, firstWeights, blocks, weighted);
      extension.relateProduct(quotient, difference, weighted, values);
      return quotient;
    });
    const nextPhases = phases.filter(({ hasNext }) => hasNext);
    const nextRuns = nextPhases.map(({ number }) => ({
      count: program.load(totals, 2 * number),
      weights: program.rowAt(program.load(record, HEIGHT.nextWeights + number)),
    }));
    finish(0, undefined);

    /** Weighs the rows opened at zeta * g of the phases from `position` on, of those that have such rows at this height. */
    function finish(position: number, sums: readonly Row[] | undefined): void {
      const phase = nextPhases[position];
      if (phase === undefined) {
        conclude(sums);
        return;
      }
      const { count, weights: runWeights } = nextRuns[position]!;
      program.when(
        phase.isNextEverywhere ? 1 : count,
        () => {
          const next = each.map((query) => {
            const weighted = program.freshRows(1);
            extension.weightedRows(rowsOf.get(phase.number)![query]!, runWeights, count, weighted);
            if (sums === undefined) return weighted;
            const sum = program.freshRows(1);
            extension.relateScaled(weighted, 1, sums[query]!, sum);
            return sum;
          });
          finish(position + 1, next);
        },
        () => finish(position + 1, sums),
      );
    }

    function conclude(sums: readonly Row[] | undefined): void {
      const addends = sums?.map((sum, query) => {
        const [difference, quotient] = [program.freshRows(1), program.freshRows(1)];
        extension.relateScaled(shared.generator, point[query]!, difference, nextZeta);
        extension.relateProduct(quotient, difference, sum, nextValues);
        return quotient;
      });
      const combineInto = (query: number, into: Row): void =>
        extension.relateScaled(addends?.[query] ?? shared.zeros, 1, quotients[query]!, into);
      program.when(
        isLater,
        () => {
          for (const query of each) {
            const combination = program.freshRows(1);
            combineInto(query, combination);
            extension.relateProduct(combination, rollIn, rowOf(reached, query), rowOf(carried, query));
          }
        },
        () => {
          for (const query of each) combineInto(query, rowOf(carried, query));
        },
      );
    }
  }

  type LayerState = Pick<HeightState, 'layer' | 'carried' | 'products' | 'rollIn'>;

  /** One layer: its leaf leads to its cap and holds the value carried so far; the folded value is carried on. */
  function passLayer({ capOffsets, points }: Started, { layer, carried, products }: LayerState): LayerState {
    const cap = program.load(layer, LAYER.cap);
    const depth = program.load(layer, LAYER.depth);
    const capShare = program.load(layer, LAYER.capShare);
    const elements = program.load(layer, LAYER.elements);
    const leafRows = program.load(layer, LAYER.leafRows);
    const inverseElements = program.load(layer, LAYER.inverseElements);
    const shift = program.load(layer, LAYER.shift);
    const initial = program.rowAfter(layer, LAYER_INITIAL_ROW);
    const rootsRow = program.multiply(shift, ROW_WORDS);
    const offsets = here(capOffsets);
    const pointsHere = program.add(program.addressOf(points), shift);

    const folded = program.freshRows(unrolled);
    const nextProducts = program.freshRows(blocksOf(unrolled));
    for (const query of each) {
      const own = rowOf(carried, query);
      const index = indexIn(carried, query);
      // The fold proves that the selector names an arity and a place below it; that it names this layer's arity is checked here.
      const place = program.hintValue(HINT.place, [index, elements]);
      const selector = program.add(place, elements);
      program.assertEqual(program.lookUp(arities, selector), elements);
      const leafIndex = program.multiply(program.subtract(index, place), inverseElements);
      program.store(folded, query * ROW_WORDS + INDEX_WORD, leafIndex);
      const rows = program.hintRows(HINT.coset, [shift, leafIndex], leafRows);
      const capOffset = program.load(offsets, query);
      program.path(
        program.chain(initial, rows, leafRows),
        program.subtract(leafIndex, program.multiply(capOffset, capShare)),
        depth,
        { hint: HINT.foldSiblings, inputs: [shift, leafIndex] },
        program.rowAt(program.add(cap, capOffset)),
      );
      // 1 / y of place 0: the roots of the place's bits taken out of y.
      const inverseBase = program.divide(
        program.lookUp(placeRoots, place),
        program.load(pointsHere, query * pointWords),
      );
      program.extension.foldCoset(rows, own, selector, inverseBase, layer, rowOf(folded, query));
      const root = program.lookUp(placeRoots, program.add(rootsRow, place));
      program.store(nextProducts, query, program.multiply(program.load(products, query), root));
    }
    return {
      layer: program.rowAfter(layer, LAYER_ROWS),
      carried: folded,
      products: nextProducts,
      rollIn: program.rowAt(program.load(layer, LAYER.rollIn)),
    };
  }

  /** From the shortest height to the caps; the points are those of the indices; the folds end in the final polynomial. */
  function end({ capOffsets, points }: Started, last: HeightState): void {
    const shortest = program.load(heights.last, HEIGHT.logHeight);
    const depth = program.add(shortest, logBlowup - logCap);
    const capShare = program.divide(program.lookUp(powers, depth), DIGEST_WORDS);
    const finalShare = multiply(2 ** leastDepth, inverse(DIGEST_WORDS));
    const finalPolynomial = here(proof.finalPolynomial);
    const groups = Math.ceil(2 ** logFinalLength / PACKED_ELEMENTS);
    for (const query of each) {
      const capOffset = program.load(capOffsets, query);
      const index = indexIn(last.above, query);
      const segment = program.subtract(index, program.multiply(capOffset, capShare));
      for (const { phase, number } of phases)
        program.path(
          rowOf(last[`node${number}`]!, query),
          segment,
          depth,
          { hint: HINT.capSiblings, inputs: [number, shortest, index] },
          program.rowAt(program.add(program.addressOf(here(proof.caps[phase])), capOffset)),
        );

      // Paths have proved that the segments are below their powers of two, so the last one is a place in its table.
      const finalIndex = indexIn(last.carried, query);
      const finalPlace = program.subtract(finalIndex, program.multiply(capOffset, finalShare));
      const product = program.multiply(
        program.load(last.products, query),
        program.lookUp(finalRoots, finalPlace),
      );
      program.assertEqual(product, program.load(points, query * pointWords));
      program.extension.evaluatePacked(
        finalPolynomial,
        program.load(points, query * pointWords + UPPER_BIT - logBlowup - logFinalLength),
        groups,
        rowOf(last.carried, query),
      );
    }
  }

  program.repeat(queries / unrolled, { words: program.addressOf(challenges.queryWords) }, ({ words }) => {
    const started = start(words);
    const first = {
      record: heights.first,
      layer: proof.layers.first,
      isLater: program.constant(0),
      // Open: no layer has led here, so there are indices but no values; isLater keeps the first height from reading values.
      carried: program.open(started.carried),
      above: started.carried,
      products: started.products,
      rollIn: shared.zeros,
      // Open: they stand for no node, and isLater keeps the first height from reading them.
      ...Object.fromEntries(
        phases.map(({ number }) => [`node${number}`, program.open(shared.zeros)] as const),
      ),
      ...Object.fromEntries(
        phases
          .filter(({ isEverywhere }) => !isEverywhere)
          .map(({ number }) => [`hasBegun${number}`, program.constant(0)] as const),
      ),
    } as HeightState;
    end(
      started,
      program.repeat(heights.count, first, (state) => passHeight(started, state)),
    );
    return { words: program.add(words, unrolled) };
  });
}
