/**
 * What the prover process does with a request: key, proof, measures. The commitment to a program's preprocessed columns
 * is kept on the device for the next request with the same columns.
 */
import { createHash } from 'node:crypto';
import { createWgslBackend, type WgslBackend } from '../../kernels/backend.ts';
import type { ComputeDevice } from '../../kernels/device.ts';
import { KernelError } from '../../kernels/errors.ts';
import type { ProverService } from '../../kernels/process/child.ts';
import type { ProveRequest } from '../../kernels/process/protocol.ts';
import { warmUp } from '../../kernels/warmUp.ts';
import type { AirSystem } from '../../stark/air/air.ts';
import { generateKey, type ProvingKey, releaseKey } from '../../stark/keys.ts';
import type { Profile } from '../../stark/profile.ts';
import type { LogHeights } from '../../stark/proof/shape.ts';
import { prove } from '../../stark/prover.ts';

/** Keys that stay on the device; the least recently used one goes first. */
const KEPT_KEYS = 4;

export interface ProverServiceOptions {
  readonly systems: readonly AirSystem[];
  readonly profiles: readonly Profile[];
}

/** Throws from `prove`: RangeError on an unknown name, KeyError, ProverError, KernelError. */
export function createProverService({ systems, profiles }: ProverServiceOptions): ProverService {
  const keys = new Map<string, ProvingKey>();
  let backend: WgslBackend | undefined;

  async function keyOf(on: WgslBackend, request: ProveRequest): Promise<ProvingKey> {
    const name = keyName(request);
    let key = keys.get(name);
    keys.delete(name);
    if (!key) {
      for (const [oldest, old] of keys) {
        if (keys.size < KEPT_KEYS) break;
        keys.delete(oldest);
        releaseKey(on, old);
      }
      const system = named(systems, request.systemName, 'AIR system');
      const profile = named(profiles, request.profileName, 'profile');
      key = await generateKey(on, system, profile, request.preprocessed);
    }
    keys.set(name, key);
    return key;
  }

  /** Refuses a proof that does not fit even when no other key is kept. Throws: KernelError 'OUT_OF_MEMORY'. */
  async function makeRoom(
    on: WgslBackend,
    request: ProveRequest,
    system: AirSystem,
    profile: Profile,
    logHeights: LogHeights,
  ): Promise<void> {
    const name = keyName(request);
    for (;;) {
      try {
        await on.requireMemory(system, profile, logHeights, keys.has(name) ? 'onDevice' : 'toBeMade');
        return;
      } catch (error) {
        const other = [...keys].find(([known]) => known !== name);
        if (!(error instanceof KernelError && error.code === 'OUT_OF_MEMORY') || !other) throw error;
        keys.delete(other[0]);
        releaseKey(on, other[1]);
      }
    }
  }

  function backendOf(device: ComputeDevice): WgslBackend {
    backend ??= createWgslBackend(device);
    return backend;
  }

  return {
    async prepare(device) {
      for (const { tables } of systems) {
        await backendOf(device).prepare(tables);
        await warmUp(backendOf(device), tables);
      }
    },

    async prove(device, request, signal, onProgress) {
      const started = performance.now();
      const busyBefore = device.queue.statistics.busySeconds;
      const on = backendOf(device);
      const system = named(systems, request.systemName, 'AIR system');
      const profile = named(profiles, request.profileName, 'profile');
      await makeRoom(
        on,
        request,
        system,
        profile,
        request.traces.map((trace) => trace?.logHeight),
      );
      const stageSeconds: Record<string, number> = {};
      const key = await keyOf(on, request);
      stageSeconds['key'] = (performance.now() - started) / 1000;
      const proof = await prove(on, key, request.statement, request.traces, {
        signal,
        onProgress(event) {
          stageSeconds[event.stage] = (stageSeconds[event.stage] ?? 0) + event.seconds;
          onProgress(event);
        },
      });
      const { preprocessedLogHeights, preprocessedCap } = key.verifyingKey;
      return {
        proof,
        preprocessedLogHeights,
        preprocessedCap,
        adapterName: device.adapter.name,
        stageSeconds,
        totalSeconds: (performance.now() - started) / 1000,
        deviceSeconds: device.queue.statistics.busySeconds - busyBefore,
        peakDeviceBytes: device.arena.gauge().peakBytes,
        longestSubmissionMs: device.queue.statistics.longestSubmissionMs,
      };
    },
  };
}

function keyName({ systemName, profileName, preprocessed }: ProveRequest): string {
  const hash = createHash('sha256');
  for (const trace of preprocessed) {
    hash.update(`${trace?.logHeight ?? 'none'};`);
    for (const column of trace?.columns ?? []) {
      hash.update(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
    }
  }
  return `${systemName} ${profileName} ${hash.digest('hex')}`;
}

function named<Entry extends { readonly name: string }>(
  entries: readonly Entry[],
  name: string,
  what: string,
): Entry {
  const entry = entries.find((known) => known.name === name);
  if (!entry) throw new RangeError(`the prover knows no ${what} ${name}`);
  return entry;
}
