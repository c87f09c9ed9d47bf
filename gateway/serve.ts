import type { Caller, LegacyAdapter } from 'banyan/legacy-adapter';
import type { ViewStore } from 'banyan/projections';
import { answer, isAnswer, type Answer } from './answer.ts';
import { authenticate } from './authentication.ts';
import type { Call } from './call.ts';
import type { Identity } from './identity.ts';
import type { Live } from './live.ts';
import { parametersOf, type Parameters } from './parameters.ts';
import { readDocument } from './read-document.ts';
import { readPage } from './read-page.ts';
import { requestBody } from './request-body.ts';
import type { ReadRoute, Route, WriteRoute } from './route.ts';
import { viewsOf } from './views.ts';
import { write } from './write.ts';

/** What routes are served with. */
export interface Serving {
  readonly group: string;
  readonly store: ViewStore;
  readonly live: Live;
  readonly identity: Identity | undefined;
  readonly legacy: LegacyAdapter | undefined;
}

/** Documents on a page. */
export const pageSizes = { usual: 50, most: 1000 };
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
  return route.kind === 'read' ? read(serving, route, call, asked) : send(serving, route, call, asked);
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

async function read(serving: Serving, route: ReadRoute, call: Call, asked: Asked): Promise<Answer> {
  const { store, live, group } = serving;
  const request = { ...asked, ifNoneMatch: header(call, 'if-none-match') };
  return live.read(async (pointer) => {
    // What an answer was made of is gathered anew when the read runs once more.
    const views = viewsOf(store, group, pointer);
    return route.read.kind === 'key'
      ? readDocument(route, route.read, views, request)
      : readPage(route.read, views, store, { ...request, sizes: pageSizes });
  });
}

async function send({ legacy }: Serving, route: WriteRoute, call: Call, asked: Asked): Promise<Answer> {
  const read = await requestBody(route, call.request, maxBodyBytes);
  if (isAnswer(read)) return read;
  const { requestId, traceparent } = call;
  const idempotencyKey = header(call, 'idempotency-key');
  return write(route, legacy, { ...asked, ...read, idempotencyKey, traceparent, requestId });
}
