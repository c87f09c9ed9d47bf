import type { IncomingMessage, ServerResponse } from 'node:http';
import type pg from 'pg';
import type { Caller } from './sign-in.ts';

/** An answer that is not a success; `message` is for the client. */
export class HttpError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** A request as a handler sees it. */
export interface Call {
  readonly db: pg.Pool;
  readonly caller: Caller;
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
  readonly userAgent: string | undefined;
}

/** What a handler answers. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A route: `GET /api/orders/{id}` and who answers it. */
export interface Route {
  readonly method: string;
  readonly pattern: RegExp;
  readonly handle: (call: Call) => Promise<Answer>;
}

/** Declares a route by its method and path, with parameters in braces. */
export function route(path: string, handle: Route['handle']): Route {
  const [method = '', pathname = ''] = path.split(' ');
  const pattern = new RegExp(`^${pathname.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
  return { method, pattern, handle };
}

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });

const bodyLimit = 1_000_000;

/** Reads a request's JSON body; no body is an empty object. */
export async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new HttpError(413, `a body may have ${String(bodyLimit)} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return {};
  const parsed = parse(Buffer.concat(chunks).toString('utf8'));
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new HttpError(400, 'the body must be a JSON object');
  return parsed as Record<string, unknown>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, 'the body is not JSON');
  }
}

/** Writes an answer as JSON. */
export function send(response: ServerResponse, answer: Answer): void {
  const body = Buffer.from(JSON.stringify(answer.body));
  response.writeHead(answer.status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
  });
  response.end(body);
}
