import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeAdapter } from '../../kernels/device.ts';
import { KernelError } from '../../kernels/errors.ts';
import { parseInterface } from '../../kernels/shaderModule.ts';
import { openTestDevice } from '../support/gpu.ts';

describe('device', () => {
  it('names its adapter and says when it is software', async () => {
    const device = await openTestDevice();
    assert.ok(device.adapter.name.length > 0);
    assert.equal(device.adapter.isSoftware, /, software$/.test(device.adapter.name));
    const hardware = describeAdapter({
      vendor: 'nvidia',
      architecture: 'hopper',
      device: 'NVIDIA H200',
      description: 'NVIDIA: 580.65.06',
      isFallbackAdapter: false,
    } as GPUAdapterInfo);
    assert.equal(hardware.name, 'NVIDIA H200 (NVIDIA: 580.65.06)');
    assert.equal(hardware.isSoftware, false);
  });

  it('honours a forced binding limit', async () => {
    const device = await openTestDevice({ bindingLimit: 1 << 20 });
    assert.equal(device.limits.bindingBytes, 1 << 20);
  });

  it('reports a lost device with a type, in every operation', async () => {
    const device = await openTestDevice();
    const buffer = await device.arena.acquire(256, 'words');
    device.gpu.destroy();
    assert.match(await device.lost, /destroyed/);
    await assert.rejects(device.queue.read(buffer, 0, 4), { code: 'DEVICE_LOST' });
    await assert.rejects(device.queue.idle(), { code: 'DEVICE_LOST' });
    await assert.rejects(device.arena.acquire(256, 'more'), { code: 'DEVICE_LOST' });
    await assert.rejects(async () => device.pipelines.kernel({ shader: 'toMontgomeryWords' }), {
      code: 'DEVICE_LOST',
    });
  });

  it('reports a device that is lost with work in flight', async () => {
    for (const operation of ['idle', 'read'] as const) {
      const device = await openTestDevice();
      const kernel = await device.pipelines.kernel({ shader: 'toMontgomeryWords' });
      const buffer = await device.arena.acquire(1 << 22, 'words');
      for (let round = 0; round < 4; round++) {
        await device.queue.dispatch({ kernel, bindings: { words: buffer }, count: 1 << 20 });
      }
      const pending = operation === 'idle' ? device.queue.idle() : device.queue.read(buffer, 0, 4);
      device.gpu.destroy();
      await assert.rejects(pending, { code: 'DEVICE_LOST' }, operation);
      await assert.rejects(device.queue.idle(), { code: 'DEVICE_LOST' }, operation);
    }
  });

  it('reports refused shaders with a type', async () => {
    const device = await openTestDevice();
    const source = `override workgroupSize: u32;
      struct Params { start: u32, end: u32 }
      @group(0) @binding(0) var<uniform> params: Params;
      @compute @workgroup_size(workgroupSize) fn broken() { let x: u32 = 1.5; }`;
    // With the compiler's words, the place, and the line of the source after its imports.
    await assert.rejects(device.pipelines.kernel({ shader: 'broken', source }), (error) => {
      assert.ok(error instanceof KernelError);
      assert.equal(error.code, 'VALIDATION');
      assert.match(
        error.message,
        /broken\.wgsl:4:\d+: error: .*u32[\s\S]*fn broken\(\) \{ let x: u32 = 1\.5; \}/,
      );
      return true;
    });
    // The device is still usable.
    await device.pipelines.kernel({ shader: 'toMontgomeryWords' });
  });
});

describe('arena', () => {
  it('reuses buffers and counts bytes', async () => {
    const { arena } = await openTestDevice({ byteBudget: 4096 });
    const first = await arena.acquire(1000, 'first');
    assert.equal(arena.gauge().usedBytes, 1024);
    arena.release(first);
    assert.deepEqual(arena.gauge(), {
      usedBytes: 0,
      idleBytes: 1024,
      peakBytes: 1024,
      peakUsedBytes: 1024,
      budgetBytes: 4096,
    });
    const again = await arena.acquire(1001, 'again');
    assert.equal(again, first);
    assert.throws(() => {
      arena.release(again);
      arena.release(again);
    }, /not held/);
  });

  it('refuses bytes beyond the budget with the numbers, and trims idle buffers first', async () => {
    const { arena } = await openTestDevice({ byteBudget: 4096 });
    const first = await arena.acquire(3072, 'first');
    await assert.rejects(arena.acquire(2048, 'second'), {
      code: 'OUT_OF_MEMORY',
      details: { wantedBytes: 2048, usedBytes: 3072, budgetBytes: 4096 },
    });
    arena.release(first);
    await arena.acquire(2048, 'second');
    assert.equal(arena.gauge().idleBytes, 0);
  });

  it('refuses a buffer larger than the device allows', async () => {
    const { arena, limits } = await openTestDevice();
    await assert.rejects(arena.acquire(limits.bufferBytes + 4096, 'huge'), { code: 'LIMIT_EXCEEDED' });
  });
});

