/** The preprocessed columns of the program table, in the order of the program bus. Source: docs/spec/machine.md, section Buses. */

export const PROGRAM_COLUMNS = ['pc', 'a', 'b', 'c', 'd', 'tag', 'flags'] as const;
