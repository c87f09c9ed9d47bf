import { timeout, TimeoutStrategy, type TimeoutPolicy } from 'cockatiel';
import { BanyanError, once, type Closeable, type Logger } from 'banyan/runtime';
import { admission, type Admission, type Concurrency } from './admission.ts';
import { readBody } from './body.ts';
import type { Caller } from './caller.ts';
import { failureOf } from './failure.ts';
import { verdict, type LegacyResult } from './result.ts';
import { watchSending } from './sending.ts';
import { childTrace } from './trace.ts';

/** One write to the monolith's API. */
export interface LegacyWrite {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Encoded, from "/" on; behind the base URL's own path. */
  readonly path: string;
  /** Sent as JSON; undefined sends no body. */
  readonly body: unknown;
  /** Undefined on a public route: no identity is passed on. */
  readonly who: Caller | undefined;
  /** The client's own key, by which a monolith that knows such keys sees a repetition. */
  readonly idempotencyKey?: string;
  /** The trace to continue; a new one begins without it. */
  readonly traceparent?: string;
}

/** How the monolith learns who calls: by the caller's own token, or by headers made of the caller. */
export type LegacyIdentity = 'pass-on' | ((who: Caller) => Readonly<Record<string, string>>);

/** How to reach the monolith. */
export interface LegacyAdapterOptions {
  /** `http` or `https`; a path of it stays in front of every legacy path. */
  readonly baseUrl: string;
  readonly identity: LegacyIdentity;
  /** Milliseconds from sending to the end of the answer. Default 10,000. */
  readonly timeoutMs?: number;
  readonly concurrency?: Concurrency;
  /** Bytes of an answer that are read. Default 1 MiB. */
  readonly maxAnswerBytes?: number;
  readonly logger: Logger;
}

/** The only writer: calls the monolith's own API. */
export interface LegacyAdapter extends Closeable {
  /** Sends a write once. Never throws for what the monolith or the network does. */
  write(write: LegacyWrite): Promise<LegacyResult>;
}

/**
 * Makes the adapter. It repeats nothing and follows no redirect; a client that goes away does not end a write.
 * @throws BanyanError LEGACY_URL_INVALID
 */
export function createLegacyAdapter(options: LegacyAdapterOptions): LegacyAdapter {
  const base = baseOf(options.baseUrl);
  const admit = admission(options.concurrency ?? {});
  const limit = timeout(options.timeoutMs ?? 10_000, TimeoutStrategy.Cooperative);
  const underWay = new Set<Promise<LegacyResult>>();
  let closed = false;

  const write = async (request: LegacyWrite): Promise<LegacyResult> => {
    if (closed) return { kind: 'notSent', reason: 'closed' };
    const running = run(base, admit, limit, options, request);
    underWay.add(running);
    try {
      return await running;
    } finally {
      underWay.delete(running);
    }
  };
  const close = once(async () => {
    closed = true;
    await Promise.allSettled(underWay);
  });
  return { write, close };
}

async function run(
  base: URL,
  admit: Admission,
  limit: TimeoutPolicy,
  options: LegacyAdapterOptions,
  write: LegacyWrite,
): Promise<LegacyResult> {
  const traceparent = childTrace(write.traceparent);
  const request = checkedRequest(urlOf(base, write.path), requestOf(write, options.identity, traceparent));
  const maxBytes = options.maxAnswerBytes ?? 1_048_576;
  const done = await admit(() => limit.execute(({ signal }) => send(request, traceparent, signal, maxBytes)));
  const result: LegacyResult = typeof done === 'string' ? { kind: 'notSent', reason: done } : done;
  if (result.kind === 'unknown' || result.kind === 'failed' || result.kind === 'notSent') {
    // The method and the trace, not the path: a path may name a person.
    options.logger.warn({ method: write.method, traceparent, result }, 'legacy write did not succeed');
  }
  return result;
}

async function send(
  request: Request,
  traceparent: string,
  signal: AbortSignal,
  maxBytes: number,
): Promise<LegacyResult> {
  const sending = watchSending(traceparent);
  try {
    return await resultOf(await fetch(request, { signal }), signal, maxBytes);
  } catch (error) {
    return failureOf(error, sending.phase(), signal.aborted);
  } finally {
    sending.end();
  }
}

async function resultOf(response: Response, signal: AbortSignal, maxBytes: number): Promise<LegacyResult> {
  const { status } = response;
  const said = verdict(status);
  if (said === 'failed' || said === 'redirected' || said === 'proxyFailed') {
    // Nothing of such a body is for anybody; what arrives of it must not hold the connection.
    await response.body?.cancel().catch(() => undefined);
    return said === 'failed' ? { kind: 'failed', status } : { kind: 'unknown', reason: said, status };
  }
  const read = await readBody(response, maxBytes);
  const body = read.kind === 'whole' ? read.body : undefined;
  if (said === 'refused') {
    return { kind: 'refused', status, body, retryAfter: response.headers.get('retry-after') ?? undefined };
  }
  // A monolith may send its status before it commits, so half an answer proves nothing.
  if (read.kind === 'broken') {
    return { kind: 'unknown', reason: signal.aborted ? 'timeout' : 'answerBroken', status };
  }
  return read.kind === 'tooLarge' ? { kind: 'acceptedUnread', status } : { kind: 'accepted', status, body };
}

/**
 * @throws BanyanError LEGACY_REQUEST_INVALID before anything is sent. The cause is left out: it repeats the value of
 * the header, which may be a secret.
 */
function checkedRequest(url: URL, init: RequestInit): Request {
  try {
    return new Request(url, init);
  } catch {
    throw new BanyanError(
      'LEGACY_REQUEST_INVALID',
      'A header of the request to the monolith has a name or value that HTTP does not allow. Correct `identity` of ' +
        'the legacy adapter. Nothing was sent.',
    );
  }
}

function requestOf(write: LegacyWrite, identity: LegacyIdentity, traceparent: string): RequestInit {
  const body = write.body === undefined ? undefined : JSON.stringify(write.body);
  return {
    method: write.method,
    redirect: 'manual',
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(write.who === undefined ? {} : identityHeaders(write.who, identity)),
      ...(write.idempotencyKey === undefined ? {} : { 'idempotency-key': write.idempotencyKey }),
      traceparent,
    },
    ...(body === undefined ? {} : { body }),
  };
}

function identityHeaders(who: Caller, identity: LegacyIdentity): Readonly<Record<string, string>> {
  return identity === 'pass-on' ? { authorization: `Bearer ${who.token}` } : identity(who);
}

function baseOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const fine = url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
  // fetch refuses a URL with a password in it, and a log of it would tell the password.
  if (fine && url.username === '' && url.password === '') return url;
  throw new BanyanError(
    'LEGACY_URL_INVALID',
    'The base URL of the monolith is not valid: expected http:// or https://, a host, and at most a path ' +
      '(no user, password, query or fragment). Correct `baseUrl` of the legacy adapter.',
  );
}

/** @throws BanyanError LEGACY_PATH_INVALID when the path would leave the base URL. */
function urlOf(base: URL, path: string): URL {
  const prefix = base.pathname.replace(/\/$/, '');
  const url = new URL(base.origin + prefix + path);
  // The URL parser resolves dot segments, however they are encoded; a path that changed thereby was an attempt.
  if (path.startsWith('/') && url.origin === base.origin && url.pathname === prefix + path) return url;
  throw new BanyanError(
    'LEGACY_PATH_INVALID',
    'A legacy path must begin with "/", be encoded, and have no dot segments and no query. Correct `to` of the route.',
  );
}
