/**
 * Step 8 of the verifier inside a guest program: the fold layers of a child, as its heights ask for them. Every layer becomes
 * a record for the queries.
 * Source: docs/spec/proof-system.md, section 9.
 */
import type { Row, Value } from '../../machine/builder/values.ts';
import type { ProgramBuilder } from '../../machine/builder.ts';
import { DIGEST_WORDS } from '../../stark/hash/poseidon.ts';
import { LEAF_TAG } from '../../stark/proof/shape.ts';
import { LABEL } from '../../stark/transcript.ts';
import type { ProfileConstants } from './constants.ts';
import { type GuestHeights, HEIGHT, HEIGHT_ROWS } from './heights.ts';
import { HINT } from './hintNames.ts';
import type { ProfileLayout } from './layout.ts';
import { type GuestTranscript, guestTranscript } from './transcript.ts';
import { UPPER_BIT } from './words.ts';

/** Rows of a layer's record: the challenge beta; the state that a leaf's chain starts from; the words below. */
export const LAYER_ROWS = 3;
export const LAYER_INITIAL_ROW = 1;
/** Words of a layer's record. */
export const LAYER = {
  /** Address of the cap. */
  cap: 16,
  /** Levels from a leaf to the cap, and 2^depth / 8: a cap's offset in words times this is its index's part above the path's. */
  depth: 17,
  capShare: 18,
  /** Elements of a leaf, its rows, 1 / elements. */
  elements: 19,
  leafRows: 20,
  inverseElements: 21,
  /** Bits of a word below an index into the codeword: 24 - log blow-up - log height. */
  shift: 22,
  /** Address of beta^elements, by which a height is rolled in after the layer. */
  rollIn: 23,
} as const;

export interface FoldLayers {
  /** The first record; the others follow it. */
  readonly first: Row;
}

type LayerState = {
  readonly state: Row;
  readonly layer: Row;
  readonly logHeight: Value;
  readonly distance: Value;
};

export function foldLayers(
  program: ProgramBuilder,
  { profile, least, greatest }: ProfileLayout,
  constants: ProfileConstants,
  heights: GuestHeights,
  transcript: GuestTranscript,
): FoldLayers {
  const { logBlowup, logCap, grinding } = profile;
  const { shared, layers, logArities, leafElements, leafRows, inverseElements, powers } = constants;
  const capRows = 2 ** logCap;
  // A layer folds by one at least. Open: there are as many records as layers, and the queries pass the same layers.
  const first = program.open(program.freshRows(LAYER_ROWS * Math.max(greatest - least, 1)));

  /** Receives a layer's cap and challenge. */
  function receiveLayer({ state, layer, logHeight, distance }: LayerState): LayerState {
    const inner = guestTranscript(program, shared, state);
    const cap = program.hintRows(HINT.foldCap, [], capRows);
    inner.absorb(LABEL.FOLD_CAP, cap, capRows * DIGEST_WORDS);
    inner.grind(LABEL.FOLD_GRIND, grinding.fold);
    inner.squeeze(LABEL.FOLD, layer);
    const beta = layer;

    const logArity = program.lookUp(logArities, distance);
    const nextLogHeight = program.subtract(logHeight, logArity);
    const depth = program.add(nextLogHeight, logBlowup - logCap);
    const word = (field: number, value: Value): void => program.store(layer, field, value);
    word(LAYER.cap, program.addressOf(cap));
    word(LAYER.depth, depth);
    word(LAYER.capShare, program.divide(program.lookUp(powers, depth), DIGEST_WORDS));
    word(LAYER.elements, program.lookUp(leafElements, logArity));
    word(LAYER.leafRows, program.lookUp(leafRows, logArity));
    word(LAYER.inverseElements, program.lookUp(inverseElements, logArity));
    word(LAYER.shift, program.subtract(UPPER_BIT - logBlowup, logHeight));
    const initial = DIGEST_WORDS * LAYER_INITIAL_ROW;
    word(initial, program.constant(LEAF_TAG.fold));
    word(initial + 1, program.add(nextLogHeight, logBlowup));
    for (let rest = 2; rest < DIGEST_WORDS; rest++) word(initial + rest, program.constant(0));
    const { power } = program.repeat(logArity, { power: beta }, ({ power }) => {
      const square = program.freshRows(1);
      program.extension.relateProduct(power, power, shared.zeros, square);
      return { power: square };
    });
    word(LAYER.rollIn, program.addressOf(power));
    return {
      state: inner.state(),
      layer: program.rowAfter(layer, LAYER_ROWS),
      logHeight: nextLogHeight,
      distance: program.subtract(distance, logArity),
    };
  }

  const { state } = program.repeat(
    heights.count,
    { state: transcript.state(), layer: first, record: heights.first },
    ({ state, layer, record }) => {
      const distance = program.load(record, HEIGHT.distanceDown);
      const count = program.lookUp(layers, distance);
      program.store(record, HEIGHT.layers, count);
      const logHeight = program.load(record, HEIGHT.logHeight);
      const end = program.repeat(count, { state, layer, logHeight, distance }, receiveLayer);
      return { state: end.state, layer: end.layer, record: program.rowAfter(record, HEIGHT_ROWS) };
    },
  );
  transcript.resume(state);
  return { first };
}
