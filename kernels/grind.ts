/**
 * Proof of work on the device: the least nonce, searched in ascending batches. Source: docs/spec/proof-system.md, section 2.
 */
import { MODULUS } from '../stark/field/koalaBear.ts';
import { DIGEST_WORDS } from '../stark/hash/poseidon.ts';
import { GRIND_MARK, MAXIMUM_GRIND_BITS } from '../stark/transcript.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { toMontgomeryWords } from './montgomery.ts';

/** Least batch: enough to occupy a GPU. Performance only. */
const LEAST_BATCH = 2 ** 14;
const NOT_FOUND = 0xffffffff;

/**
 * The least nonce for which `grind(label, bits, nonce)` of a transcript in `state` (8 canonical words) succeeds.
 * Throws: KernelError 'SHAPE_MISMATCH' on a state or bits out of range; 'STATUS' when no nonce exists.
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
  const kernel = await device.pipelines.kernel({ shader: 'grind', workgroupSize: 64 });
  const header = toMontgomeryWords([...state, label, GRIND_MARK + bits]);
  const batch = Math.max(LEAST_BATCH, 2 ** (bits - 2));
  const least = await device.arena.acquire(4, 'grind.least');
  try {
    await device.queue.write(least, 0, Uint32Array.of(NOT_FOUND));
    for (let firstNonce = 0; firstNonce < MODULUS; firstNonce += batch) {
      await device.queue.dispatch({
        kernel,
        bindings: { least },
        params: { firstNonce, mask: 2 ** bits - 1, header },
        count: Math.min(batch, MODULUS - firstNonce),
      });
      const [nonce] = await device.queue.read(least, 0, 1);
      if (nonce !== undefined && nonce !== NOT_FOUND) return nonce;
    }
  } finally {
    device.arena.release(least);
  }
  throw new KernelError('STATUS', `no nonce of ${bits} bits exists`);
}
