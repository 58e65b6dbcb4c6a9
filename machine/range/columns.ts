/** The columns of the range table; the value is read on the next row. Source: docs/spec/machine.md, section Tables. */

export const RANGE_COLUMNS = ['value', 'multiplicity'] as const;
