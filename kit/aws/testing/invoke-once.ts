import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startGuarded } from '../guarded-process.ts';

/**
 * What a handler answers to one event under the real runtime client: the least Runtime API that shows that it works.
 * @param modules the `node_modules` folder that has aws-lambda-ric
 * @param source an ES module that exports `handler`
 */
export async function invokeOnce(modules: string, source: string, event: unknown): Promise<unknown> {
  const directory = await mkdtemp(join(tmpdir(), 'banyan-lambda-'));
  await writeFile(join(directory, 'index.mjs'), source);
  const answers = new EventEmitter<{ answer: [string] }>();
  const answered = once(answers, 'answer').then(([body]) => body as string);
  const server = createServer(oneInvocation(event, (body) => answers.emit('answer', body)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const api = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const client = startGuarded(process.execPath, [join(modules, 'aws-lambda-ric', 'index.mjs')], {
    cwd: directory,
    env: environment(api, directory),
  });
  const died = client.ended.then(
    (how) => `{"ended": "${String(how)}", "said": ${JSON.stringify(client.said())}}`,
  );
  try {
    return JSON.parse(await Promise.race([answered, died]));
  } finally {
    await client.kill();
    server.close();
    server.closeAllConnections();
    await rm(directory, { recursive: true, force: true });
  }
}

/** What the runtime client asks of its environment. */
function environment(api: string, directory: string): NodeJS.ProcessEnv {
  return {
    ...{ PATH: process.env['PATH'], AWS_LAMBDA_RUNTIME_API: api, LAMBDA_TASK_ROOT: directory },
    ...{ _HANDLER: 'index.handler', AWS_LAMBDA_FUNCTION_NAME: 'once', AWS_LAMBDA_FUNCTION_VERSION: '1' },
    ...{ AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128', AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/once' },
    AWS_LAMBDA_LOG_STREAM_NAME: 'once',
  };
}

/** Hands out one event, leaves the second request for one open, and passes on whatever is posted. */
function oneInvocation(event: unknown, posted: (body: string) => void) {
  let handed = false;
  return (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === 'POST') {
      void text(request).then(posted);
      response.writeHead(202).end('{}');
    } else if (!handed) {
      handed = true;
      response.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': 'invocation-1',
        'lambda-runtime-deadline-ms': String(Date.now() + 30_000),
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:once',
      });
      response.end(JSON.stringify(event));
    }
  };
}
