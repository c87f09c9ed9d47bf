import type { Caller } from 'banyan/legacy-adapter';
import type { IndexRead, KeyRead } from 'banyan/projections';
import type { z } from 'zod';
import type { ParsedRoute, PathParameterNames, PathParameters, WriteMethod } from './path.ts';

/** What a zod object makes of a route's parameters; nothing besides the path's, unless the route says. */
export type Checked = object;
/** The zod object of a route's parameters. */
export type ParameterSchema<Output = unknown> = z.ZodObject & z.ZodType<Output>;

/** What the handlers of a route get: the path's parameters, and what the schema makes of the query's. */
export type ParametersOf<Route extends string, Query extends Checked> = PathParameters<Route> & Query;

/** The caller of a route: nobody, on a public one. */
export type CallerOf<Public extends boolean> = Public extends true ? undefined : Caller;

/** A read of one document, or of pages. */
export type ReadKind = 'key' | 'index';

/** What may be said about a read besides what it reads. */
export interface ReadOptions<
  Parameters,
  Query extends Checked,
  Result,
  Kind extends ReadKind,
  Public extends boolean,
> {
  /** No token is asked for; the caller is undefined. */
  readonly public?: Public;
  /** Whether this caller may use the route with these parameters; if not, the answer is 403. */
  authorize?(who: CallerOf<Public>, parameters: NoInfer<Parameters>): boolean;
  /** For reads by key: whether this caller may see this document; if not, the answer is as if there were none. */
  readonly authorizeDocument?: Kind extends 'key'
    ? (who: CallerOf<Public>, document: Result) => boolean
    : never;
  /** Checks path parameters by name; its other fields are query parameters. */
  readonly parameters?: ParameterSchema<Query>;
  /** One line for the OpenAPI document. */
  readonly summary?: string;
}

/** What a write does. `Body`: what the client sends; `Legacy`: what the monolith answers; `Data`: what the client gets. */
export interface WriteOptions<
  Parameters,
  Query extends Checked,
  To extends string,
  Body,
  Legacy,
  Data,
  Public extends boolean,
> {
  /** Method and path of the monolith's API; parameters in braces are this route's. */
  readonly to: To;
  /** What the client must send, as JSON. Without it the route takes no body. */
  readonly body?: z.ZodType<Body>;
  /** Makes the monolith's request body; without it the client's body is passed on. Undefined sends none. */
  request?(body: NoInfer<Body>, who: CallerOf<Public>, parameters: NoInfer<Parameters>): unknown;
  /** What the monolith answers when it has accepted; an answer of another shape is 502, and said to be accepted. */
  readonly answers?: z.ZodType<Legacy>;
  /** Makes the answer's data of the monolith's; without it there is no data. */
  readonly response?: (answer: NoInfer<Legacy>) => Data;
  /** The data's schema, for the OpenAPI document. */
  readonly data?: z.ZodType<Data>;
  /** What the client is told when the monolith refuses (4xx). Default: its JSON, as data. */
  refusal?(refused: { readonly status: number; readonly body: unknown }): {
    readonly message?: string;
    readonly data?: unknown;
  };
  readonly public?: Public;
  authorize?(who: CallerOf<Public>, parameters: NoInfer<Parameters>): boolean;
  readonly parameters?: ParameterSchema<Query>;
  readonly summary?: string;
}

/** Refuses a legacy path with a parameter that the route has not. */
export type LegacyPath<Route extends string, Query extends Checked, To extends string> =
  Exclude<PathParameterNames<To>, PathParameterNames<Route> | keyof Query> extends never ? To : never;

/** A function whose parameter is compared strictly, as a method's is not: a read may need no parameter that the route has not. */
type From<Parameters> = (parameters: Parameters) => string | undefined;
/** The reads that a route with these parameters can serve. */
export type ServableRead<Parameters, Result, Kind extends ReadKind> = { readonly kind: Kind } & (
  | (KeyRead<Parameters, Result> & { readonly key: From<Parameters> })
  | (IndexRead<Parameters, Result> & { readonly partition: From<Parameters> })
);

/** What routes share, without their types: for whoever serves or describes them. */
interface AnyRoute {
  readonly public: boolean;
  readonly summary: string | undefined;
  readonly parameters: ParameterSchema | undefined;
  readonly authorize: ((who: Caller | undefined, parameters: unknown) => boolean) | undefined;
}

/** A read, without its types. */
export interface ReadRoute extends AnyRoute {
  readonly kind: 'read';
  readonly route: ParsedRoute<'GET'>;
  readonly read: KeyRead<never, unknown> | IndexRead<never, unknown>;
  readonly authorizeDocument: ((who: Caller | undefined, document: unknown) => boolean) | undefined;
}

/** A write, without its types. */
export interface WriteRoute extends AnyRoute {
  readonly kind: 'write';
  readonly route: ParsedRoute<WriteMethod>;
  readonly to: ParsedRoute<WriteMethod>;
  readonly body: z.ZodType | undefined;
  readonly answers: z.ZodType | undefined;
  readonly data: z.ZodType | undefined;
  request(body: unknown, who: Caller | undefined, parameters: unknown): unknown;
  response(answer: unknown): unknown;
  refusal(refused: { readonly status: number; readonly body: unknown }): {
    readonly message?: string;
    readonly data?: unknown;
  };
}

/** A declared route. */
export type Route = ReadRoute | WriteRoute;
