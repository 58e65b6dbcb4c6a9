/**
 * FRI folds on the device. Source: docs/spec/proof-system.md, section 9.
 */
import type { Extension } from '../stark/field/extension.ts';
import { inverse } from '../stark/field/koalaBear.ts';
import { createCodeword, type GpuCodeword, releaseCodeword } from './codeword.ts';
import type { ComputeDevice } from './device.ts';
import { KernelError } from './errors.ts';
import { toMontgomeryWords } from './montgomery.ts';

/** Largest fold that the shader's registers hold: 8 elements. */
const MAXIMUM_LOG_ARITY = 3;

/**
 * A new codeword: the source folded by 2^logArity at `beta`, plus beta^(2^logArity) * rollIn.
 * Throws: KernelError 'SHAPE_MISMATCH' on an arity or a roll-in that does not fit; 'OUT_OF_MEMORY'.
 */
export async function foldCodeword(
  device: ComputeDevice,
  source: GpuCodeword,
  logArity: number,
  beta: Extension,
  rollIn: GpuCodeword | undefined,
): Promise<GpuCodeword> {
  const length = source.length / 2 ** logArity;
  if (logArity < 1 || logArity > MAXIMUM_LOG_ARITY || length < 1) {
    throw new KernelError('SHAPE_MISMATCH', `a fold of ${source.length} elements by 2^${logArity}`);
  }
  if (rollIn && rollIn.length !== length) {
    throw new KernelError('SHAPE_MISMATCH', 'a codeword is rolled in at its own length', {
      expected: length,
      got: rollIn.length,
    });
  }
  const kernel = await device.pipelines.kernel({ shader: 'fold', workgroupSize: 64 });
  const target = await createCodeword(device, length, 'folded');
  const count = source.chunkLength / 2 ** logArity;
  try {
    for (const [place, chunk] of source.chunks.entries()) {
      const firstLeaf = place * count;
      const targetChunk = Math.floor(firstLeaf / target.chunkLength);
      const folded = target.chunks[targetChunk];
      if (!folded) throw new RangeError(`no position ${firstLeaf} in a codeword of ${length}`);
      await device.queue.dispatch({
        kernel,
        bindings: { source: chunk, rollIn: rollIn?.chunks[targetChunk] ?? chunk, folded },
        params: {
          sourceLength: source.chunkLength,
          targetLength: target.chunkLength,
          targetStart: firstLeaf % target.chunkLength,
          firstLeaf,
          logArity,
          hasRollIn: rollIn ? 1 : 0,
          beta: toMontgomeryWords(beta),
          inverseArity: toMontgomeryWords([inverse(2 ** logArity)])[0] ?? 0,
        },
        count,
        work: 2 ** logArity,
      });
    }
  } catch (error) {
    releaseCodeword(device, target);
    throw error;
  }
  return target;
}
