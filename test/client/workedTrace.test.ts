import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { storedColumnProof } from '../support/storedProofs.ts';
import { TRACE_FILE, workedTrace } from '../support/workedTrace.ts';

it('the worked trace is that of the golden column proof (else: node --import tsx test/support/workedTrace.ts)', () => {
  const text = readFileSync(TRACE_FILE, 'utf8');
  assert.equal(workedTrace(storedColumnProof()), text);
  // At the first index, the first layer holds F of the tallest height.
  const { atFirstIndex } = JSON.parse(text);
  const place = atFirstIndex.index % atFirstIndex.firstCoset.values.length;
  assert.deepEqual(atFirstIndex.firstCoset.values[place], atFirstIndex.deep[0].F);
});
