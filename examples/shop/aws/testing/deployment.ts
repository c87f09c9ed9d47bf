import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { subscriptionPattern, tallyPattern } from 'banyan/events/eventbridge';
import { subscriptionName, type Generation, type ViewStore } from 'banyan/projections';
import type { BundleStore } from 'banyan/replay';
import { closeAll, once, type Closeable } from 'banyan/runtime';
import type { Group } from 'banyan/catalog';
import { startFunction, type LambdaFunction } from '../../../../kit/lambda/lambda-function.ts';
import { noAccident, withAccidents, type Accident, type InvokedFunction } from './accidents.ts';
import { startEventSource, type EventSource } from './event-source.ts';
import { packageFunction, type FunctionName } from './function-package.ts';
import { makeRuleQueue, type AwsPlace, type RuleQueue } from './queues.ts';

/** What the functions are deployed with. */
export interface DeploymentOptions extends AwsPlace {
  readonly store: ViewStore;
  readonly bundles: BundleStore;
  readonly groups: readonly Pick<Group, 'name' | 'projections'>[];
  /** Of the project; the functions get of it what is theirs. */
  readonly env: Readonly<Record<string, string>>;
  /** The `node_modules` folder that has Lambda's runtime client. */
  readonly runtimeClient: string;
  /** Milliseconds after which what a tally misses is taken from the event log. */
  readonly healAfterMs: number;
  /** Asked before each invocation of a projector. */
  readonly accident: () => Accident;
}

/** A generation with its rule, its queue and its projector. */
export interface Deployed {
  readonly generation: Generation;
  readonly events: RuleQueue;
  readonly source: EventSource;
  readonly projector: InvokedFunction;
}

/** The functions of the generations, as a deployment makes them: a projector each, and a tracker for those of a group. */
export class Deployment implements Closeable {
  readonly deployed = new Map<string, Deployed>();
  readonly #options: DeploymentOptions;
  readonly #closing = new AbortController();
  readonly #started: Closeable[] = [];
  #looking: Promise<unknown> = Promise.resolve();
  #following: Promise<void> = Promise.resolve();
  #failed: { readonly error: unknown } | undefined;

  constructor(options: DeploymentOptions) {
    this.#options = options;
  }

  /** Deploys what is or shall be fed and was not deployed; after a look that is under way. */
  look(): Promise<void> {
    const looked = this.#looking.then(() => this.#look());
    this.#looking = looked.catch(() => undefined);
    return looked;
  }

  /** Looks again and again, as a pipeline that deploys what a replay builds. */
  follow(): void {
    const loop = async (): Promise<void> => {
      while (!this.#closing.signal.aborted) {
        // A function may find its logs a moment later. What failed to the end is told when this is closed.
        this.#failed = await this.look().then(
          () => undefined,
          (error: unknown) => ({ error }),
        );
        await wait(200, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    };
    this.#following = loop();
  }

  readonly close = once(async () => {
    this.#closing.abort();
    await this.#following;
    await this.#looking;
    await closeAll(this.#started);
    if (this.#failed) throw this.#failed.error;
  });

  async #look(): Promise<void> {
    const { groups, store } = this.#options;
    for (const { name, projections } of groups) {
      const found: Generation[] = [];
      for (const projection of projections) {
        for (const generation of await store.generations(projection.name)) {
          const isFed = !['retired', 'failed'].includes(generation.state.kind);
          if (isFed && !this.deployed.has(subscriptionName(generation))) found.push(generation);
        }
      }
      const [first, ...others] = found;
      if (first && !this.#closing.signal.aborted) await this.#deploy(name, [first, ...others]);
    }
  }

  async #deploy(group: string, generations: readonly [Generation, ...Generation[]]): Promise<void> {
    const started: Closeable[] = [];
    try {
      const deployed: Deployed[] = [];
      for (const generation of generations)
        deployed.push(await this.#deployProjector(group, generation, started));
      await this.#deployTracker(group, generations, started);
      for (const one of deployed) this.deployed.set(subscriptionName(one.generation), one);
    } catch (error) {
      await closeAll(started);
      throw error;
    }
    this.#started.push(...started);
  }

  async #deployProjector(group: string, generation: Generation, started: Closeable[]): Promise<Deployed> {
    const { bundles, queues, accident } = this.#options;
    const id = subscriptionName(generation);
    const { handlers } = await bundles.projection(generation.bundle);
    const subscription = { name: id, logs: generation.logs, types: [...handlers.keys()] };
    const events = await makeRuleQueue(this.#options, id, subscriptionPattern(subscription));
    const lambda = await this.#startFunction('projector', group, [generation], started);
    const projector = withAccidents(lambda, accident);
    const source = startEventSource({ queues, url: events.url, invoke: projector.invoke });
    started.push(source);
    return { generation, events, source, projector };
  }

  async #deployTracker(
    group: string,
    generations: readonly [Generation, ...Generation[]],
    started: Closeable[],
  ): Promise<void> {
    const { queues } = this.#options;
    const logs = generations.flatMap((generation) => generation.logs);
    const name = `${subscriptionName(generations[0])}.tallies`;
    const { url } = await makeRuleQueue(this.#options, name, tallyPattern(logs));
    const lambda = await this.#startFunction('tracker', group, generations, started);
    const { invoke } = withAccidents(lambda, () => noAccident);
    started.push(startEventSource({ queues, url, invoke, scheduled: true }));
  }

  async #startFunction(
    name: FunctionName,
    group: string,
    generations: readonly Generation[],
    started: Closeable[],
  ): Promise<LambdaFunction> {
    const { bundles, env, healAfterMs, runtimeClient } = this.#options;
    const directory = await mkdtemp(join(tmpdir(), 'banyan-shop-function-'));
    started.push({ close: () => rm(directory, { recursive: true, force: true }) });
    const hashes = generations.map(({ bundle }) => bundle);
    await packageFunction(name, bundles, hashes, directory);
    const served = generations.map(({ projection, number }) => `${projection}@${String(number)}`);
    const settings = { GROUP: group, GENERATIONS: served.join(','), HEAL_AFTER_MS: String(healAfterMs) };
    const lambda = await startFunction({
      ...{ runtimeClient, directory },
      env: { ...functionsOwn(env), ...settings },
    });
    started.push(lambda);
    return lambda;
  }
}

/** What a function needs of the project's environment; where the legacy database is, is none of its business. */
function functionsOwn(env: Readonly<Record<string, string>>): Record<string, string> {
  const own = ['VIEWS_PREFIX', 'BANYAN_DIRECTORY', 'DYNAMODB_ENDPOINT'];
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => own.includes(name) || name.startsWith('AWS_')),
  );
}
