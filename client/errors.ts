/** Why a file, a set of keys or a service's answer is not used: a code and a sentence each; codes are never reused. */
export const CLIENT_ERRORS = {
  FILE_TOO_LARGE: 'The file is larger than any of its kind; it was not read.',
  FILE_UNREADABLE: 'The file cannot be read.',
  FILE_UNWRITABLE: 'The file cannot be written.',
  NOT_A_PROOF_FILE: 'The file does not begin with the line of a proof file.',
  PROOF_FILE_VERSION: 'The proof file has another format version than this reader.',
  PROOF_LENGTH: 'The proof does not have the number of bytes that the first line names.',
  NOT_KEYS: 'The text is no JSON of published keys.',
  KEYS_VERSION: 'The published keys have another format version than this reader.',
  FIELD: 'A field does not have the form that is expected there.',
  MACHINE_DIFFERS: 'A published key is for another machine than the one this verifier knows.',
  PROFILE_DIFFERS: 'A published key is for a profile with other parameters than the one this verifier knows.',
  KEY_INCONSISTENT: 'A published key is not the one that its own digest names.',
  CONSTANT_KEY_MISMATCH:
    'A published program was built with another key than the one published beside it for the same program and profile.',
  DUPLICATE_KEY: 'Two published keys are for the same program and profile.',
  PARTITION_MISMATCH:
    'The inclusion list has a transaction in another column than the rule of the partition gives.',
  TOO_DEEP: 'A tree in the file is deeper than any that is proved.',
  TOO_MANY_ENTRIES: 'A tree in the file has more entries than any that is proved.',
} as const;

export type ClientErrorCode = keyof typeof CLIENT_ERRORS;
export type ClientErrorDetails = Readonly<Record<string, string | number>>;

/** Details name the field, what was expected or the limit, and what was got. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;
  readonly details: ClientErrorDetails;

  constructor(code: ClientErrorCode, details: ClientErrorDetails = {}) {
    super(`${code}: ${CLIENT_ERRORS[code]} ${JSON.stringify(details)}`);
    this.name = 'ClientError';
    this.code = code;
    this.details = details;
  }
}
