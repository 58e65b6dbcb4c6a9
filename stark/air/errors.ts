/** What can be wrong with an AIR's definition: codes are never reused. Source: docs/spec/proof-system.md, section 4. */

export const AIR_ERRORS = {
  DUPLICATE_COLUMN: 'two columns of a table have the same name',
  UNKNOWN_COLUMN: 'a table has no column of that name',
  DUPLICATE_LABEL: 'two constraints or interactions of a table have the same label',
  CONSTRAINT_DEGREE: 'a constraint has a degree above 3',
  INTERACTION_DEGREE: 'a multiplicity or a value of an interaction has a degree above 1',
  TRANSITION_POWER: 'the transition selector appears more than twice in a product, or in an interaction',
  CONSTANT_CONSTRAINT: 'a constraint reads no column',
  NEXT_COLUMNS_NOT_LEADING: 'the columns that are read on the next row do not stand first',
  NOT_CANONICAL: 'a constant is not an integer in 0..p-1',
  PUBLIC_INDEX: 'a public word outside the statement digest is read',
  MATRIX_SHAPE: 'a linear map and its inputs do not fit',
  FOREIGN_EXPRESSION: 'an expression of another table is used',
  HEIGHT_RANGE: 'the log heights of a table are not 2 <= minimum <= maximum <= 24',
  DUPLICATE_TABLE: 'two tables of a system have the same name',
  UNKNOWN_BUS: 'an interaction names a bus that the system does not have',
  TUPLE_WIDTH: 'an interaction has another number of values than its bus',
  MALFORMED:
    'a definition holds something else than the lists, names, flags and numbers that its digest is taken of',
  EVALUATION_INPUT: 'an evaluation got another number of values than its table has columns',
} as const;

export type AirErrorCode = keyof typeof AIR_ERRORS;

export class AirError extends Error {
  readonly code: AirErrorCode;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(code: AirErrorCode, details: Readonly<Record<string, string | number>>) {
    const told = Object.entries(details).map(([name, value]) => `${name} ${value}`);
    super(`${AIR_ERRORS[code]} (${told.join(', ')})`);
    this.name = 'AirError';
    this.code = code;
    this.details = details;
  }
}
