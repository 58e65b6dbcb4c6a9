/**
 * An exact multiset of tuples with multiplicities modulo p: open addressing over typed arrays, whole tuples compared.
 * Used by the trace checker only.
 */
import { add, MODULUS } from '../field/koalaBear.ts';

export interface Unbalanced {
  readonly tuple: readonly number[];
  /** Sums of the multiplicities in 1..(p-1)/2, and of the negated ones above. */
  readonly sent: number;
  readonly received: number;
}

export interface TupleCounter {
  /** Adds `multiplicity`, canonical and not zero, to the tuple that stands on `row` of the columns. */
  count(columns: readonly Uint32Array[], row: number, multiplicity: number): void;
  /** The tuple first seen whose multiplicities do not add up to zero. */
  firstUnbalanced(): Unbalanced | undefined;
}

/** Tuples that fit before the first growth; performance only. */
const FIRST_CAPACITY = 1024;

export function createTupleCounter(width: number): TupleCounter {
  let capacity = FIRST_CAPACITY;
  let tuples = new Uint32Array(capacity * width);
  let nets = new Uint32Array(capacity);
  let sents = new Float64Array(capacity);
  let receiveds = new Float64Array(capacity);
  let tupleCount = 0;
  /** Entry number plus one, or zero; twice as many places as entries. */
  let places = new Uint32Array(2 * capacity);

  function hash(read: (index: number) => number): number {
    let state = 0x9e3779b9;
    for (let index = 0; index < width; index++) {
      state = Math.imul(state ^ read(index), 0x85ebca6b);
      state ^= state >>> 15;
    }
    state = Math.imul(state, 0xc2b2ae35);
    return (state ^ (state >>> 13)) >>> 0;
  }

  function grow(): void {
    capacity *= 2;
    const moved = <Words extends Uint32Array | Float64Array>(words: Words, larger: Words): Words => {
      larger.set(words);
      return larger;
    };
    tuples = moved(tuples, new Uint32Array(capacity * width));
    nets = moved(nets, new Uint32Array(capacity));
    sents = moved(sents, new Float64Array(capacity));
    receiveds = moved(receiveds, new Float64Array(capacity));
    places = new Uint32Array(2 * capacity);
    for (let entry = 0; entry < tupleCount; entry++) {
      let place = hash((index) => tuples[entry * width + index]!) & (places.length - 1);
      while (places[place] !== 0) place = (place + 1) & (places.length - 1);
      places[place] = entry + 1;
    }
  }

  function find(columns: readonly Uint32Array[], row: number): number {
    let place = hash((index) => columns[index]![row]!) & (places.length - 1);
    for (;;) {
      const entry = places[place]! - 1;
      if (entry < 0) break;
      let index = 0;
      while (index < width && tuples[entry * width + index] === columns[index]![row]) index++;
      if (index === width) return entry;
      place = (place + 1) & (places.length - 1);
    }
    if (tupleCount === capacity) {
      grow();
      return find(columns, row);
    }
    places[place] = tupleCount + 1;
    for (let index = 0; index < width; index++) tuples[tupleCount * width + index] = columns[index]![row]!;
    return tupleCount++;
  }

  return {
    count(columns, row, multiplicity) {
      const entry = find(columns, row);
      nets[entry] = add(nets[entry]!, multiplicity);
      if (multiplicity > MODULUS / 2) receiveds[entry]! += MODULUS - multiplicity;
      else sents[entry]! += multiplicity;
    },
    firstUnbalanced() {
      for (let entry = 0; entry < tupleCount; entry++)
        if (nets[entry] !== 0)
          return {
            tuple: Array.from(tuples.subarray(entry * width, (entry + 1) * width)),
            sent: sents[entry]!,
            received: receiveds[entry]!,
          };
      return undefined;
    },
  };
}
