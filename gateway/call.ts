import { randomUUID } from 'node:crypto';
import { childTrace } from 'banyan/legacy-adapter';
import { isBanyanError, toError, type Clock, type Logger } from 'banyan/runtime';
import { answer, outcomes, responseOf, type Answer } from './answer.ts';

/** One request, as whoever answers it sees it. */
export interface Call {
  readonly request: Request;
  readonly url: URL;
  /** The path's parameters, decoded. */
  readonly path: Readonly<Record<string, string>>;
  /** The client's own where it sent a fitting one. */
  readonly requestId: string;
  /** This request's span, in the client's trace where it sent one. */
  readonly traceparent: string;
}

/** What every request needs. */
export interface CallOptions {
  readonly logger: Logger;
  readonly clock: Clock;
}

const fittingId = /^[\w.-]{1,128}$/;

/**
 * Answers one request: what is thrown becomes an answer, and one line is logged.
 * @param template the route as declared; the path itself may name a person
 */
export async function answerCall(
  { logger, clock }: CallOptions,
  asked: { readonly request: Request; readonly template: string; readonly path?: Call['path'] },
  run: (call: Call) => Promise<Answer | Response>,
): Promise<Response> {
  const began = clock.now();
  const { request, template, path = {} } = asked;
  const given = request.headers.get('x-request-id') ?? '';
  const requestId = fittingId.test(given) ? given : randomUUID();
  const traceparent = childTrace(request.headers.get('traceparent') ?? undefined);
  const answered = await attempt(() =>
    run({ request, url: new URL(request.url), path, requestId, traceparent }),
  );
  const line = { method: request.method, route: template, requestId, traceparent };
  if (answered instanceof Response || answered.cause === undefined) {
    const response = finish(answered, { requestId, traceparent });
    logger.info({ ...line, status: response.status, ms: clock.now() - began }, 'request');
    return response;
  }
  // What went wrong inside is for the log; the client gets its number, to ask the owner about.
  const errorId = randomUUID();
  const response = finish(withErrorId(answered, errorId), { requestId, traceparent });
  const facts = { status: response.status, ms: clock.now() - began, errorId, error: factsOf(answered.cause) };
  if (answered.outcome === 'unavailable') logger.warn({ ...line, ...facts }, 'request');
  else logger.error({ ...line, ...facts }, 'request');
  return response;
}

async function attempt(run: () => Promise<Answer | Response>): Promise<Answer | Response> {
  try {
    return await run();
  } catch (cause) {
    const later = isBanyanError(cause) && cause.retryable;
    return later
      ? answer('unavailable', { headers: { 'retry-after': '1' }, cause })
      : answer('error', { cause });
  }
}

function withErrorId(failed: Answer, errorId: string): Answer {
  return { ...failed, data: { ...(typeof failed.data === 'object' ? failed.data : {}), errorId } };
}

function finish(answered: Answer | Response, ids: { requestId: string; traceparent: string }): Response {
  const response = answered instanceof Response ? answered : written(answered);
  response.headers.set('x-request-id', ids.requestId);
  response.headers.set('traceparent', ids.traceparent);
  return response;
}

function written(answered: Answer): Response {
  const { code } = outcomes[answered.outcome];
  const response = responseOf(answered);
  // The rest of a body that is too large is not waited for, so its connection cannot serve another request.
  if (code === outcomes.tooLarge.code) response.headers.set('connection', 'close');
  return response;
}

/** What the log gets of an error. */
function factsOf(thrown: unknown): Record<string, unknown> {
  const error = toError(thrown);
  const code = (error as { code?: unknown }).code;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    ...(typeof code === 'string' && { code }),
  };
}
