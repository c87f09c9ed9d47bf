import type { Caller, LegacyAdapter } from 'banyan/legacy-adapter';
import { answer, isAnswer, type Answer } from './answer.ts';
import { authenticate } from './authentication.ts';
import type { Call } from './call.ts';
import type { Identity } from './identity.ts';
import { parametersOf, type Parameters } from './parameters.ts';
import { answerRead, type Reading } from './read.ts';
import { requestBody } from './request-body.ts';
import type { Route, WriteRoute } from './route.ts';
import { sessionHeader } from './session.ts';
import { write } from './write.ts';

/** What routes are served with. */
export interface Serving extends Reading {
  readonly identity: Identity | undefined;
  readonly legacy: LegacyAdapter | undefined;
}

/** Bytes of a request's body. */
const maxBodyBytes = 1_048_576;

/** Who asks, and for what: permitted. */
interface Asked extends Parameters {
  readonly who: Caller | undefined;
}

/** Answers a request to a route: who calls, what for, whether he may; then the read or the write. */
export async function serve(serving: Serving, route: Route, call: Call): Promise<Answer> {
  const asked = await admitted(serving, route, call);
  if (isAnswer(asked)) return asked;
  if (route.kind === 'write') return send(serving, route, call, asked);
  const ifNoneMatch = header(call, 'if-none-match');
  return answerRead(serving, route, { ...asked, ifNoneMatch, session: header(call, sessionHeader) });
}

async function admitted({ identity }: Serving, route: Route, call: Call): Promise<Asked | Answer> {
  const caller = await authenticate(route, identity, header(call, 'authorization'));
  if (isAnswer(caller)) return caller;
  const checked = await parametersOf(route, call.path, call.url.searchParams);
  if (isAnswer(checked)) return checked;
  if (route.authorize?.(caller.who, checked.parameters) === false) return answer('unauthorized');
  return { ...caller, ...checked };
}

function header({ request }: Call, name: string): string | undefined {
  return request.headers.get(name) ?? undefined;
}

async function send({ legacy }: Serving, route: WriteRoute, call: Call, asked: Asked): Promise<Answer> {
  const read = await requestBody(route, call.request, maxBodyBytes);
  if (isAnswer(read)) return read;
  const { requestId, traceparent } = call;
  const idempotencyKey = header(call, 'idempotency-key');
  return write(route, legacy, { ...asked, ...read, idempotencyKey, traceparent, requestId });
}
