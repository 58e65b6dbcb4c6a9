/** The declarations of all tables of the machine; a new table adds a line. */
import type { TableDeclaration } from '../../support/tableDeclaration.ts';
import { cpuDeclaration } from './cpu.ts';
import { extensionDeclaration } from './extension.ts';
import { hashDeclaration } from './hash.ts';
import { memoryDeclaration } from './memory.ts';
import { programDeclaration } from './program.ts';
import { ramDeclaration } from './ram.ts';
import { rangeDeclaration } from './range.ts';
import { wordDeclaration } from './word.ts';
import { wordMultiplyDeclaration } from './wordMultiply.ts';

export const TABLE_DECLARATIONS: readonly TableDeclaration[] = [
  cpuDeclaration,
  programDeclaration,
  memoryDeclaration,
  rangeDeclaration,
  hashDeclaration,
  wordDeclaration,
  wordMultiplyDeclaration,
  ramDeclaration,
  extensionDeclaration,
];
