import { BanyanError } from 'banyan/runtime';

/** The names in braces of a path literal: `'/orders/{id}/lines/{line}'` gives `'id' | 'line'`. */
export type PathParameterNames<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathParameterNames<Rest>
  : never;

/** The path parameters of a route, as the URL gives them. */
export type PathParameters<Path extends string> = { readonly [Name in PathParameterNames<Path>]: string };

/** The methods that write. */
export type WriteMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE';
/** A method, and a path whose parameters stand in braces. */
export type ReadRouteLiteral = `GET /${string}`;
export type WriteRouteLiteral = `${WriteMethod} /${string}`;

/** One segment of a path: a fixed text, or a parameter that fills the whole segment. */
export type Segment =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'parameter'; readonly name: string };

/** A route literal, taken apart. */
export interface ParsedRoute<Method extends string = string> {
  readonly method: Method;
  /** As written: `/orders/{id}`. */
  readonly template: string;
  readonly segments: readonly Segment[];
  readonly parameters: readonly string[];
}

const fixedText = /^[A-Za-z0-9._~-]+$/;
const parameter = /^\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/**
 * Takes a route literal apart.
 * @throws BanyanError GATEWAY_ROUTE_INVALID
 */
export function parseRoute<Method extends string>(
  literal: string,
  methods: readonly Method[],
): ParsedRoute<Method> {
  const [methodText = '', template = '', ...rest] = literal.split(' ');
  const method = methods.find((one) => one === methodText);
  if (method === undefined || rest.length > 0 || !template.startsWith('/')) {
    throw invalid(literal, `expected ${methods.join(' or ')}, one space, and a path that begins with "/"`);
  }
  const segments =
    template === '/'
      ? []
      : template
          .slice(1)
          .split('/')
          .map((text) => segment(literal, text));
  const parameters = segments.flatMap((one) => (one.kind === 'parameter' ? [one.name] : []));
  const twice = parameters.find((name, at) => parameters.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(literal, `the parameter {${twice}} is there twice; name each once`);
  return { method, template, segments, parameters };
}

function segment(literal: string, text: string): Segment {
  const name = parameter.exec(text)?.[1];
  if (name !== undefined) return { kind: 'parameter', name };
  if (fixedText.test(text) && text !== '.' && text !== '..') return { kind: 'text', text };
  throw invalid(
    literal,
    `the segment "${text}" is neither a text of letters, digits and "-._~" nor one parameter in braces`,
  );
}

function invalid(literal: string, why: string): BanyanError {
  return new BanyanError('GATEWAY_ROUTE_INVALID', `The route "${literal}" is not valid: ${why}.`, {
    details: { route: literal },
  });
}

/** The template without its parameters' names: two routes clash when method and shape are equal. */
export function shapeOf(route: ParsedRoute): string {
  return `${route.method} /${route.segments.map((one) => (one.kind === 'text' ? one.text : '{}')).join('/')}`;
}

/** Orders routes so that a fixed text comes before a parameter in its place: `/orders/open` before `/orders/{id}`. */
export function bySpecificity(left: ParsedRoute, right: ParsedRoute): number {
  for (const [at, one] of left.segments.entries()) {
    const other = right.segments[at];
    if (other === undefined || one.kind === other.kind) continue;
    return one.kind === 'text' ? -1 : 1;
  }
  return 0;
}

/** The path in the router's notation. */
export function routerPath(route: ParsedRoute): string {
  return `/${route.segments.map((one) => (one.kind === 'text' ? one.text : `:${one.name}`)).join('/')}`;
}

/**
 * Fills a path with values, each encoded to stay within its segment; undefined when a value cannot: it is missing,
 * empty, or a dot segment, which every URL parser would resolve away whatever its encoding.
 */
export function fillPath(
  segments: readonly Segment[],
  values: Readonly<Record<string, unknown>>,
): string | undefined {
  const filled: string[] = [];
  for (const one of segments) {
    const text = one.kind === 'text' ? one.text : pathText(values[one.name]);
    if (text === undefined) return undefined;
    filled.push(text);
  }
  return `/${filled.join('/')}`;
}

function pathText(value: unknown): string | undefined {
  const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
  if (typeof text !== 'string' || text === '' || text === '.' || text === '..') return undefined;
  // A lone surrogate has no encoding.
  return /\p{Surrogate}/u.test(text) ? undefined : encodeURIComponent(text);
}

/** Whether a URL's path has the shape of the route. */
export function matchesPath({ segments }: ParsedRoute, path: string): boolean {
  const parts = path === '/' ? [] : path.slice(1).split('/');
  return (
    parts.length === segments.length &&
    segments.every((one, at) => (one.kind === 'text' ? one.text === parts[at] : parts[at] !== ''))
  );
}
