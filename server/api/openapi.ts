/** The table of routes as an OpenAPI 3.1 document; its schemas are those that requests and answers pass. */
import { z } from 'zod';
import { PROBLEM_CONTENT_TYPE, PROBLEMS, type ProblemCode } from '../problems.ts';
import { COMMON_PROBLEMS, JSON_TYPE, ROUTES, type RouteAnswer, type RouteDefinition } from './routes.ts';
import {
  capabilitiesSchema,
  eventMessageSchema,
  eventSchema,
  jobSchema,
  measuresSchema,
  problemSchema,
} from './schemas.ts';

type Json = Record<string, unknown>;

/** Schemas that are written once and referred to. */
const COMPONENTS: Readonly<Record<string, z.ZodType>> = {
  Problem: problemSchema,
  Job: jobSchema,
  Measures: measuresSchema,
  Event: eventSchema,
  EventMessage: eventMessageSchema,
  Capabilities: capabilitiesSchema,
};

/** What goes in and what comes out may differ: a digest goes in as text. */
type Direction = 'input' | 'output';

function jsonSchema(schema: z.ZodType, io: Direction): Json {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return described;
}

function schemaOrReference(schema: z.ZodType, io: Direction): Json {
  const known = Object.entries(COMPONENTS).find(([, component]) => component === schema);
  return known === undefined ? jsonSchema(schema, io) : { $ref: `#/components/schemas/${known[0]}` };
}

function parametersOf({ params, query, headers }: RouteDefinition): Json[] {
  const places = [
    ['path', params],
    ['query', query],
    ['header', headers],
  ] as const;
  return places.flatMap(([place, schema]) => {
    if (schema === undefined) return [];
    const { properties = {}, required = [] } = jsonSchema(schema, 'input') as {
      properties?: Json;
      required?: string[];
    };
    return Object.entries(properties).map(([name, described]) => ({
      name,
      in: place,
      required: required.includes(name),
      schema: described,
    }));
  });
}

function contentOf(contentType: string, schema: z.ZodType | undefined, io: Direction): Json {
  const isJson = contentType === JSON_TYPE;
  return {
    [contentType]: {
      // Bytes have no schema in OpenAPI 3.1.
      ...(schema === undefined ? (isJson ? { schema: {} } : {}) : { schema: schemaOrReference(schema, io) }),
    },
  };
}

function responseOf({ description, contentType, schema, headers }: RouteAnswer, hasContent: boolean): Json {
  return {
    description,
    ...(headers === undefined
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, meaning]) => [
              name,
              { description: meaning, schema: { type: 'string' } },
            ]),
          ),
        }),
    ...(hasContent ? { content: contentOf(contentType, schema, 'output') } : {}),
  };
}

/** One response a status: several problems may share it. */
function problemResponses(codes: readonly ProblemCode[]): Json {
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of new Set(codes)) {
    const { status } = PROBLEMS[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, shared]) => [
      String(status),
      {
        description: shared.map((code) => `\`${code}\`: ${PROBLEMS[code].title}`).join('\n\n'),
        content: { [PROBLEM_CONTENT_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function operationOf(name: string, route: RouteDefinition): Json {
  const parameters = parametersOf(route);
  const answers = Object.entries(route.answers).map(([status, answer]) => [
    status,
    responseOf(answer, status !== '304'),
  ]);
  return {
    operationId: name,
    summary: route.summary,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.bodies === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: Object.assign(
              {},
              ...Object.entries(route.bodies).map(([contentType, { schema }]) =>
                contentOf(contentType, schema, 'input'),
              ),
            ) as Json,
          },
        }),
    responses: {
      ...Object.fromEntries(answers),
      ...(route.messages === undefined
        ? {}
        : { 101: { description: 'A WebSocket whose text messages are `x-websocket-message`.' } }),
      ...problemResponses([...COMMON_PROBLEMS, ...route.problems]),
    },
    ...(route.messages === undefined
      ? {}
      : { 'x-websocket-message': schemaOrReference(route.messages, 'output') }),
  };
}

export function openApiDocument(version: string): Json {
  const paths: Record<string, Json> = {};
  for (const [name, route] of Object.entries(ROUTES)) {
    const path = route.path.replace(/:([A-Za-z]+)/g, '{$1}');
    const operations = paths[path] ?? {};
    operations[route.method.toLowerCase()] = operationOf(name, route);
    paths[path] = operations;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Colonnade',
      version,
      description: 'A WebGPU proving service: execution columns in, post-quantum STARK proofs out.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(COMPONENTS).map(([name, schema]) => [name, jsonSchema(schema, 'output')]),
      ),
    },
  };
}
