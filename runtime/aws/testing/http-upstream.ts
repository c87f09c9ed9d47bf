import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Closeable } from '../../lifecycle.ts';

/** One answer of {@link startUpstream}. */
export type UpstreamAnswer = (answer: ServerResponse) => void;

/** A service on loopback. */
export interface Upstream extends Closeable {
  readonly endpoint: string;
  readonly sockets: ReadonlySet<Socket>;
  readonly calls: readonly IncomingMessage[];
}

/** Starts a service that answers as told, call by call; the last answer for all later ones. */
export async function startUpstream(...answers: readonly UpstreamAnswer[]): Promise<Upstream> {
  const sockets = new Set<Socket>();
  const calls: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    sockets.add(request.socket);
    calls.push(request);
    request.resume().on('end', () => (answers[calls.length - 1] ?? answers.at(-1))?.(response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    calls,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Of DynamoDB: the body, in its protocol. */
export function dynamodbAnswer(status: number, body: object): UpstreamAnswer {
  return (answer) =>
    void answer.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}

/** Of DynamoDB: an error. */
export function dynamodbError(status: number, name: string, message = ''): UpstreamAnswer {
  return dynamodbAnswer(status, { __type: `com.amazonaws.dynamodb.v20120810#${name}`, message });
}
