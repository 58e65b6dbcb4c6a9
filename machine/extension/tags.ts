/** Tags of the calls that the extension table serves. Source: docs/spec/machine.md, section Calls. */
import { TAG } from '../instruction.ts';

export const EXTENSION_TAG = {
  MADD: TAG.MADD,
  MADD_BASE: TAG.MADD_BASE,
  DOT8: TAG.DOT8,
  EVAL8: TAG.EVAL8,
  FOLD8: TAG.FOLD8,
  UNPACK8: TAG.UNPACK8,
  COMBINE8: TAG.COMBINE8,
} as const;
