/** The programs of production. */
import type { ServedProgram, ServedPrograms } from './programs.ts';

const PROGRAMS: readonly ServedProgram[] = [];

export const SERVED_PROGRAMS: ServedPrograms = new Map(PROGRAMS.map((program) => [program.name, program]));
