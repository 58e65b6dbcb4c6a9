/** The transcript and the digest: known answers, and the ambiguities that must not exist. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { MODULUS } from '../../stark/field/koalaBear.ts';
import { digest } from '../../stark/hash/digest.ts';
import { compress } from '../../stark/hash/poseidon.ts';
import { createTranscript, LABEL, PROTOCOL_TAG, resumeTranscript, VERSION } from '../../stark/transcript.ts';
import { createRandom } from '../support/random.ts';

const SEED = 41;

type Step = { readonly label: number; readonly state: readonly number[] } & (
  | { readonly kind: 'absorb'; readonly words: readonly number[] }
  | { readonly kind: 'squeeze' }
  | { readonly kind: 'grind'; readonly bits: number; readonly nonce: number; readonly isAccepted: boolean }
);

interface Vectors {
  readonly leastNonceOfFirstGrind: number;
  readonly steps: readonly Step[];
  readonly digests: readonly { label: number; words: readonly number[]; digest: readonly number[] }[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/transcript.json', import.meta.url), 'utf8'),
) as Vectors;

test('known answers of a transcript', () => {
  const transcript = createTranscript();
  for (const [index, step] of vectors.steps.entries()) {
    const name = `step ${index}, ${step.kind}`;
    switch (step.kind) {
      case 'absorb':
        transcript.absorb(step.label, step.words);
        break;
      case 'squeeze':
        assert.deepEqual([...transcript.squeeze(step.label)], step.state, name);
        break;
      case 'grind':
        assert.equal(transcript.grind(step.label, step.bits, step.nonce), step.isAccepted, name);
        break;
    }
    assert.deepEqual([...transcript.state()], step.state, name);
  }
});

test('known answers of the digest', () => {
  for (const { label, words, digest: expected } of vectors.digests)
    assert.deepEqual([...digest(label, words)], expected, `label ${label}, ${words.length} words`);
});

test('labels are distinct and as the specification numbers them', () => {
  const numbers = Object.values(LABEL);
  assert.deepEqual(
    numbers.toSorted((left, right) => left - right),
    Array.from({ length: 25 }, (_, index) => index + 1),
  );
  assert.deepEqual([PROTOCOL_TAG, VERSION], [0x434c4e, 2]);
});

test('T10: a nonce is accepted at its own state, label and number of bits only', () => {
  const beforeGrind = vectors.steps.findIndex((step) => step.kind === 'grind') - 1;
  const state = Uint32Array.from(vectors.steps[beforeGrind]!.state);
  const nonce = vectors.leastNonceOfFirstGrind;
  assert.equal(resumeTranscript(state).grind(LABEL.LOGUP_GRIND, 6, nonce), true);
  for (let smaller = 0; smaller < nonce; smaller++)
    assert.equal(resumeTranscript(state).grind(LABEL.LOGUP_GRIND, 6, smaller), false, `nonce ${smaller}`);
  // Another site, another count of bits and another state each redraw the hash.
  const first = resumeTranscript(state);
  const states = [first, resumeTranscript(state), resumeTranscript(state), createTranscript()];
  states[0]!.grind(LABEL.LOGUP_GRIND, 6, nonce);
  states[1]!.grind(LABEL.DEEP_GRIND, 6, nonce);
  states[2]!.grind(LABEL.LOGUP_GRIND, 5, nonce);
  states[3]!.grind(LABEL.LOGUP_GRIND, 6, nonce);
  assert.equal(new Set(states.map((transcript) => transcript.state().join())).size, 4);
});

test('T11: a message and its zero-padded or split forms give different states', () => {
  const messages: number[][][] = [
    [[5, 7]],
    [[5, 7, 0]],
    [[5, 7, 0, 0, 0, 0, 0, 0]],
    [[5, 7, 0, 0, 0, 0, 0, 0, 0]],
    [[5], [7]],
    [[5, 7], []],
    [[], [5, 7]],
  ];
  const states = messages.map((parts) => {
    const transcript = createTranscript();
    for (const part of parts) transcript.absorb(LABEL.OPENINGS, part);
    return transcript.state().join();
  });
  assert.equal(new Set(states).size, messages.length);
  const digests = [[], [0], [0, 0], new Array(8).fill(0), new Array(9).fill(0)].map((words) =>
    digest(LABEL.KEY, words).join(),
  );
  assert.equal(new Set(digests).size, digests.length);
});

test('T12: a long message leaves no word of the state to its author', () => {
  // The state goes through the feed-forward compression with every block: setting a block never sets a state word.
  const states = Array.from({ length: 3 }, (_, value) => {
    const transcript = createTranscript();
    transcript.absorb(LABEL.OPENINGS, new Array(64).fill(value));
    return transcript.state();
  });
  for (let word = 0; word < 8; word++)
    assert.equal(new Set(states.map((state) => state[word])).size, 3, `word ${word}`);
});

test('a digest is no transcript state and depends on its label', () => {
  const transcript = createTranscript();
  transcript.absorb(LABEL.KEY, [1, 2, 3]);
  assert.notDeepEqual(transcript.state(), digest(LABEL.KEY, [1, 2, 3]));
  assert.notDeepEqual(digest(LABEL.MACHINE, [1, 2, 3]), digest(LABEL.PROFILE, [1, 2, 3]));
});

test('T14: all five words of extension challenges vary', () => {
  const random = createRandom(SEED);
  const seen = Array.from({ length: 5 }, () => new Set<number>());
  for (let round = 0; round < 64; round++) {
    const transcript = createTranscript();
    transcript.absorb(LABEL.KEY, random.words(8));
    for (const [word, value] of transcript.squeezeExtension(LABEL.ALPHA).entries()) {
      assert.ok(value < MODULUS);
      seen[word]!.add(value);
    }
  }
  for (const [word, values] of seen.entries()) assert.equal(values.size, 64, `word ${word}`);
});

test('a squeeze is one compression and moves the state', () => {
  const transcript = createTranscript();
  const before = transcript.state();
  const words = transcript.squeeze(LABEL.QUERY);
  assert.deepEqual(words, compress(before, Uint32Array.of(LABEL.QUERY, 2 ** 30, 0, 0, 0, 0, 0, 0)));
  assert.notDeepEqual(transcript.squeeze(LABEL.QUERY), words);
  // What is handed out is a copy.
  transcript.state().fill(0);
  assert.notDeepEqual(transcript.state(), new Uint32Array(8));
});

test('words and nonces that are not canonical are refused', () => {
  const transcript = createTranscript();
  for (const value of [MODULUS, 2 ** 32 - 1, -1, 0.5, Number.NaN]) {
    assert.throws(() => transcript.absorb(LABEL.KEY, [0, value]), RangeError, `${value}`);
    assert.throws(() => transcript.grind(LABEL.QUERY_GRIND, 4, value), RangeError, `${value}`);
  }
  for (const bits of [0, -1, 25, 32, 1.5])
    assert.throws(() => transcript.grind(LABEL.QUERY_GRIND, bits, 0), RangeError, `${bits} bits`);
  assert.throws(() => resumeTranscript(new Uint32Array(7)), RangeError);
});
