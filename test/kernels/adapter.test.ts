import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseAdapterChoice, proverEnvironment } from '../../kernels/adapter.ts';
import { installSwiftshader, tarFiles } from '../../kernels/swiftshader.ts';

/** One ustar entry: header, content, padding. */
function entry(name: string, content: string, type = '0'): Buffer {
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write(type, 156);
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

describe('adapter choice', () => {
  it('refuses an unknown name', () => {
    assert.equal(parseAdapterChoice('lavapipe'), 'lavapipe');
    assert.throws(() => parseAdapterChoice('fast'), /auto, hardware, lavapipe, swiftshader, not fast/);
  });

  it('can be forced to SwiftShader, which the npm package always has', async () => {
    const { kind, environment, adapterName, rejected } = await proverEnvironment('swiftshader');
    assert.equal(kind, 'swiftshader');
    assert.match(adapterName, /SwiftShader.*software$/);
    assert.match(environment['VK_DRIVER_FILES'] ?? '', /vk_swiftshader_icd\.json$/);
    assert.deepEqual(rejected, []);
  });

  it('names a reason for every kind that it passes over', async () => {
    const { kind, rejected } = await proverEnvironment('auto');
    const order = ['hardware', 'lavapipe', 'swiftshader'];
    assert.deepEqual(
      rejected.map((passed) => passed.kind),
      order.slice(0, order.indexOf(kind)),
    );
    for (const { reason } of rejected) assert.ok(reason.length > 0);
  });
});

describe('SwiftShader', () => {
  it('is unpacked once into a folder that only its user can write', () => {
    const { folder } = installSwiftshader();
    assert.deepEqual(readdirSync(folder).sort(), [
      'libvk_swiftshader.so',
      'libvulkan.so.1',
      'vk_swiftshader_icd.json',
    ]);
    const { mode, ino } = statSync(folder);
    assert.equal(mode & 0o022, 0);
    assert.equal(statSync(installSwiftshader().folder).ino, ino);
  });

  it('comes out of a tar archive, whose folders and links are skipped', () => {
    const archive = Buffer.concat([
      entry('folder/', '', '5'),
      entry('first', 'a'.repeat(700)),
      entry('link', '', '2'),
      entry('empty', ''),
      entry('last', 'z'),
      Buffer.alloc(1024),
    ]);
    assert.deepEqual(
      [...tarFiles(archive)].map(({ name, content }) => [name, content.length]),
      [
        ['first', 700],
        ['empty', 0],
        ['last', 1],
      ],
    );
    const damaged = entry('first', 'a');
    damaged.write('not a number', 124);
    assert.throws(() => [...tarFiles(damaged)], { code: 'NO_ADAPTER' });
  });
});
