/** What the standard body says of an answer. */
export type StatusWord =
  | 'success'
  | 'skipped'
  | 'badRequest'
  | 'notAuthenticated'
  | 'unauthorized'
  | 'error'
  | 'notImplemented';

/** The body of every answer. */
export interface StandardBody {
  readonly status: StatusWord;
  readonly message: string;
  readonly data: unknown;
}

/** An answer before it is written. */
export interface Answer {
  /** The HTTP code. */
  readonly code: number;
  readonly message: string;
  /** Default null. */
  readonly data?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The one table of outcomes. `skipped`: the request is well formed and nothing was done, since nothing was there to
 * do or the present state forbids it; `badRequest`: it must be changed before it is sent again.
 */
export const codes = {
  ok: { code: 200, status: 'success' },
  created: { code: 201, status: 'success' },
  notModified: { code: 304, status: 'skipped' },
  badRequest: { code: 400, status: 'badRequest' },
  notAuthenticated: { code: 401, status: 'notAuthenticated' },
  forbidden: { code: 403, status: 'unauthorized' },
  notFound: { code: 404, status: 'skipped' },
  wrongMethod: { code: 405, status: 'badRequest' },
  conflict: { code: 409, status: 'skipped' },
  tooLarge: { code: 413, status: 'badRequest' },
  notJson: { code: 415, status: 'badRequest' },
  unprocessable: { code: 422, status: 'badRequest' },
  tooMany: { code: 429, status: 'skipped' },
  internal: { code: 500, status: 'error' },
  notImplemented: { code: 501, status: 'notImplemented' },
  badAnswer: { code: 502, status: 'error' },
  unavailable: { code: 503, status: 'error' },
  unknown: { code: 504, status: 'error' },
} as const satisfies Record<string, { readonly code: number; readonly status: StatusWord }>;

/** The name of an outcome. */
export type Outcome = keyof typeof codes;

const wordsByCode = new Map<number, StatusWord>(Object.values(codes).map(({ code, status }) => [code, status]));

/** The word of a code; codes beyond the table come from the monolith's refusals (4xx) only. */
function wordOf(code: number): StatusWord {
  return wordsByCode.get(code) ?? (code < 500 ? 'badRequest' : 'error');
}

/** Makes an answer of an outcome of the table. */
export function answer(outcome: Outcome, message: string, more: Pick<Answer, 'data' | 'headers'> = {}): Answer {
  return { code: codes[outcome].code, message, ...more };
}

/** Thrown within this room to end a request with an answer. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly answer: Answer;

  constructor(outcome: Outcome, message: string, more: Pick<Answer, 'data' | 'headers'> = {}) {
    super(message);
    this.answer = answer(outcome, message, more);
  }
}

/** Writes an answer: the standard body, or none with 304. */
export function toResponse({ code, message, data, headers }: Answer, more: Readonly<Record<string, string>>): Response {
  if (code === codes.notModified.code) return new Response(null, { status: code, headers: { ...headers, ...more } });
  const body: StandardBody = { status: wordOf(code), message, data: data ?? null };
  return new Response(JSON.stringify(body), {
    status: code,
    headers: { 'cache-control': 'no-store', ...headers, ...more, 'content-type': 'application/json; charset=utf-8' },
  });
}
