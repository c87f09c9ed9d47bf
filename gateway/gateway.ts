import { BanyanError, type JsonValue } from 'banyan/runtime';
import {
  parseRoute,
  shapeOf,
  type ParsedRoute,
  type PathParameters,
  type ReadRouteLiteral,
  type WriteMethod,
  type WriteRouteLiteral,
} from './path.ts';
import type {
  Checked,
  ReadKind,
  LegacyPath,
  ParameterSchema,
  ParametersOf,
  ReadOptions,
  ReadRoute,
  Route,
  ServableRead,
  WriteOptions,
  WriteRoute,
} from './route.ts';

/** What every gateway has, whatever it serves. */
export interface AnyGateway {
  readonly kind: 'gateway';
  readonly routes: readonly Route[];
}

/** The query parameters of a route that declares none. */
type NoQuery = object;

/** Options that do declare parameters. */
interface QueryOf<Query extends Checked> {
  readonly parameters: ParameterSchema<Query>;
}

/** A page of an index read, as its `data`. */
export interface PageOf<Result> {
  readonly items: readonly Result[];
  /** The next page's `after`; null at the end. */
  readonly next: string | null;
}

type DataOfRead<Kind extends ReadKind, Result> = Kind extends 'key' ? Result : PageOf<Result>;

/** A group's HTTP interface, declared. Immutable: `read` and `write` return a new one. */
export interface Gateway<Routes = unknown> extends AnyGateway {
  /** Serves a read of the group's projections: one document by its key, or the pages of an index. */
  read<
    const Literal extends ReadRouteLiteral,
    Result,
    Kind extends ReadKind,
    const Public extends boolean = false,
  >(
    route: Literal,
    read: ServableRead<PathParameters<Literal>, Result, Kind>,
    options?: ReadOptions<PathParameters<Literal>, NoQuery, NoInfer<Result>, NoInfer<Kind>, Public>,
  ): Gateway<Routes & { readonly [R in Literal]: DataOfRead<Kind, Result> }>;
  /** The same with query parameters; what the document is found by is made of those and the path's. */
  read<
    const Literal extends ReadRouteLiteral,
    Result,
    Kind extends ReadKind,
    Query extends Checked,
    const Public extends boolean = false,
  >(
    route: Literal,
    read: ServableRead<PathParameters<Literal> & NoInfer<Query>, Result, Kind>,
    options: QueryOf<Query> &
      ReadOptions<ParametersOf<Literal, Query>, Query, NoInfer<Result>, NoInfer<Kind>, Public>,
  ): Gateway<Routes & { readonly [R in Literal]: DataOfRead<Kind, Result> }>;
  /** Sends a write to the monolith's own API, which stays the only writer. */
  write<
    const Literal extends WriteRouteLiteral,
    const To extends WriteRouteLiteral,
    Body = undefined,
    Legacy = JsonValue | undefined,
    Data = null,
    Query extends Checked = NoQuery,
    const Public extends boolean = false,
  >(
    route: Literal,
    options: WriteOptions<
      ParametersOf<Literal, Query>,
      Query,
      LegacyPath<Literal, Query, To> & To,
      Body,
      Legacy,
      Data,
      Public
    >,
  ): Gateway<Routes & { readonly [R in Literal]: Data }>;
}

/** The type of a route's `data`: what a client of the gateway gets. */
export type ResponseOf<G, Literal extends string> =
  G extends Gateway<infer Routes> ? (Literal extends keyof Routes ? Routes[Literal] : never) : never;

/**
 * Begins a gateway without routes.
 *
 *     gateway()
 *       .read('GET /orders/{id}', orderSummary.byKey('id'))
 *       .write('POST /orders', { to: 'POST /api/orders', body: NewOrder, request: toLegacyOrder })
 *
 * @throws BanyanError (from `read` and `write`) GATEWAY_ROUTE_INVALID, GATEWAY_ROUTE_CLASH
 */
export function gateway(): Gateway {
  return build([]);
}

