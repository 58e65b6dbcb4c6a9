/** Limits that follow from the memory, and a start that is refused when they add up to more. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { heapsOf, memoryFault, memoryMebibytes, memoryParts, settingsOfMemory } from '../../server/memory.ts';
import { parseSettings, type Settings } from '../../server/settings.ts';

const faultOf = (memory: number, flags: readonly string[] = []): string | undefined => {
  const settings: Settings = parseSettings(flags, {}, settingsOfMemory(memory));
  return memoryFault(memoryParts(settings, heapsOf(settings, memory), memory), memory);
};

describe('memory', () => {
  it('is that of the machine or its control group', () => {
    assert.ok(memoryMebibytes() > 100 && memoryMebibytes() < 2 ** 24);
  });

  it('gives limits that fit into it', () => {
    for (const gibibytes of [1.9, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64, 512])
      assert.equal(faultOf(gibibytes * 1024), undefined, `${gibibytes} GiB`);
    const { bodyMebibytes, queueMebibytes, retentionMebibytes, jsonLimitBytes } = parseSettings(
      [],
      {},
      settingsOfMemory(65536),
    );
    assert.deepEqual([bodyMebibytes, queueMebibytes, retentionMebibytes], [768, 1024, 512]);
    assert.equal(jsonLimitBytes, 8 * 2 ** 20);
  });

  it('that is too small for what is asked stops the start with the numbers', () => {
    assert.match(faultOf(512) ?? '', /add up to \d+ MiB and there are 512: process 256/);
    for (const flags of [
      ['--body-mebibytes', '4000'],
      ['--queue-mebibytes', '6000'],
      ['--retention-mebibytes', '6000'],
      ['--aggregation-mebibytes', '6000'],
      ['--aggregation-limit-bytes', String(256 * 2 ** 20), '--body-mebibytes', '256'],
      ['--json-limit-bytes', String(128 * 2 ** 20), '--body-mebibytes', '256'],
      ['--connection-limit', '65536'],
    ])
      assert.match(faultOf(8192, flags) ?? '', /add up to \d+ MiB and there are 8192/, flags.join(' '));
  });

  it('is not taken from what somebody set', () => {
    const settings = parseSettings(
      ['--queue-mebibytes', '7'],
      { COLONNADE_BODY_MEBIBYTES: '300' },
      settingsOfMemory(65536),
    );
    assert.deepEqual([settings.queueMebibytes, settings.bodyMebibytes], [7, 300]);
  });
});
