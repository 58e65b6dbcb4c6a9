/**
 * Proof of work on the device: the least nonce, searched in ascending batches. Source: docs/spec/proof-system.md, section 2.
 */
import { MODULUS } from '../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../stark/hash/poseidon.ts';
import { GRIND_MARK, MAXIMUM_GRIND_BITS } from '../stark/transcript.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { toMontgomeryWords } from './montgomery.ts';

const WORKGROUP_SIZE = 64;
/** Least batch: enough to occupy a GPU. Performance only. */
const LEAST_BATCH = 2 ** 14;
/** A small site's batch has four times the expected nonces, so that 98 of 100 read back once. Nonces past the least are not hashed. */
const LOG_BATCH = 2;
/**
 * Most nonces of a batch, some hundredth of a second on the adapters of the kind: a cancelled job stops between two batches, and what
 * is submitted in vain stays small beside what the site costs.
 */
const MOST_BATCH = { software: 2 ** 17, hardware: 2 ** 22 } as const;
/** Nonces of an invocation: many where a driver's loop skips them one by one, one where all run at once. Performance only. */
const ROUNDS = { software: 16, hardware: 1 } as const;

const NOT_FOUND = 0xffffffff;

const kindOf = (device: ComputeDevice): 'software' | 'hardware' =>
  device.adapter.isSoftware ? 'software' : 'hardware';

/** Nonces of one invocation of the kernel. */
export function grindRounds(device: ComputeDevice): number {
  return ROUNDS[kindOf(device)];
}

/**
 * The least nonce for which `grind(label, bits, nonce)` of a transcript in `state` (8 canonical words) succeeds. Expected
 * nonces: 2^bits; of 24 bits there is none among the p possible ones with a chance of 2^-183.
 * Throws: KernelError 'SHAPE_MISMATCH' on a state or bits out of range; 'STATUS' when no nonce exists; 'ABORTED'.
 */
export async function grindNonce(
  device: ComputeDevice,
  state: Uint32Array,
  label: number,
  bits: number,
): Promise<number> {
  if (state.length !== DIGEST_WORDS || !Number.isInteger(bits) || bits < 1 || bits > MAXIMUM_GRIND_BITS) {
    throw new KernelError('SHAPE_MISMATCH', `a grind of ${bits} bits on a state of ${state.length} words`);
  }
  const kernel = await device.pipelines.kernel({ shader: 'grind', workgroupSize: WORKGROUP_SIZE });
  const header = toMontgomeryWords([...state, label, GRIND_MARK + bits]);
  const batch = Math.min(Math.max(LEAST_BATCH, 2 ** (bits + LOG_BATCH)), MOST_BATCH[kindOf(device)]);
  const rounds = grindRounds(device);
  const least = await device.arena.acquire(4, 'grind.least');
  try {
    await device.queue.write(least, 0, Uint32Array.of(NOT_FOUND));
    for (let firstNonce = 0; firstNonce < MODULUS; firstNonce += batch) {
      await device.queue.dispatch({
        kernel,
        bindings: { least },
        params: { firstNonce, mask: 2 ** bits - 1, rounds, header },
        // The last batch may pass the modulus, where the shader stops.
        count: batch / rounds,
        work: rounds,
      });
      const [nonce] = await device.queue.read(least, 0, 1);
      if (nonce !== undefined && nonce !== NOT_FOUND) return nonce;
    }
  } finally {
    device.arena.release(least);
  }
  throw new KernelError('STATUS', `no nonce of ${bits} bits exists`);
}
