/** A request in pieces: it arrives as it was, in the order of its columns, whatever their lengths. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { prepareHandOver, receiveHandOver } from '../../kernels/process/handOver.ts';
import type { ProveRequest } from '../../kernels/process/protocol.ts';

const counted = (words: number, first: number): Uint32Array =>
  Uint32Array.from({ length: words }, (_, word) => first + word);

describe('a hand-over', () => {
  it('arrives as it was', () => {
    const piece = 2 ** 20;
    const request: ProveRequest = {
      systemName: 'system',
      profileName: 'profile',
      preprocessed: [undefined, { logHeight: 3, columns: [counted(8, 5)] }],
      traces: [
        { logHeight: 21, columns: [counted(2 * piece, 1), counted(piece + 1, 7)] },
        undefined,
        { logHeight: 0, columns: [counted(0, 0), counted(1, 9), counted(0, 0)] },
        { logHeight: 20, columns: [counted(piece, 3), counted(piece - 1, 4)] },
      ],
      statement: counted(8, 1),
    };
    const { outline, bytes, pieces } = prepareHandOver(request);
    const words = 8 + 2 * piece + piece + 1 + 1 + piece + piece - 1;
    assert.equal(bytes, 4 * words);
    const arrival = receiveHandOver(structuredClone(outline));
    for (const part of pieces()) {
      assert.equal(arrival.isComplete(), false);
      assert.ok(part.length > 0 && part.length <= piece);
      arrival.take(part);
    }
    assert.equal(arrival.isComplete(), true);
    assert.deepEqual(arrival.request, request);
    assert.throws(() => arrival.take(counted(1, 0)), RangeError);
  });

  it('is complete at once without columns', () => {
    const request = {
      systemName: '',
      profileName: '',
      preprocessed: [],
      traces: [],
      statement: counted(8, 0),
    };
    const { outline, pieces } = prepareHandOver(request);
    assert.deepEqual([...pieces()], []);
    assert.equal(receiveHandOver(outline).isComplete(), true);
  });
});
