/** What runs: version of the package and of Node. The commit comes from the settings. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const packageSchema = z.object({ version: z.string() });

const packageFile = new URL('../package.json', import.meta.url);

export const BUILD = {
  version: packageSchema.parse(JSON.parse(readFileSync(packageFile, 'utf8'))).version,
  node: process.versions.node,
} as const;
