/** Requests of one moment, answered together: callers that do not wait for each other share a readback. */

/**
 * A function that collects the requests made before the current task ends and has them answered by one call, in their
 * order. All of them fail when that call does.
 */
export function answerTogether<Request, Answer>(
  answer: (requests: readonly Request[]) => Promise<readonly Answer[]>,
): (request: Request) => Promise<Answer> {
  interface Waiting {
    readonly request: Request;
    resolve(answer: Answer): void;
    reject(error: unknown): void;
  }
  let waiting: Waiting[] = [];

  async function answerAll(): Promise<void> {
    const members = waiting;
    waiting = [];
    try {
      const answers = await answer(members.map(({ request }) => request));
      for (const [place, { resolve }] of members.entries()) resolve(answers[place]!);
    } catch (error) {
      for (const { reject } of members) reject(error);
    }
  }

  return (request) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) queueMicrotask(() => void answerAll());
      waiting.push({ request, resolve, reject });
    });
}
