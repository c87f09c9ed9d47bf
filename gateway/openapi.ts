import type { AnyProjection, Include } from 'banyan/projections';
import { outcomes, type Outcome } from './answer.ts';
import type { AnyGateway } from './gateway.ts';
import { jsonSchema, nullable, objectOf, type JsonSchema } from './json-schema.ts';
import { readHeaderComponents, readHeadersOf } from './openapi-headers.ts';
import { parametersObject, sessionParameter } from './openapi-parameters.ts';
import type { ReadRoute, Route, WriteRoute } from './route.ts';

/** The group that a gateway belongs to. */
export interface GatewayGroup {
  readonly name: string;
  readonly owner: { readonly team: string; readonly contact: string };
}

/** Schemas under `components`, by name. */
type Schemas = Map<string, JsonSchema>;

/** The OpenAPI 3.1 document of a gateway, made of its routes. */
export function openApiOf({ name, owner }: GatewayGroup, { routes }: AnyGateway): JsonSchema {
  const schemas: Schemas = new Map([['Answer', answerSchema]]);
  const paths: Record<string, Record<string, unknown>> = {
    '/health': {
      get: plainOperation('health', 'Whether every view is there', ['ok', 'unavailable', 'error']),
    },
  };
  for (const route of routes) {
    const { template, method } = route.route;
    const there = (paths[template] ??= {});
    there[method.toLowerCase()] = operation(route, schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: name,
      version: '1',
      description: `Every body is { status, message, data }. Owner: ${owner.team}, ${owner.contact}.`,
      contact: { name: owner.team, ...(/^\S+@\S+$/.test(owner.contact) && { email: owner.contact }) },
    },
    paths,
    components: {
      schemas: Object.fromEntries(schemas),
      parameters: { Session: sessionParameter },
      headers: readHeaderComponents,
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

const words = [...new Set(Object.values(outcomes).map(({ status }) => status))];
const answerSchema = objectOf({
  status: { type: 'string', enum: words },
  message: { type: 'string' },
  data: {},
});

function plainOperation(operationId: string, summary: string, codes: readonly Outcome[]): JsonSchema {
  return {
    operationId,
    summary,
    responses: Object.assign({}, ...codes.map((one) => response(one))) as object,
  };
}

function operation(route: Route, schemas: Schemas): JsonSchema {
  const id = operationId(route);
  const made = route.kind === 'read' ? readData(route, schemas) : writeData(route, id, schemas);
  const successes: readonly Outcome[] = route.kind === 'read' ? ['ok'] : ['ok', 'created', 'accepted'];
  const headers = (one: Outcome): JsonSchema | undefined =>
    route.kind === 'read' ? readHeadersOf(one) : undefined;
  const responses = [
    ...successes.map((one) => response(one, made, headers(one))),
    ...failuresOf(route).map((one) => response(one, undefined, headers(one))),
  ];
  return {
    operationId: id,
    ...(route.summary !== undefined && { summary: route.summary }),
    ...(route.public ? {} : { security: [{ bearer: [] }] }),
    parameters: parametersObject(route),
    ...(route.kind === 'write' && route.body && { requestBody: requestBody(route.body, id, schemas) }),
    responses: Object.assign({}, ...responses) as object,
  };
}

/** `GET /orders/{id}` is `getOrdersById`. */
function operationId({ route: { method, segments } }: Route): string {
  const parts = segments.map((one) =>
    one.kind === 'text'
      ? capital(one.text.replaceAll(/\W+(\w?)/g, (_, next: string) => next.toUpperCase()))
      : `By${capital(one.name)}`,
  );
  return method.toLowerCase() + parts.join('');
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function failuresOf(route: Route): readonly Outcome[] {
  const guarded: readonly Outcome[] = route.public ? [] : ['notAuthenticated', 'unauthorized'];
  const common: readonly Outcome[] = [
    'badRequest',
    ...guarded,
    'notFound',
    'error',
    'notImplemented',
    'unavailable',
  ];
  if (route.kind === 'read') return ['notModified', ...common];
  const body: readonly Outcome[] = route.body ? ['tooLarge', 'unsupportedMediaType'] : [];
  return [...common, ...body, 'conflict', 'tooManyRequests', 'legacyFailed', 'timeout'];
}

function response(outcome: Outcome, data?: JsonSchema, headers?: JsonSchema): Record<string, JsonSchema> {
  const { code, status, means } = outcomes[outcome];
  const described = { description: means, ...(headers && { headers }) };
  if (outcome === 'notModified') return { [code]: described };
  const body = { $ref: '#/components/schemas/Answer' };
  const narrowed = objectOf({ status: { const: status }, ...(data && { data }) });
  return { [code]: { ...described, content: json({ allOf: [body, narrowed] }) } };
}

function json(schema: JsonSchema): JsonSchema {
  return { 'application/json': { schema } };
}

function readData({ read }: ReadRoute, schemas: Schemas): JsonSchema {
  const document = documentSchema(read, schemas);
  if (read.kind === 'key') return document;
  return objectOf({
    items: { type: 'array', items: document },
    next: { type: ['string', 'null'], description: "The next page's `after`; null at the end." },
  });
}

interface Reads {
  readonly projection: AnyProjection;
  readonly includes: readonly Include[];
}

function documentSchema({ projection, includes }: Reads, schemas: Schemas): JsonSchema {
  const own = component(projection.name, projection.schema, 'output', schemas);
  if (includes.length === 0) return own;
  const joined = includes.map(({ name, read }) => [name, nullable(documentSchema(read, schemas))] as const);
  return { allOf: [own, objectOf(Object.fromEntries(joined))] };
}

function writeData({ data }: WriteRoute, id: string, schemas: Schemas): JsonSchema {
  return data === undefined ? {} : component(`${id}.data`, data, 'output', schemas);
}

function requestBody(body: NonNullable<WriteRoute['body']>, id: string, schemas: Schemas): JsonSchema {
  return { required: true, content: json(component(`${id}.body`, body, 'input', schemas)) };
}

/** Puts a schema under `components` and refers to it. */
function component(
  text: string,
  schema: Parameters<typeof jsonSchema>[0],
  io: 'input' | 'output',
  schemas: Schemas,
): JsonSchema {
  // The names that OpenAPI allows.
  const name = text.replaceAll(/[^\w.-]/g, '_');
  const $ref = `#/components/schemas/${name}`;
  if (!schemas.has(name)) schemas.set(name, jsonSchema(schema, io, $ref));
  return { $ref };
}
