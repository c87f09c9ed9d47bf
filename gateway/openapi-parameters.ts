import { jsonSchema, type JsonSchema } from './json-schema.ts';
import type { Route } from './route.ts';
import { sessionHeader, sessionLimit } from './session.ts';
import { pageSizes } from './read-page.ts';

/** The parameters of a route as OpenAPI has them: the path's, the declared ones, and those of pages. */
export function parametersObject(route: Route): readonly JsonSchema[] {
  const { names, schemaOf, required } = declared(route);
  const path = route.route.parameters;
  const query = names.filter((name) => !path.includes(name));
  return [
    ...path.map((name) => ({
      name,
      in: 'path',
      required: true,
      schema: schemaOf(name) ?? { type: 'string' },
    })),
    ...query.map((name) => ({
      name,
      in: 'query',
      required: required.includes(name),
      schema: schemaOf(name) ?? {},
    })),
    ...(route.kind === 'read' && route.read.kind === 'index' ? ofPages(route.read.order) : []),
    ...(route.kind === 'read' ? [{ $ref: '#/components/parameters/Session' }] : []),
  ];
}

/** The session that every read may carry. */
export const sessionParameter: JsonSchema = {
  name: sessionHeader,
  in: 'header',
  required: false,
  schema: { type: 'string', maxLength: sessionLimit },
  description:
    'As the answer before gave it: nothing older than what was shown is answered. Several, of requests that ran at ' +
    'once, are separated by commas.',
};

interface Declared {
  readonly names: readonly string[];
  readonly required: readonly string[];
  readonly schemaOf: (name: string) => JsonSchema | undefined;
}

function declared({ parameters }: Route): Declared {
  if (parameters === undefined) return { names: [], required: [], schemaOf: () => undefined };
  const inputs = jsonSchema(parameters, 'input', '#');
  const read = jsonSchema(parameters, 'output', '#')['properties'] as Record<string, JsonSchema>;
  const sent = inputs['properties'] as Record<string, JsonSchema>;
  // What is made of any text (`z.coerce.number()`) is told by what it becomes.
  const schemaOf = (name: string): JsonSchema | undefined =>
    Object.keys(sent[name] ?? {}).length > 0 ? sent[name] : read[name];
  return { names: Object.keys(sent), required: (inputs['required'] ?? []) as string[], schemaOf };
}

function ofPages(usual: 'ascending' | 'descending'): readonly JsonSchema[] {
  const { usual: size, most } = pageSizes;
  const query = { in: 'query', required: false };
  return [
    { ...query, name: 'limit', schema: { type: 'integer', minimum: 1, maximum: most, default: size } },
    { ...query, name: 'after', schema: { type: 'string' }, description: '`next` of the page before.' },
    { ...query, name: 'order', schema: { enum: ['ascending', 'descending'], default: usual } },
  ];
}
