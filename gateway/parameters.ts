import type { z } from 'zod';
import { answer, isAnswer, type Answer } from './answer.ts';
import { pageParameters } from './gateway.ts';
import type { Route } from './route.ts';

/** What is wrong with a request, and where. */
export interface Problem {
  /** A parameter's name; within a body, the names on the way to the field. */
  readonly at: string;
  readonly problem: string;
}

/** What a request asks for. */
export interface Parameters {
  /** The path's and the query's, as the route's schema makes them. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The texts of a page read's own parameters, not checked. */
  readonly page: {
    readonly limit?: string | undefined;
    readonly after?: string | undefined;
    readonly order?: string | undefined;
  };
}

/** The 400 that names each problem. */
export function badRequest(what: string, problems: readonly Problem[]): Answer {
  const told = problems.map(({ at, problem }) => `${at}: ${problem}`).join('; ');
  return answer('badRequest', { message: `${what} not as expected. ${told}.`, data: { problems } });
}

/** What a schema found; `whole` names the place of what concerns no single field. */
export function problemsOf(error: z.ZodError, whole: string): readonly Problem[] {
  return error.issues.map(({ path, message }) => ({
    at: path.length === 0 ? whole : path.map(String).join('.'),
    problem: message,
  }));
}

/**
 * Checks a request's parameters. One that the route does not know is refused: a misspelt filter that is passed over
 * would answer another question.
 * @param path by name, decoded
 */
export async function parametersOf(
  route: Route,
  path: Readonly<Record<string, string>>,
  query: URLSearchParams,
): Promise<Parameters | Answer> {
  const paged: readonly string[] = route.kind === 'read' && route.read.kind === 'index' ? pageParameters : [];
  const declared = Object.keys(route.parameters?.shape ?? {});
  const own = declared.filter((name) => !(name in path));
  const problems = problemsOfNames([...query.keys()], own, paged);
  if (problems.length > 0) return badRequest('The query parameters are', problems);
  const checked = await check(route.parameters, {
    ...pick(path, declared),
    ...Object.fromEntries(own.flatMap((name) => given(query, name))),
  });
  if (isAnswer(checked)) return checked;
  const page = Object.fromEntries(paged.flatMap((name) => given(query, name)));
  return { parameters: { ...path, ...checked }, page };
}

function problemsOfNames(
  names: readonly string[],
  own: readonly string[],
  paged: readonly string[],
): readonly Problem[] {
  const known = [...own, ...paged];
  const expected = known.length === 0 ? 'the route has none' : `expected some of ${known.join(', ')}`;
  const unknown = [...new Set(names)].filter((name) => !known.includes(name));
  const twice = paged.filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  return [
    ...unknown.map((at) => ({ at, problem: `is not known; ${expected}` })),
    ...twice.map((at) => ({ at, problem: 'is there twice; expected once' })),
  ];
}

/** A parameter that is there several times is a list of texts. */
function given(query: URLSearchParams, name: string): [string, string | string[]][] {
  const [first, ...others] = query.getAll(name);
  if (first === undefined) return [];
  return [[name, others.length === 0 ? first : [first, ...others]]];
}

async function check(schema: z.ZodObject | undefined, texts: object): Promise<object | Answer> {
  if (schema === undefined) return {};
  const checked = await schema.safeParseAsync(texts);
  return checked.success
    ? checked.data
    : badRequest('The parameters are', problemsOf(checked.error, 'parameters'));
}

function pick(from: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
