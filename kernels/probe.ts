/**
 * Run as a process of its own by kernels/adapter.ts: opens the device that the environment offers, multiplies one field
 * element on it, and prints the adapter's name as one line of JSON. Any failure ends it with a non-zero status.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

try {
  // Here, so that a C library that is too old for the device's module is a reason like any other.
  const { openDevice } = await import('./device.ts');
  const { readCanonical, writeCanonical } = await import('./matrix.ts');
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
  const reason = error instanceof Error ? error.message : String(error);
  console.log(JSON.stringify({ reason: driverFault() ?? reason }));
  process.exit(1);
}

/** Why the drivers that were chosen cannot be loaded at all, which Vulkan does not say: a folder that is mounted noexec. */
function driverFault(): string | undefined {
  for (const file of (process.env['VK_DRIVER_FILES'] ?? '').split(':').filter(Boolean)) {
    try {
      const { ICD } = JSON.parse(readFileSync(file, 'utf8')) as {
        readonly ICD: { readonly library_path: string };
      };
      // A bare name is looked up by the loader.
      if (!ICD.library_path.includes('/')) continue;
      process.dlopen({ exports: {} }, resolve(dirname(file), ICD.library_path));
    } catch (error) {
      const message = error instanceof Error ? error.message : '';
      if (message.includes('failed to map segment'))
        return `the driver's folder is mounted noexec: ${message}; XDG_CACHE_HOME names another cache folder`;
    }
  }
  return undefined;
}
