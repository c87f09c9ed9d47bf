import type { Caller, LegacyAdapter, LegacyResult } from 'banyan/legacy-adapter';
import { answer, isAnswer, type Answer, type Outcome } from './answer.ts';
import { badRequest } from './parameters.ts';
import { fillPath } from './path.ts';
import type { WriteRoute } from './route.ts';

/** What a write is asked with. */
export interface WriteRequest {
  readonly who: Caller | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  readonly idempotencyKey: string | undefined;
  readonly traceparent: string;
  readonly requestId: string;
}

/** Sends a write to the monolith, once, and says what became of it. */
export async function write(
  route: WriteRoute,
  legacy: LegacyAdapter | undefined,
  request: WriteRequest,
): Promise<Answer> {
  if (legacy === undefined) {
    return answer('notImplemented', { message: 'This environment has no legacy API configured for writes.' });
  }
  const { who, parameters, idempotencyKey, traceparent } = request;
  const path = fillPath(route.to.segments, parameters);
  if (path === undefined) {
    const at = route.to.parameters.join(', ');
    return badRequest('The parameters are', [{ at, problem: 'expected a text that can stand in a path' }]);
  }
  if (idempotencyKey !== undefined && !/^[\x21-\x7e]{1,255}$/.test(idempotencyKey)) {
    return badRequest('The headers are', [
      { at: 'idempotency-key', problem: 'expected 1 to 255 visible ASCII characters' },
    ]);
  }
  const result = await legacy.write({
    method: route.to.method,
    path,
    body: route.request(request.body, who, parameters),
    who,
    traceparent,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  });
  return answerOf(route, result, request.requestId);
}

async function answerOf(route: WriteRoute, result: LegacyResult, requestId: string): Promise<Answer> {
  switch (result.kind) {
    case 'accepted':
      return accepted(route, result, requestId);
    case 'acceptedUnread':
      return unreadable(requestId, new Error('the answer was larger than the adapter reads'));
    case 'refused':
      return refused(route, result, requestId);
    case 'failed':
      return answer('legacyFailed', {
        message: 'The monolith says that it failed.',
        data: { outcome: 'failed', requestId },
      });
    case 'unknown':
      return answer('timeout', {
        message:
          'The outcome is unknown: the write may have happened. Do not repeat it blindly; find out first.',
        data: { outcome: 'unknown', requestId },
      });
    case 'notSent':
      return answer('unavailable', {
        message: 'The monolith cannot be reached just now. Nothing was sent: try again.',
        data: { outcome: 'notSent', requestId },
        headers: { 'retry-after': '1' },
      });
  }
}

async function accepted(
  route: WriteRoute,
  { status, body }: Extract<LegacyResult, { kind: 'accepted' }>,
  requestId: string,
): Promise<Answer> {
  const outcome: Outcome = status === 201 ? 'created' : status === 202 ? 'accepted' : 'ok';
  try {
    const told = route.answers === undefined ? body : await route.answers.parseAsync(body);
    return answer(outcome, { data: asJson(route.response(told)) });
  } catch (error) {
    return unreadable(requestId, error);
  }
}

/** What cannot be written as JSON must be found out while it is known what became of the write. */
function asJson(data: unknown): unknown {
  JSON.stringify(data);
  return data;
}

/** The write has happened, so that a plain failure would tempt the client to repeat it. */
function unreadable(requestId: string, cause: unknown): Answer {
  return answer('legacyFailed', {
    message: 'The monolith accepted the write; its answer cannot be read. Do not repeat the write.',
    data: { outcome: 'accepted', requestId },
    cause,
  });
}

/** What a refusal is for the client. A code that is not here says that the gateway calls the monolith wrongly. */
const refusals: Readonly<Record<number, Outcome>> = {
  400: 'badRequest',
  401: 'notAuthenticated',
  402: 'conflict',
  403: 'unauthorized',
  404: 'notFound',
  409: 'conflict',
  410: 'notFound',
  412: 'conflict',
  413: 'tooLarge',
  422: 'unprocessable',
  423: 'conflict',
  428: 'conflict',
  429: 'tooManyRequests',
};

function refused(
  route: WriteRoute,
  result: Extract<LegacyResult, { kind: 'refused' }>,
  requestId: string,
): Answer {
  const outcome = refusals[result.status];
  if (outcome === undefined) {
    return answer('legacyFailed', {
      message: 'The monolith does not take requests of this kind. Nothing was done.',
      data: { outcome: 'failed', requestId },
      cause: new Error(`the monolith answered ${result.status}: the route's \`to\` or \`request\` is wrong`),
    });
  }
  const told = mapped(route, result);
  if (isAnswer(told)) return told;
  const { message = 'The monolith refused it.', data = null } = told;
  return answer(outcome, { message, data, headers: refusalHeaders(outcome, result.retryAfter) });
}

function mapped(
  route: WriteRoute,
  { status, body }: Extract<LegacyResult, { kind: 'refused' }>,
): ReturnType<WriteRoute['refusal']> | Answer {
  try {
    const told = route.refusal({ status, body });
    return { ...told, data: asJson(told.data) };
  } catch (cause) {
    return answer('error', { message: 'The monolith refused it; why, cannot be told.', cause });
  }
}

function refusalHeaders(outcome: Outcome, retryAfter: string | undefined): Record<string, string> {
  if (outcome === 'notAuthenticated') return { 'www-authenticate': 'Bearer realm="banyan"' };
  return outcome === 'tooManyRequests' ? { 'retry-after': retryAfter ?? '1' } : {};
}
