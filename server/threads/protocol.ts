/** What the event loop and a thread say to each other. */

export interface ThreadCall {
  readonly id: number;
  readonly method: string;
  readonly task: unknown;
}

export type ThreadAnswer =
  | { readonly id: number; readonly value: unknown }
  /** The stack of an error that the thread did not expect. */
  | { readonly id: number; readonly error: string };

/** The methods that a thread serves: a value in, a value out, both structured-cloneable. */
export type ThreadMethods = Readonly<Record<string, (task: never) => unknown>>;
