/**
 * Run as a process of its own by kernels/adapter.ts: opens the device that the environment offers, multiplies one field
 * element on it, and prints the adapter's name as one line of JSON. Any failure ends it with a non-zero status.
 */
import { openDevice } from './device.ts';
import { readCanonical, writeCanonical } from './matrix.ts';

try {
  const device = await openDevice({ robustness: 'off' });
  const buffer = await device.arena.acquire(256, 'probe');
  await writeCanonical(device, buffer, Uint32Array.of(0x7f000000, 12345, 0));
  const words = await readCanonical(device, buffer, 3);
  if (words[0] !== 0x7f000000 || words[1] !== 12345 || words[2] !== 0) {
    throw new Error(`the adapter computes wrong words: ${words.join(' ')}`);
  }
  console.log(JSON.stringify({ name: device.adapter.name, isSoftware: device.adapter.isSoftware }));
  device.close();
  process.exit(0);
} catch (error) {
  console.log(JSON.stringify({ reason: error instanceof Error ? error.message : String(error) }));
  process.exit(1);
}
