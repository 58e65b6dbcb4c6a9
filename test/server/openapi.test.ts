/** The OpenAPI document: what OpenAPI 3.1 asks for, and every route and schema of the table. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openApiDocument } from '../../server/api/openapi.ts';
import { ROUTES } from '../../server/api/routes.ts';

type Json = Readonly<Record<string, unknown>>;

const METHODS = new Set(['get', 'post', 'delete']);
const TYPES = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);
/** Keywords of JSON Schema 2020-12 whose values are schemas, lists of schemas, and schemas by name. */
const SCHEMA_KEYWORDS = new Set(['items', 'additionalProperties', 'propertyNames', 'not']);
const SCHEMA_LIST_KEYWORDS = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems']);

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectAt(value: unknown, where: string): Json {
  assert.ok(isObject(value), `${where}: an object is expected, got ${JSON.stringify(value)}`);
  return value;
}

function checkSchema(schema: unknown, where: string, components: Json): void {
  if (typeof schema === 'boolean') return;
  const { $ref, type, required, properties, ...rest } = objectAt(schema, where);
  if ($ref !== undefined) {
    assert.match(String($ref), /^#\/components\/schemas\/[A-Za-z]+$/, where);
    assert.ok((String($ref).split('/').at(-1) as string) in components, `${where}: ${$ref}`);
  }
  for (const each of type === undefined ? [] : [type].flat())
    assert.ok(TYPES.has(String(each)), `${where}: type ${each}`);
  for (const [name, property] of Object.entries(objectAt(properties ?? {}, where)))
    checkSchema(property, `${where}.${name}`, components);
  if (required !== undefined) {
    assert.ok(Array.isArray(required), where);
    for (const name of required) assert.ok(String(name) in objectAt(properties, where), `${where}: ${name}`);
  }
  for (const [keyword, value] of Object.entries(rest)) {
    if (SCHEMA_KEYWORDS.has(keyword)) checkSchema(value, `${where}/${keyword}`, components);
    if (!SCHEMA_LIST_KEYWORDS.has(keyword)) continue;
    assert.ok(Array.isArray(value) && value.length > 0, `${where}/${keyword}`);
    for (const [index, each] of value.entries())
      checkSchema(each, `${where}/${keyword}/${index}`, components);
  }
}

function checkContent(content: unknown, where: string, components: Json): void {
  for (const [contentType, media] of Object.entries(objectAt(content, where))) {
    assert.match(contentType, /^[a-z]+\/[a-z0-9.+-]+(; .+)?$/, where);
    const { schema } = objectAt(media, where);
    if (schema !== undefined) checkSchema(schema, `${where} ${contentType}`, components);
  }
}

function checkOperation(path: string, operation: Json, components: Json): void {
  const where = String(operation['operationId']);
  assert.equal(typeof operation['summary'], 'string', where);
  const parameters = (operation['parameters'] ?? []) as Json[];
  const named = parameters.map(({ name, in: place }) => `${place} ${name}`);
  assert.equal(new Set(named).size, named.length, where);
  for (const { name, in: place, required, schema } of parameters) {
    assert.ok(['path', 'query', 'header'].includes(String(place)), where);
    if (place === 'path') assert.equal(required, true, `${where} ${name}`);
    checkSchema(schema, `${where} ${name}`, components);
  }
  const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => `path ${name}`);
  assert.deepEqual(
    named.filter((name) => name.startsWith('path ')),
    inPath,
    where,
  );
  const { requestBody } = operation;
  if (requestBody !== undefined)
    checkContent(objectAt(requestBody, where)['content'], `${where} body`, components);
  const responses = objectAt(operation['responses'], where);
  assert.ok(Object.keys(responses).length > 0, where);
  for (const [status, response] of Object.entries(responses)) {
    assert.match(status, /^[1-5]\d\d$/, where);
    const { description, content, headers } = objectAt(response, `${where} ${status}`);
    assert.ok(typeof description === 'string' && description.length > 0, `${where} ${status}`);
    if (content !== undefined) checkContent(content, `${where} ${status}`, components);
    for (const header of Object.values(objectAt(headers ?? {}, where)))
      checkSchema(objectAt(header, where)['schema'], `${where} ${status}`, components);
  }
}

describe('OpenAPI document', () => {
  const document = openApiDocument('1.2.3');
  const components = objectAt(objectAt(document['components'], 'components')['schemas'], 'schemas');
  const paths = objectAt(document['paths'], 'paths');

  it('is one of version 3.1', () => {
    assert.match(String(document['openapi']), /^3\.1\.\d+$/);
    const { title, version } = objectAt(document['info'], 'info');
    assert.deepEqual([typeof title, version], ['string', '1.2.3']);
    for (const [name, schema] of Object.entries(components)) checkSchema(schema, name, components);
    const operationIds: string[] = [];
    for (const [path, item] of Object.entries(paths)) {
      assert.match(path, /^\/[a-zA-Z0-9/{}._-]*$/);
      for (const [method, operation] of Object.entries(objectAt(item, path))) {
        assert.ok(METHODS.has(method), `${method} ${path}`);
        const described = objectAt(operation, path);
        operationIds.push(String(described['operationId']));
        checkOperation(path, described, components);
      }
    }
    assert.equal(new Set(operationIds).size, operationIds.length);
    assert.deepEqual(operationIds.sort(), Object.keys(ROUTES).sort());
  });

  it('can be sent as JSON without loss', () => {
    assert.deepEqual(JSON.parse(JSON.stringify(document)), document);
  });

  it('has both bounds wherever an answer has one', () => {
    let found = 0;
    const visit = (value: unknown): void => {
      if (Array.isArray(value)) for (const each of value) visit(each);
      if (!isObject(value)) return;
      if ('provableBits' in value) {
        assert.ok('collisionBits' in value, JSON.stringify(value));
        found++;
      }
      for (const each of Object.values(value)) visit(each);
    };
    visit(document);
    assert.ok(found >= 4, `${found}: a job, an aggregation, a verdict, a profile`);
    assert.ok(!JSON.stringify(document).includes('securityBits'));
  });

  it('says what the schemas say', () => {
    const submit = objectAt(objectAt(paths['/v1/proofs'], 'path')['post'], 'post');
    const body = objectAt(objectAt(submit['requestBody'], 'body')['content'], 'content')['application/json'];
    const { required, additionalProperties } = objectAt(objectAt(body, 'media')['schema'], 'schema');
    assert.deepEqual(required, ['program', 'profile', 'inputs']);
    assert.equal(additionalProperties, false);
    const names = (submit['parameters'] as Json[]).map(({ name }) => name);
    assert.ok(names.includes('idempotency-key') && names.includes('content-digest'));
    const responses = objectAt(submit['responses'], 'responses');
    assert.deepEqual(Object.keys(responses), [
      '202',
      '400',
      '403',
      '408',
      '413',
      '415',
      '422',
      '429',
      '500',
      '503',
    ]);
    assert.ok(String(objectAt(responses['422'], '422')['description']).includes('`deadline-passed`'));
  });
});
