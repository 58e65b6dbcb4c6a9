/** The columns of the ram table: one row is one access. Source: docs/spec/machine.md, section Read-write memory. */

export const RAM_COLUMNS = [
  'isInitialise',
  'isRead',
  'isWrite',
  'isFinalise',
  'segment',
  'index',
  'value',
  'clk',
  // The access before this one to the same cell; unused on an initialisation.
  'previousValue',
  'previousClk',
  // clk - previousClk - 1 = low + 2^16 * high, high below 2^8.
  'low',
  'high',
] as const;

export type RamColumn = (typeof RAM_COLUMNS)[number];
