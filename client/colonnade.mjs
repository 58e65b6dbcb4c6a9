#!/usr/bin/env node
/** The command `colonnade`: TypeScript is run as it is, through tsx. */
import { register } from 'tsx/esm/api';

register();
const { main } = await import('./commandLine.ts');
const { surviveClosedPipes } = await import('./terminal.ts');
surviveClosedPipes();
process.exitCode = await main(process.argv.slice(2));
