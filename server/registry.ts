/** The programs of production. */
import { COLUMN_PROGRAM } from './columnProgram.ts';
import type { ServedPrograms } from './programs.ts';

export const SERVED_PROGRAMS: ServedPrograms = new Map(
  [COLUMN_PROGRAM].map((program) => [program.name, program]),
);
