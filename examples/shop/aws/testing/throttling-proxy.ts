import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Closeable } from 'banyan/runtime';

/** A proxy before EventBridge that throttles PutEvents. */
export interface ThrottlingProxy extends Closeable {
  readonly url: string;
  /** Calls that were answered with ThrottlingException, and entries that were refused within a call. */
  readonly figures: { calls: number; entries: number };
}

interface PutEvents {
  readonly Entries: readonly object[];
}

interface Result {
  readonly FailedEntryCount: number;
  readonly Entries: readonly object[];
}

/**
 * Passes calls on; of PutEvents, a quarter is refused as a whole and a quarter entry by entry, as AWS does where the
 * quota is used up.
 * @param random numbers in [0, 1)
 */
export async function startThrottlingProxy(
  upstream: string,
  random: () => number = Math.random,
): Promise<ThrottlingProxy> {
  const figures = { calls: 0, entries: 0 };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await textOf(request);
    const isPut = request.headers['x-amz-target'] === 'AWSEvents.PutEvents';
    const fate = isPut ? random() : 1;
    if (fate < 0.25) {
      figures.calls += 1;
      send(response, 400, { __type: 'ThrottlingException', message: 'Rate exceeded' });
      return;
    }
    const pass = (text: string) => passOn(upstream, request, text);
    if (fate < 0.5) {
      send(response, 200, await partly(JSON.parse(body) as PutEvents, pass, { random, figures }));
      return;
    }
    const { status, text } = await pass(body);
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(text);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      send(response, 500, { __type: 'InternalException', message: String(error) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    figures,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type PassOn = (body: string) => Promise<{ readonly status: number; readonly text: string }>;

/** Some of the entries go in; the others are answered as throttled, each in its place. */
async function partly(
  { Entries }: PutEvents,
  pass: PassOn,
  { random, figures }: { readonly random: () => number; readonly figures: ThrottlingProxy['figures'] },
): Promise<Result> {
  const isIn = Entries.map(() => random() < 0.5);
  const taken = Entries.filter((_, at) => isIn[at]);
  const { text } = taken.length > 0 ? await pass(JSON.stringify({ Entries: taken })) : { text: '{}' };
  const results = [...((JSON.parse(text) as Partial<Result>).Entries ?? [])];
  const refused = { ErrorCode: 'ThrottlingException', ErrorMessage: 'Rate exceeded' };
  const answers = isIn.map((one) => (one ? (results.shift() ?? refused) : refused));
  figures.entries += isIn.filter((one) => !one).length;
  return { FailedEntryCount: answers.filter((one) => 'ErrorCode' in one).length, Entries: answers };
}

async function passOn(
  upstream: string,
  { headers, url = '/' }: IncomingMessage,
  body: string,
): ReturnType<PassOn> {
  const kept = ['content-type', 'x-amz-target', 'authorization', 'x-amz-date'];
  const sent = Object.fromEntries(
    kept.flatMap((name) => (headers[name] ? [[name, String(headers[name])]] : [])),
  );
  const answered = await fetch(`${upstream}${url}`, { method: 'POST', headers: sent, body });
  return { status: answered.status, text: await answered.text() };
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}