function build(routes: readonly Route[]): Gateway {
  const self = {
    kind: 'gateway' as const,
    routes,
    read: (literal: string, read: ReadRoute['read'], options: Declared = {}) =>
      build(add(routes, readRoute(literal, read, options))),
    write: (literal: string, options: Declared & { readonly to: string }) =>
      build(add(routes, writeRoute(literal, options))),
  };
  // The typed methods are a narrowing of the untyped ones: the types are proven by `gateway.type-test.ts`.
  return self as unknown as Gateway;
}

/** Options without their types. */
interface Declared extends Partial<
  Pick<ReadRoute, 'public' | 'summary' | 'parameters' | 'authorize' | 'authorizeDocument'>
> {
  readonly body?: WriteRoute['body'];
  readonly answers?: WriteRoute['answers'];
  readonly data?: WriteRoute['data'];
  readonly request?: WriteRoute['request'];
  readonly response?: WriteRoute['response'];
  readonly refusal?: WriteRoute['refusal'];
}

/** Served beside the declared routes. */
const reserved = new Set(['GET /health', 'GET /openapi.json']);

function add(routes: readonly Route[], added: Route): readonly Route[] {
  const shape = shapeOf(added.route);
  const other = routes.find(({ route }) => shapeOf(route) === shape);
  if (other === undefined && !reserved.has(shape)) return [...routes, added];
  const there =
    other === undefined ? 'every gateway has itself' : `was declared as "${routeName(other.route)}"`;
  throw new BanyanError(
    'GATEWAY_ROUTE_CLASH',
    `The route "${routeName(added.route)}" clashes with one that ${there}. Give one of them another path.`,
    { details: { route: routeName(added.route) } },
  );
}

/** A route as it was written. */
export function routeName(route: ParsedRoute): string {
  return `${route.method} ${route.template}`;
}

function readRoute(literal: string, read: ReadRoute['read'], options: Declared): ReadRoute {
  const route = parseRoute(literal, ['GET']);
  if (read.kind === 'index') refusePageParameters(literal, options.parameters);
  return { kind: 'read', route, read, authorizeDocument: options.authorizeDocument, ...shared(options) };
}

/** The parameters of every page read; a route cannot use the names for its own. */
export const pageParameters = ['limit', 'after', 'order'] as const;

function refusePageParameters(literal: string, parameters: ParameterSchema | undefined): void {
  const taken = pageParameters.filter((name) => parameters !== undefined && name in parameters.shape);
  if (taken.length === 0) return;
  throw new BanyanError(
    'GATEWAY_ROUTE_INVALID',
    `The route "${literal}" declares ${taken.join(', ')}, which every page read has already. Use other names.`,
    { details: { route: literal } },
  );
}

const writeMethods: readonly WriteMethod[] = ['POST', 'PUT', 'PATCH', 'DELETE'];

function writeRoute(literal: string, options: Declared & { readonly to: string }): WriteRoute {
  const route = parseRoute(literal, writeMethods);
  const to = parseRoute(options.to, writeMethods);
  const known = [...route.parameters, ...Object.keys(options.parameters?.shape ?? {})];
  const missing = to.parameters.filter((name) => !known.includes(name));
  if (missing.length > 0) {
    throw new BanyanError(
      'GATEWAY_ROUTE_INVALID',
      `The write "${literal}" goes to "${options.to}", which needs {${missing.join('}, {')}}. ` +
        'Put the parameter into the route, or take it out of the legacy path.',
      { details: { route: literal, to: options.to } },
    );
  }
  return {
    kind: 'write',
    route,
    to,
    body: options.body,
    answers: options.answers,
    data: options.data,
    request: options.request ?? ((body) => body),
    response: options.response ?? (() => null),
    refusal: options.refusal ?? passJson,
    ...shared(options),
  };
}

/** A 4xx answer is meant for the API's clients; its text, which may be a page for people, is not passed on. */
const passJson: WriteRoute['refusal'] = ({ body }) => ({
  data: typeof body === 'object' ? body : null,
});

function shared(options: Declared): Pick<ReadRoute, 'public' | 'summary' | 'parameters' | 'authorize'> {
  return {
    public: options.public ?? false,
    summary: options.summary,
    parameters: options.parameters,
    authorize: options.authorize,
  };
}
