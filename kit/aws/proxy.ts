import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once, type Closeable } from 'banyan/runtime';
import type { Upstream } from './emulators.ts';
import { createForwarder, type ForwardedService, type Forwarder } from './forward.ts';

/** What a client is answered. */
export interface ProxyAnswer {
  readonly status: number;
  /** JSON. */
  readonly text: string;
}

/** A call on its way from a client to a service. */
export interface ProxiedCall {
  /** `PutItem` */
  readonly operation: string;
  readonly body: string;
  /** Sends it on, or another body in its place. */
  readonly pass: (body?: string) => Promise<ProxyAnswer>;
}

/** Stands before a service, on loopback. */
export interface Proxy extends Closeable {
  readonly endpoint: string;
}

/**
 * Starts a proxy before an emulator or an account; what it passes on is signed anew. Clients are told its endpoint, and
 * sign with whatever credentials they have.
 * @param answer what becomes of a call; undefined, or a throw: the connection is broken, and nobody hears of it
 */
export async function startProxy(
  upstream: Upstream,
  service: ForwardedService,
  answer: (call: ProxiedCall) => Promise<ProxyAnswer | undefined>,
): Promise<Proxy> {
  const forwarder = createForwarder(upstream, service);
  const server = createServer((request, response) => {
    answered(request, response, forwarder, answer).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    close: once(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      forwarder.destroy();
    }),
  };
}

async function answered(
  request: IncomingMessage,
  response: ServerResponse,
  { forward }: Forwarder,
  answer: (call: ProxiedCall) => Promise<ProxyAnswer | undefined>,
): Promise<void> {
  const target = String(request.headers['x-amz-target']);
  const contentType = request.headers['content-type'] ?? '';
  const body = await textOf(request);
  const given = await answer({
    operation: target.slice(target.lastIndexOf('.') + 1),
    body,
    pass: (text = body) => forward({ target, contentType, body: text }),
  });
  if (given) response.writeHead(given.status, { 'content-type': contentType }).end(given.text);
  else response.destroy();
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}
