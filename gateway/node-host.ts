import { once as emitted } from 'node:events';
import { STATUS_CODES, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import { BanyanError, once, type Closeable } from 'banyan/runtime';
import { answer, bodyOf, outcomes, type Outcome } from './answer.ts';

/** What a gateway is served with. */
export interface ServeGatewayOptions {
  /** A gateway's application. */
  readonly app: { fetch(request: Request): Response | Promise<Response> };
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** The group's name, for messages. */
  readonly group: string;
}

/** A gateway that listens. `close` lets requests in flight end, for five seconds at most. */
export interface ServedGateway extends Closeable {
  /** Without a slash at the end. */
  readonly url: string;
}

/** Milliseconds. A client that sends slowly must not hold a connection. */
const limits = { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 };
const graceMs = 5_000;

/**
 * Serves a gateway on this machine.
 * @throws BanyanError GATEWAY_PORT_IN_USE, GATEWAY_NOT_LISTENING
 */
export async function serveGateway(options: ServeGatewayOptions): Promise<ServedGateway> {
  const { app, host = '127.0.0.1', port, group } = options;
  const server = createAdaptorServer({
    fetch: (request) => app.fetch(request),
    overrideGlobalObjects: false,
    serverOptions: { ...limits, connectionsCheckingInterval: 5_000 },
  }) as Server;
  server.on('clientError', refuse);
  let closing = false;
  server.on('request', (_request, response) => {
    // A connection whose last answer has gone out would else stay until its keep-alive ends.
    response.once('close', () => {
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
  });
  try {
    server.listen(port, host);
    await emitted(server, 'listening');
  } catch (error) {
    throw notListening(error as NodeJS.ErrnoException, { group, host, port });
  }
  const close = once(async () => {
    closing = true;
    const closed = emitted(server, 'close');
    server.close();
    server.closeIdleConnections();
    const end = setTimeout(() => server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(end);
  });
  const { port: bound } = server.address() as AddressInfo;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`, close };
}

function notListening(
  error: NodeJS.ErrnoException,
  details: { readonly group: string; readonly host: string; readonly port: number },
): BanyanError {
  const { group, host, port } = details;
  const what = `The gateway of group "${group}" cannot listen on ${host}, port ${port}`;
  if (error.code === 'EADDRINUSE') {
    return new BanyanError(
      'GATEWAY_PORT_IN_USE',
      `${what}: another program does. End that one, or set another port under "gateways.ports.${group}" (0 takes a free one).`,
      { details, cause: error },
    );
  }
  return new BanyanError(
    'GATEWAY_NOT_LISTENING',
    `${what} (${error.code ?? error.message}). Give an address of this machine and a port that this user may take.`,
    { details, cause: error },
  );
}

/** What Node's parser refuses never becomes a request; it is answered on the socket, with the standard body too. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const outcome = parserErrors[error.code ?? ''] ?? 'badRequest';
  const message = outcome === 'badRequest' ? 'This is not an HTTP request.' : outcomes[outcome].means;
  const body = JSON.stringify(bodyOf(answer(outcome, { message })));
  const { code } = outcomes[outcome];
  socket.end(
    `HTTP/1.1 ${code} ${STATUS_CODES[code] ?? ''}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

const parserErrors: Readonly<Record<string, Outcome>> = {
  HPE_HEADER_OVERFLOW: 'headersTooLarge',
  ERR_HTTP_REQUEST_TIMEOUT: 'requestTimeout',
};
