import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What a function answered. */
export type Answer =
  | { readonly kind: 'response'; readonly response: unknown }
  | { readonly kind: 'error'; readonly errorType: string; readonly errorMessage: string };

interface Invoked {
  readonly requestId: string;
  readonly answered: (answer: Answer) => void;
}

const version = '/2018-06-01/runtime';

interface RuntimeApiOptions {
  /** Told what the function said when it could not begin. */
  readonly initFailed: (error: unknown) => void;
  /** The trace header of each invocation. */
  readonly traceHeader?: string;
}

const notSampled = 'Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0';

/**
 * Lambda's Runtime API for one execution environment: the function asks for the next invocation, and tells its answer.
 * It is idle between its answer and the next invocation; there Lambda freezes it.
 */
export class RuntimeApi {
  readonly #server: Server;
  readonly #initFailed: (error: unknown) => void;
  readonly #traceHeader: string;
  #waiting: ServerResponse | undefined;
  #idle: (() => void)[] = [];
  #current: Invoked | undefined;
  #invocations = 0;

  private constructor({ initFailed, traceHeader = notSampled }: RuntimeApiOptions) {
    this.#initFailed = initFailed;
    this.#traceHeader = traceHeader;
    this.#server = createServer((request, response) => {
      this.#take(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    // A frozen function is silent for as long as it likes.
    this.#server.requestTimeout = 0;
    this.#server.keepAliveTimeout = 0;
  }

  static async start(options: RuntimeApiOptions): Promise<RuntimeApi> {
    const api = new RuntimeApi(options);
    await new Promise<void>((resolve) => api.#server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  /** For AWS_LAMBDA_RUNTIME_API. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when the function waits for an invocation. */
  async idle(): Promise<void> {
    if (!this.#waiting) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Hands an invocation to the function, which must be idle. @param deadline when its time is over, as `Date.now()` */
  invoke(event: unknown, deadline: number): Promise<Answer> {
    const waiting = this.#waiting;
    if (!waiting) throw new Error('The function is not idle.');
    this.#waiting = undefined;
    this.#invocations += 1;
    const requestId = `00000000-0000-4000-8000-${String(this.#invocations).padStart(12, '0')}`;
    return new Promise((answered) => {
      this.#current = { requestId, answered };
      waiting.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': requestId,
        'lambda-runtime-deadline-ms': String(deadline),
        'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:000000000000:function:test',
        'lambda-runtime-trace-id': this.#traceHeader,
      });
      waiting.end(JSON.stringify(event));
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path === `${version}/invocation/next`) {
      this.#waiting = response;
      for (const idle of this.#idle.splice(0)) idle();
      return;
    }
    const body = await text(request);
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
    if (path === `${version}/init/error`) this.#initFailed(JSON.parse(body));
    const [, requestId, what] = /\/invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const current = this.#current;
    if (!current || current.requestId !== requestId) return;
    this.#current = undefined;
    current.answered(what === 'response' ? { kind: 'response', response: JSON.parse(body) } : errorOf(body));
  }
}

function errorOf(body: string): Answer {
  const { errorType, errorMessage } = JSON.parse(body) as { errorType: string; errorMessage: string };
  return { kind: 'error', errorType, errorMessage };
}
