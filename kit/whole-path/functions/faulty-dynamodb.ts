import { once, type Closeable } from 'banyan/runtime';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to one call of DynamoDB on its way. */
export type Fault =
  | 'none'
  /** Refused before anything is done, as under load. */
  | 'throttled'
  /** Refused as if somebody else had written the item, or had a transaction on it. */
  | 'condition'
  /** Done, and nobody hears of it. */
  | 'lost-answer'
  /** A part of a batch is not done. */
  | 'unprocessed';

/** A DynamoDB that fails as AWS says it may. */
export interface FaultyDynamodb extends Closeable {
  readonly endpoint: string;
  /** How often each fault was met. */
  readonly counts: Readonly<Record<Fault, number>>;
}

interface FaultyOptions {
  /** The endpoint that answers. */
  readonly endpoint: string;
  /** Decides for each call, by its operation (`PutItem`). A fault that the operation cannot have is `none`. */
  readonly faultOf: (operation: string) => Fault;
}

/** The keys of each table in a batch, and all that a transaction does. */
interface Body {
  readonly RequestItems?: Readonly<Record<string, { readonly Keys: readonly unknown[] }>>;
  readonly TransactItems?: readonly unknown[];
}

const json = { 'content-type': 'application/x-amz-json-1.0' };

/** Puts faults between clients and an endpoint; listens on loopback. */
export async function startFaultyDynamodb({ endpoint, faultOf }: FaultyOptions): Promise<FaultyDynamodb> {
  const counts = { none: 0, throttled: 0, condition: 0, 'lost-answer': 0, unprocessed: 0 };
  const answer = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = asked.headers['x-amz-target'];
    const operation = typeof target === 'string' ? (target.split('.').at(-1) ?? '') : '';
    const body = await bodyOf(asked);
    const fault = possible(faultOf(operation), operation, body);
    counts[fault] += 1;
    if (fault === 'throttled') refuse(response, 'ProvisionedThroughputExceededException', {});
    else if (fault === 'condition') refuse(response, ...conditionError(operation, body));
    else await pass(endpoint, asked, body, fault, response);
  };
  const server = createServer((asked, response) => {
    // Whoever asked has been killed, or is told by the broken connection.
    answer(asked, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    counts,
    close: once(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }),
  };
}

function possible(fault: Fault, operation: string, body: string): Fault {
  if (fault === 'condition' && !body.includes('"ConditionExpression"')) return 'none';
  if (fault === 'unprocessed' && operation !== 'BatchGetItem') return 'none';
  return fault;
}

async function pass(
  endpoint: string,
  asked: IncomingMessage,
  body: string,
  fault: Fault,
  response: ServerResponse,
): Promise<void> {
  const split = fault === 'unprocessed' ? halved(body) : undefined;
  const { status, text } = await forward(endpoint, asked, split?.now ?? body);
  if (fault === 'lost-answer') response.destroy();
  else response.writeHead(status, json).end(split ? withUnprocessed(text, split.later) : text);
}

function conditionError(operation: string, body: string): [code: string, more: object] {
  if (operation !== 'TransactWriteItems') return ['ConditionalCheckFailedException', {}];
  const { TransactItems = [] } = JSON.parse(body) as Body;
  const reasons = TransactItems.map((_, at) => ({ Code: at === 0 ? 'TransactionConflict' : 'None' }));
  return ['TransactionCanceledException', { CancellationReasons: reasons }];
}

function refuse(response: ServerResponse, code: string, more: object): void {
  const error = { __type: `com.amazonaws.dynamodb.v20120810#${code}`, message: 'made by the test', ...more };
  response.writeHead(400, json).end(JSON.stringify(error));
}

/** The first half of each table's keys is asked for now; the others come back as they were given. */
function halved(body: string): { readonly now: string; readonly later: object } {
  const asked = JSON.parse(body) as Required<Body>;
  const part = (of: (keys: readonly unknown[], middle: number) => readonly unknown[]): object =>
    Object.fromEntries(
      Object.entries(asked.RequestItems)
        .map(
          ([table, one]) => [table, { ...one, Keys: of(one.Keys, Math.ceil(one.Keys.length / 2)) }] as const,
        )
        .filter(([, { Keys }]) => Keys.length > 0),
    );
  const now = { ...asked, RequestItems: part((keys, middle) => keys.slice(0, middle)) };
  return { now: JSON.stringify(now), later: part((keys, middle) => keys.slice(middle)) };
}

function withUnprocessed(text: string, later: object): string {
  const answered = JSON.parse(text) as { readonly UnprocessedKeys?: object };
  return JSON.stringify({ ...answered, UnprocessedKeys: { ...answered.UnprocessedKeys, ...later } });
}

function forward(
  endpoint: string,
  asked: IncomingMessage,
  body: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const headers = Object.fromEntries(
    Object.entries(asked.headers).filter(([name]) => name !== 'host' && name !== 'content-length'),
  );
  return new Promise((resolve, reject) => {
    const sent = request(endpoint, { method: 'POST', path: asked.url ?? '/', headers }, (response) => {
      bodyOf(response).then((text) => resolve({ status: response.statusCode ?? 500, text }), reject);
    });
    sent.once('error', reject).end(body);
  });
}

async function bodyOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
