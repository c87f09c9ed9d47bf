import { join } from 'node:path';
import type { Closeable } from 'banyan/runtime';
import { startGuarded, type GuardedProcess } from '../aws/guarded-process.ts';
import { RuntimeApi, type Answer } from './runtime-api.ts';

/** What became of an invocation. */
export type Invoked =
  | Answer
  /** Its time was over, and the environment was ended. */
  | { readonly kind: 'timedOut' }
  /** The process died. */
  | { readonly kind: 'died'; readonly by: string };

/** A function, bundled, and where the runtime client is. */
export interface EnvironmentOptions {
  /** The `node_modules` folder that has `aws-lambda-ric`. */
  readonly runtimeClient: string;
  /** Has `index.mjs`, which exports `handler`. */
  readonly directory: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The trace header of each invocation. Default: of one that is not sampled. */
  readonly traceHeader?: string;
}

/** An execution environment of Lambda: one process with the real runtime client, frozen between invocations. */
export interface ExecutionEnvironment extends Closeable {
  /** From the start of the process to its being ready for an invocation, milliseconds. */
  readonly initMs: number;
  /** What it wrote last, lines of standard output and standard error; the first may be cut. */
  readonly output: readonly string[];
  /** Whether there is a process. */
  readonly isAlive: boolean;
  /** Thaws it, invokes the function, and freezes it behind its answer. @param timeoutMs default 30,000 */
  invoke(event: unknown, timeoutMs?: number): Promise<Invoked>;
  /** Stops it wherever it is. */
  freeze(): void;
  thaw(): void;
  /** Ends it wherever it is. */
  kill(): void;
}

/**
 * Starts an execution environment and waits until the function is ready.
 * @throws when the function cannot begin
 */
export async function startEnvironment(options: EnvironmentOptions): Promise<ExecutionEnvironment> {
  let failed: (error: Error) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => (failed = reject));
  broken.catch(() => undefined);
  const initFailed = (error: unknown): void => failed(new Error(`init failed: ${JSON.stringify(error)}`));
  const api = await RuntimeApi.start({ ...options, initFailed });
  const began = performance.now();
  const environment = new Environment(api, startClient(options, api.address));
  void environment.ended.then((by) => {
    failed(new Error(`the function ended (${by}) before it was ready:\n${environment.output.join('\n')}`));
  });
  try {
    await Promise.race([api.idle(), broken]);
  } catch (error) {
    await environment.close();
    throw error;
  }
  environment.initMs = performance.now() - began;
  environment.freeze();
  return environment;
}

function startClient({ runtimeClient, directory, env }: EnvironmentOptions, address: string): GuardedProcess {
  return startGuarded(process.execPath, [join(runtimeClient, 'aws-lambda-ric', 'index.mjs')], {
    cwd: directory,
    env: {
      PATH: process.env['PATH'],
      AWS_LAMBDA_RUNTIME_API: address,
      _HANDLER: 'index.handler',
      AWS_LAMBDA_FUNCTION_NAME: 'test',
      AWS_LAMBDA_FUNCTION_VERSION: '1',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/test',
      AWS_LAMBDA_LOG_STREAM_NAME: 'test',
      AWS_REGION: 'us-east-1',
      LAMBDA_TASK_ROOT: directory,
      ...env,
    },
  });
}

class Environment implements ExecutionEnvironment {
  initMs = NaN;
  readonly ended: Promise<string>;
  readonly #api: RuntimeApi;
  readonly #process: GuardedProcess;

  constructor(api: RuntimeApi, client: GuardedProcess) {
    this.#api = api;
    this.#process = client;
    this.ended = client.ended.then((how) => (typeof how === 'number' ? `code ${how}` : String(how)));
  }

  get output(): readonly string[] {
    return this.#process
      .said()
      .split('\n')
      .filter((line) => line !== '');
  }

  get isAlive(): boolean {
    return !this.#process.hasEnded();
  }

  async invoke(event: unknown, timeoutMs = 30_000): Promise<Invoked> {
    this.thaw();
    let isOver = false;
    const died = this.ended.then((by): Invoked => (isOver ? { kind: 'timedOut' } : { kind: 'died', by }));
    const answered = this.#api
      .invoke(event, Date.now() + timeoutMs)
      .then(async (answer): Promise<Invoked> => {
        await Promise.race([this.#api.idle(), this.ended]);
        this.freeze();
        return answer;
      });
    const timer = setTimeout(() => {
      isOver = true;
      this.kill();
    }, timeoutMs);
    try {
      return await Promise.race([answered, died]);
    } finally {
      clearTimeout(timer);
    }
  }

  freeze(): void {
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    this.#signal('SIGCONT');
  }

  kill(): void {
    this.#signal('SIGKILL');
  }

  async close(): Promise<void> {
    await this.#process.kill();
    await this.#api.close();
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.isAlive) process.kill(this.#process.pid, signal);
  }
}
