import { once, type Closeable } from 'banyan/runtime';
import {
  startEnvironment,
  type EnvironmentOptions,
  type ExecutionEnvironment,
  type Invoked,
} from './execution-environment.ts';

/** A function with one execution environment at a time, as with a reserved concurrency of one. */
export interface LambdaFunction extends Closeable {
  /** Milliseconds that the last invocation took that was answered; of a warm environment. 0 before there is one. */
  readonly lastMs: number;
  /** Invokes it, after what was invoked before; one that died is replaced first. @throws when none can be started */
  invoke(event: unknown): Promise<Invoked>;
  /** Ends the environment wherever it is. */
  kill(): void;
}

/** Starts a function; once this resolves its first environment is ready. @throws when it cannot begin */
export async function startFunction(options: EnvironmentOptions): Promise<LambdaFunction> {
  const started = new OneAtATime(options);
  await started.begin();
  return started;
}

class OneAtATime implements LambdaFunction {
  lastMs = 0;
  readonly #options: EnvironmentOptions;
  #current: ExecutionEnvironment | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Whether the current environment was killed: it may take its process a moment to end. */
  #isKilled = false;
  #isClosed = false;

  constructor(options: EnvironmentOptions) {
    this.#options = options;
  }

  async begin(): Promise<ExecutionEnvironment> {
    if (this.#current?.isAlive && !this.#isKilled) return this.#current;
    await this.#current?.close();
    if (this.#isClosed) throw new Error('The function was removed.');
    return this.#start();
  }

  async #start(): Promise<ExecutionEnvironment> {
    const environment = await startEnvironment(this.#options);
    this.#current = environment;
    this.#isKilled = false;
    if (this.#isClosed) this.kill();
    return environment;
  }

  invoke(event: unknown): Promise<Invoked> {
    const invoked = this.#last.then(() => this.#invoke(event));
    this.#last = invoked.catch(() => undefined);
    return invoked;
  }

  async #invoke(event: unknown): Promise<Invoked> {
    const environment = await this.begin();
    const began = performance.now();
    const invoked = await environment.invoke(event);
    if (invoked.kind === 'response') this.lastMs = performance.now() - began;
    return invoked;
  }

  kill(): void {
    this.#isKilled = true;
    this.#current?.kill();
  }

  readonly close = once(async () => {
    this.#isClosed = true;
    this.kill();
    await this.#last;
    await this.#current?.close();
  });
}
