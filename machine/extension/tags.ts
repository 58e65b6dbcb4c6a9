/**
 * Tags of the calls that the extension table serves, out of the range 8..15 that docs/spec/machine.md reserves for it.
 * They stand here until the table is a part of the machine; then they join TAG in machine/instruction.ts.
 */
export const EXTENSION_TAG = {
  MADD: 8,
  MADD_BASE: 9,
  DOT8: 10,
  EVAL8: 11,
  FOLD8: 12,
  UNPACK8: 13,
  COMBINE8: 14,
} as const;
