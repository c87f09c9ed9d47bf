import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type pg from 'pg';
import { openDatabase } from './database.ts';
import { accountRoutes } from './handlers/accounts.ts';
import { catalogueRoutes } from './handlers/catalogue.ts';
import { customerRoutes } from './handlers/customers.ts';
import { orderRoutes } from './handlers/orders.ts';
import { reviewRoutes } from './handlers/reviews.ts';
import { voucherRoutes } from './handlers/vouchers.ts';
import { HttpError, ok, readBody, route, send, type Answer, type Route } from './http.ts';
import { companyTokens, type TokenCheck } from './jwt.ts';
import { createSchema } from './schema.ts';
import { identify } from './sign-in.ts';

/** How to start the shop. */
export interface MonolithOptions {
  readonly databaseUrl: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Where the company's issuer publishes its keys; without it only the shop's own sessions are accepted. */
  readonly jwksUrl?: string;
  /** Told of every failure that a client sees as a 500. */
  readonly onFailure?: (error: unknown) => void;
}

/** The shop, running. */
export interface Monolith {
  /** Without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

const routes: readonly Route[] = [
  route('GET /health', async ({ db }) => ok((await db.query('SELECT true AS healthy')).rows[0])),
  ...accountRoutes,
  ...customerRoutes,
  ...catalogueRoutes,
  ...reviewRoutes,
  ...voucherRoutes,
  ...orderRoutes,
];

/** Starts the shop on loopback, creating its tables in an empty database. */
export async function startMonolith(options: MonolithOptions): Promise<Monolith> {
  const db = openDatabase(options.databaseUrl);
  const company = options.jwksUrl === undefined ? undefined : companyTokens(options.jwksUrl);
  const server = createServer((request, response) => {
    void answer(request, db, company)
      .catch((error: unknown) => failure(error, options.onFailure))
      .then((answered) => send(response, answered));
  });
  try {
    const client = await db.connect();
    await createSchema(client).finally(() => client.release());
    server.listen(options.port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    await db.end();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  let closing: Promise<void> | undefined;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: () => (closing ??= stop(server, db)),
  };
}

async function answer(request: IncomingMessage, db: pg.Pool, company?: TokenCheck): Promise<Answer> {
  const url = new URL(request.url ?? '/', 'http://shop');
  const found = routes
    .filter((one) => one.method === request.method)
    .map((one) => ({ one, match: one.pattern.exec(url.pathname) }))
    .find(({ match }) => match !== null);
  if (!found) throw new HttpError(404, 'there is nothing here');
  const body = await readBody(request);
  return found.one.handle({
    db,
    caller: await identify(db, request.headers.authorization, company),
    parameters: decodeAll(found.match?.groups ?? {}),
    query: url.searchParams,
    body,
    userAgent: request.headers['user-agent'],
  });
}

function decodeAll(groups: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    throw new HttpError(400, 'the address has a malformed escape');
  }
}

function failure(error: unknown, onFailure: MonolithOptions['onFailure']): Answer {
  if (error instanceof HttpError) return { status: error.status, body: { error: error.message } };
  onFailure?.(error);
  return { status: 500, body: { error: 'something went wrong on our side' } };
}

async function stop(server: Server, db: pg.Pool): Promise<void> {
  const closed = once(server, 'close');
  // A connection that is answering now is closed right after its answer.
  server.keepAliveTimeout = 1;
  server.close();
  server.closeIdleConnections();
  await closed;
  await db.end();
}
