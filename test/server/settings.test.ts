/** Settings: flags before environment, nothing coerced, anything unknown stops the start. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseSettings, SettingsError } from '../../server/settings.ts';

describe('settings', () => {
  it('binds to loopback and chooses the adapter by itself', () => {
    const { host, port, adapter } = parseSettings([], {});
    assert.deepEqual([host, port, adapter], ['127.0.0.1', 8080, 'auto']);
  });

  it('takes flags before the environment', () => {
    const environment = { COLONNADE_PORT: '1', COLONNADE_QUEUE_LIMIT: '7', PATH: '/bin' };
    const { port, queueLimit } = parseSettings(['--port', '0'], environment);
    assert.deepEqual([port, queueLimit], [0, 7]);
  });

  const REFUSED: readonly [string[], Record<string, string>, RegExp][] = [
    [['--port', '65536'], {}, /port/],
    [['--port', '-1'], {}, /port/],
    [['--port', '1.5'], {}, /port: a whole number/],
    [['--port', ''], {}, /port/],
    [['--body-mebibytes', '255'], {}, /body-mebibytes: less than/],
    [['--adapter', 'cpu'], {}, /adapter/],
    [['--queue-limit', '0'], {}, /queue-limit/],
    [['--no-such', '1'], {}, /no-such/],
    [['stray'], {}, /stray/],
    [[], { COLONNADE_PROT: '1' }, /COLONNADE_PROT/],
  ];
  for (const [flags, environment, message] of REFUSED) {
    it(`refuses ${JSON.stringify(flags)} ${JSON.stringify(environment)}`, () => {
      assert.throws(
        () => parseSettings(flags, environment),
        (error) => error instanceof SettingsError && message.test(error.message),
      );
    });
  }
});
