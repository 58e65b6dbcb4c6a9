/** Whether an answer is one that the table of routes promises. */
import assert from 'node:assert/strict';
import {
  COMMON_PROBLEMS,
  ROUTES,
  type RouteAnswer,
  type RouteDefinition,
  type RouteName,
} from '../../server/api/routes.ts';
import { problemSchema } from '../../server/api/schemas.ts';
import { PROBLEM_CONTENT_TYPE, PROBLEMS, type ProblemCode } from '../../server/problems.ts';

export interface SomeAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** The answer's status as text, or the code of its problem. */
export function assertContract(name: RouteName, { statusCode, headers, body }: SomeAnswer): string {
  const route: RouteDefinition = ROUTES[name];
  const what = `${name}: ${statusCode} ${body.slice(0, 500)}`;
  const answers: Readonly<Record<number, RouteAnswer>> = route.answers;
  const answer = answers[statusCode];
  if (answer !== undefined) {
    if (statusCode === 304) return '304';
    const type = String(headers['content-type']).replace('; charset=utf-8', '');
    assert.equal(type, answer.contentType.replace('; charset=utf-8', ''), what);
    // Every field that is sent stands in the schema, at every depth.
    if (answer.schema !== undefined)
      assert.deepEqual(answer.schema.parse(JSON.parse(body)), JSON.parse(body), what);
    for (const header of Object.keys(answer.headers ?? {}))
      assert.ok(header in headers, `${what}: ${header}`);
    return String(statusCode);
  }
  assert.equal(headers['content-type'], PROBLEM_CONTENT_TYPE, what);
  const problem = problemSchema.parse(JSON.parse(body));
  const code = problem.code as ProblemCode;
  assert.ok([...COMMON_PROBLEMS, ...route.problems].includes(code), what);
  assert.equal(problem.status, statusCode, what);
  assert.equal(PROBLEMS[code].status, statusCode, what);
  assert.equal(problem.title, PROBLEMS[code].title, what);
  assert.equal(problem.type, `urn:colonnade:problem:${code}`, what);
  assert.match(problem.traceId, /^[0-9a-f]{32}$/);
  if (statusCode === 429 || statusCode === 503) assert.ok(Number(headers['retry-after']) >= 1, what);
  return code;
}

/** The outcomes that the table promises for these routes, as 'route outcome', but for those that were seen. */
export function unseenOutcomes(names: readonly RouteName[], seen: ReadonlySet<string>): string[] {
  return names.flatMap((name) => {
    const { answers, problems }: RouteDefinition = ROUTES[name];
    // A body that is late ends the connection below HTTP's routes.
    const promised = [...Object.keys(answers), ...problems].filter(
      (outcome) => outcome !== 'request-timeout',
    );
    return promised.map((outcome) => `${name} ${outcome}`).filter((outcome) => !seen.has(outcome));
  });
}
