/** The extension table: arithmetic of extension elements in rows. Source: docs/spec/machine.md, section Calls. */
import type { CallTable } from '../callTable.ts';
import { extensionAir } from './air.ts';
import { executeExtension, type Tensors } from './execute.ts';
import { EXTENSION_TAG } from './tags.ts';
import { extensionRows, traceExtension } from './trace.ts';

export const extensionTable: CallTable = {
  air: extensionAir,
  tags: Object.values(EXTENSION_TAG),
  execute: (memory, call, state) => executeExtension(memory, call, state as Tensors),
  rowsOf: extensionRows,
  createState: (): Tensors => new Map(),
  trace: traceExtension,
};