describe('queue', () => {
  it('splits a dispatch into short submissions and keeps the order', async () => {
    const device = await openTestDevice({ submissionMs: 30 });
    const words = 1 << 20;
    const buffer = await device.arena.acquire(4 * words, 'words');
    const expected = Uint32Array.from({ length: words }, (_, index) => index);
    await device.queue.write(buffer, 0, expected);
    const toMontgomery = await device.pipelines.kernel({ shader: 'toMontgomeryWords', workgroupSize: 64 });
    const fromMontgomery = await device.pipelines.kernel({
      shader: 'fromMontgomeryWords',
      workgroupSize: 64,
    });
    for (let round = 0; round < 2; round++) {
      for (const kernel of [toMontgomery, fromMontgomery]) {
        await device.queue.dispatch({ kernel, bindings: { words: buffer }, params: {}, count: words });
      }
    }
    assert.deepEqual(await device.queue.read(buffer, 0, words), expected);
    assert.ok(device.queue.statistics.submissions > 4);
    assert.ok((device.queue.nanosecondsPerWork.get('toMontgomeryWords') ?? 0) > 0);
  });

  it('runs an awkward number of elements, one below, at and above a workgroup', async () => {
    const device = await openTestDevice();
    for (const workgroupSize of [1, 32, 64, 256]) {
      const kernel = await device.pipelines.kernel({ shader: 'toMontgomeryWords', workgroupSize });
      for (const count of [1, workgroupSize - 1, workgroupSize, workgroupSize + 1, 1021]) {
        const buffer = await device.arena.acquire(4 * 1024, 'words');
        await device.queue.write(buffer, 0, new Uint32Array(1024).fill(1));
        await device.queue.dispatch({ kernel, bindings: { words: buffer }, params: {}, count });
        const words = await device.queue.read(buffer, 0, 1024);
        const message = `${count} elements, workgroup ${workgroupSize}`;
        assert.equal(words.lastIndexOf(0x01fffffe), count - 1, message);
        assert.equal(words.filter((word) => word === 1).length, 1024 - count, message);
        device.arena.release(buffer);
      }
    }
  });

  it('folds more workgroups than one dimension holds', async () => {
    const device = await openTestDevice();
    const kernel = await device.pipelines.kernel({ shader: 'toMontgomeryWords', workgroupSize: 1 });
    const words = 3 * 65535 + 7;
    const buffer = await device.arena.acquire(4 * (words + 1), 'words');
    await device.queue.write(buffer, 0, new Uint32Array(words + 1).fill(1));
    await device.queue.dispatch({ kernel, bindings: { words: buffer }, params: {}, count: words });
    const read = await device.queue.read(buffer, 0, words + 1);
    assert.equal(
      read.findIndex((word) => word !== 0x01fffffe),
      words,
    );
  });

  it('refuses wrong names, sizes and a write past the end', async () => {
    const device = await openTestDevice();
    const kernel = await device.pipelines.kernel({ shader: 'toMontgomeryWords' });
    const buffer = await device.arena.acquire(256, 'words');
    const refused = { code: 'SHAPE_MISMATCH' };
    await assert.rejects(device.queue.dispatch({ kernel, bindings: {}, count: 1 }), refused);
    await assert.rejects(
      device.queue.dispatch({ kernel, bindings: { words: buffer, other: buffer }, count: 1 }),
      refused,
    );
    await assert.rejects(
      device.queue.dispatch({ kernel, bindings: { words: buffer }, params: { rows: 1 }, count: 1 }),
      refused,
    );
    await assert.rejects(device.queue.dispatch({ kernel, bindings: { words: buffer }, count: 1.5 }), refused);
    await assert.rejects(device.queue.write(buffer, 60, new Uint32Array(5)), refused);
  });

  it('reports a refused command with a type and goes on', async () => {
    const device = await openTestDevice();
    const buffer = await device.arena.acquire(256, 'words');
    await device.queue.copy(buffer, 0, buffer, 1000, 8);
    await assert.rejects(device.queue.idle(), { code: 'VALIDATION' });
    assert.equal((await device.queue.read(buffer, 0, 4)).length, 4);
  });

  it('stops at an abort signal and works on afterwards', async () => {
    const device = await openTestDevice();
    const buffer = await device.arena.acquire(256, 'words');
    const abort = new AbortController();
    device.queue.setAbortSignal(abort.signal);
    abort.abort();
    await assert.rejects(device.queue.read(buffer, 0, 4), { code: 'ABORTED' });
    device.queue.setAbortSignal(undefined);
    assert.equal((await device.queue.read(buffer, 0, 4)).length, 4);
  });
});

