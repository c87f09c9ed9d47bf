/** The status word of every body. */
export type Status =
  'success' | 'skipped' | 'badRequest' | 'notAuthenticated' | 'unauthorized' | 'error' | 'notImplemented';

interface Meaning {
  readonly code: number;
  readonly status: Status;
  /** For the OpenAPI document, and the message where nothing more is known. */
  readonly means: string;
}

/**
 * What may become of a request: the one table of HTTP codes and status words.
 *
 * `skipped`: the request was in order and permitted, and the state of things left nothing to do. `badRequest`: only
 * another request can succeed. `error`: the same request may succeed later.
 */
export const outcomes = {
  ok: { code: 200, status: 'success', means: 'Done.' },
  created: { code: 201, status: 'success', means: 'The monolith made it.' },
  accepted: { code: 202, status: 'success', means: 'The monolith took it and will do it.' },
  notModified: { code: 304, status: 'skipped', means: 'Not changed since the given ETag. Without a body.' },
  badRequest: { code: 400, status: 'badRequest', means: 'A parameter or the body is not as it must be.' },
  notAuthenticated: { code: 401, status: 'notAuthenticated', means: 'There is no valid token.' },
  unauthorized: { code: 403, status: 'unauthorized', means: 'This caller may not do this.' },
  notFound: { code: 404, status: 'skipped', means: 'There is nothing here.' },
  methodNotAllowed: { code: 405, status: 'badRequest', means: 'Not with this method; see Allow.' },
  requestTimeout: { code: 408, status: 'badRequest', means: 'The request did not arrive whole in time.' },
  conflict: { code: 409, status: 'skipped', means: 'Refused for the state that things are in.' },
  tooLarge: { code: 413, status: 'badRequest', means: 'The body is too large.' },
  unsupportedMediaType: { code: 415, status: 'badRequest', means: 'The body must be application/json.' },
  unprocessable: { code: 422, status: 'badRequest', means: 'Understood, and against the rules.' },
  tooManyRequests: { code: 429, status: 'error', means: 'Too many requests; see Retry-After.' },
  headersTooLarge: { code: 431, status: 'badRequest', means: 'The headers are too large.' },
  error: { code: 500, status: 'error', means: 'Failed here; the error id finds the cause in the log.' },
  notImplemented: { code: 501, status: 'notImplemented', means: 'Not set up in this environment.' },
  legacyFailed: { code: 502, status: 'error', means: "The monolith failed, or its answer can't be read." },
  unavailable: { code: 503, status: 'error', means: 'Not possible just now; nothing was done.' },
  timeout: { code: 504, status: 'error', means: 'No answer in time; the outcome of a write is unknown.' },
} as const satisfies Record<string, Meaning>;

/** The name of an outcome. */
export type Outcome = keyof typeof outcomes;

/** What a request is answered with. */
export interface Answer {
  readonly kind: 'answer';
  readonly outcome: Outcome;
  readonly message: string;
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string>>;
  /** What went wrong inside: for the log, never for the client. */
  readonly cause?: unknown;
}

/** Makes an answer; its message is the outcome's meaning unless another is given. */
export function answer(
  outcome: Outcome,
  rest: Partial<Pick<Answer, 'message' | 'data' | 'headers' | 'cause'>> = {},
): Answer {
  const { message = outcomes[outcome].means, data = null, headers = {}, cause } = rest;
  return { kind: 'answer', outcome, message, data, headers, ...(cause === undefined ? {} : { cause }) };
}

/** Whether a step ended the request with an answer. */
export function isAnswer<T>(result: T | Answer): result is Answer {
  return typeof result === 'object' && result !== null && (result as Partial<Answer>).kind === 'answer';
}

/** The standard body. */
export interface Body {
  readonly status: Status;
  readonly message: string;
  readonly data: unknown;
}

export function bodyOf({ outcome, message, data }: Answer): Body {
  return { status: outcomes[outcome].status, message, data: data ?? null };
}

/** The HTTP form of an answer. 304 has no body (RFC 9110, 15.4.5). */
export function responseOf(given: Answer): Response {
  const { code } = outcomes[given.outcome];
  const headers = { 'cache-control': 'no-store', ...given.headers };
  if (given.outcome === 'notModified') return new Response(null, { status: code, headers });
  return Response.json(bodyOf(given), { status: code, headers });
}
