/**
 * Makes the stand-alone verifier: `npm run bundle:verifier [-- FILE]` writes one ES module without imports, by default dist/verifier.js.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The module's text. Throws: Error when it would import anything. */
export async function bundleVerifier(): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: [fileURLToPath(new URL('./verifierBundle.ts', import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    // Neither Node's modules nor a browser's are there to be imported.
    platform: 'neutral',
    target: 'es2023',
    minify: true,
    legalComments: 'none',
    banner: { js: '/* Colonnade: stand-alone verifier. verify(keysJson, fileBytes); Apache-2.0. */' },
  });
  const [output] = Object.values(metafile.outputs);
  const [file] = outputFiles;
  if (file === undefined || output === undefined || output.imports.length > 0)
    throw new Error(`the verifier imports ${output?.imports.map(({ path }) => path).join(', ')}`);
  return file.text;
}

async function main(): Promise<void> {
  const { writeWhole } = await import('./files.ts');
  const target = process.argv[2] ?? fileURLToPath(new URL('../dist/verifier.js', import.meta.url));
  const text = await bundleVerifier();
  await writeWhole(target, text);
  process.stdout.write(`${target}: ${text.length.toLocaleString('en-US')} bytes\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