describe('shader interface', () => {
  it('is read from the source', () => {
    const shape = parseInterface(
      'example',
      `struct Params { start: u32, end: u32, rows: u32, /// a challenge
         beta: array<vec4<u32>, 2>, last: u32 }
       @group(0) @binding(0) var<uniform> params: Params;
       @group(0) @binding(1) var<storage, read> columns: array<u32>;
       @group(0) @binding(3) var<storage, read_write> digests: array<u32>;`,
    );
    assert.deepEqual(
      shape.fields.map(({ name, offsetWords, words }) => [name, offsetWords, words]),
      [
        ['start', 0, 1],
        ['end', 1, 1],
        ['rows', 2, 1],
        ['beta', 4, 8],
        ['last', 12, 1],
      ],
    );
    assert.equal(shape.parameterWords, 16);
    assert.deepEqual(shape.bindings, [
      { name: 'columns', binding: 1, access: 'read' },
      { name: 'digests', binding: 3, access: 'read_write' },
    ]);
  });

  it('refuses params that do not fit into a dispatch', async () => {
    const source = (
      vectors: number,
    ): string => `struct Params { start: u32, end: u32, many: array<vec4<u32>, ${vectors}> }
      override workgroupSize: u32;
      @group(0) @binding(0) var<uniform> params: Params;
      @group(0) @binding(1) var<storage, read_write> words: array<u32>;
      @compute @workgroup_size(workgroupSize) fn long(@builtin(global_invocation_id) id: vec3<u32>) {
        if (params.start + id.x < params.end) { words[params.start + id.x] = params.many[${vectors - 1}u].w; }
      }`;
    const refused = { code: 'VALIDATION', details: { shader: 'generated/long', expected: 64, got: 68 } };
    assert.throws(() => parseInterface('generated/long', source(16)), refused);
    const device = await openTestDevice();
    await assert.rejects(device.pipelines.kernel({ shader: 'generated/long', source: source(16) }), refused);
    // The longest params arrive whole, in every slot.
    const kernel = await device.pipelines.kernel({ shader: 'generated/long', source: source(15) });
    const dispatches = 300;
    const buffer = await device.arena.acquire(4 * 64 * dispatches, 'words');
    for (let place = 0; place < dispatches; place++) {
      const many = new Uint32Array(60).fill(place, 59);
      const words = { buffer, offsetWords: 64 * place, words: 64 };
      await device.queue.dispatch({ kernel, bindings: { words }, params: { many }, count: 64 });
    }
    assert.deepEqual(
      await device.queue.read(buffer, 0, 64 * dispatches),
      Uint32Array.from({ length: 64 * dispatches }, (_, word) => Math.floor(word / 64)),
    );
  });

  it('refuses a shader without a range or with unknown types', () => {
    const uniform = '@group(0) @binding(0) var<uniform> params: Params;';
    for (const source of [
      `struct Params { rows: u32 } ${uniform}`,
      `struct Params { start: u32, end: u32, scale: f32 } ${uniform}`,
      'struct Params { start: u32, end: u32 }',
    ]) {
      assert.throws(() => parseInterface('example', source), { code: 'VALIDATION' });
    }
  });
});
