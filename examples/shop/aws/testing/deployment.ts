import { setTimeout as wait } from 'node:timers/promises';
import { subscriptionPattern, tallyPattern } from 'banyan/events/eventbridge';
import type { Generation, ViewStore } from 'banyan/projections';
import type { BundleStore } from 'banyan/replay';
import { closeAll, once, silentLogger, type Closeable } from 'banyan/runtime';
import type { Group } from 'banyan/catalog';
import { viewFunctions } from '../view-functions.ts';
import { startEventSource, type EventSource } from './event-source.ts';
import { makeRuleQueue, type AwsPlace, type RuleQueue } from './queues.ts';

/** What the functions are deployed with. */
export interface DeploymentOptions extends AwsPlace {
  readonly store: ViewStore;
  readonly bundles: BundleStore;
  /** Where `banyan run` keeps the logs. */
  readonly directory: string;
  readonly groups: readonly Pick<Group, 'name' | 'projections'>[];
  /** Milliseconds after which what a tally misses is taken from the event log. */
  readonly healAfterMs: number;
  /** Before and after each invocation of a projector: a throw fails its batch. */
  readonly disturb: () => void;
}

/** A generation with its rule, its queue and its functions. */
export interface Deployed extends Closeable {
  readonly generation: Generation;
  readonly events: RuleQueue;
  readonly source: EventSource;
}

/** The functions of the generations, as a deployment makes them. */
export class Deployment implements Closeable {
  readonly deployed = new Map<string, Deployed>();
  readonly #options: DeploymentOptions;
  readonly #closing = new AbortController();
  #following: Promise<void> = Promise.resolve();

  constructor(options: DeploymentOptions) {
    this.#options = options;
  }

  /** Deploys what is live or ready and was not deployed. */
  async look(): Promise<void> {
    const { groups, store } = this.#options;
    for (const { name, projections } of groups) {
      for (const projection of projections) {
        for (const generation of await store.generations(projection.name)) {
          const isFed = ['live', 'ready'].includes(generation.state.kind);
          const id = nameOf(generation);
          if (isFed && !this.deployed.has(id)) await this.#deploy(id, generation, name);
        }
      }
    }
  }

  /** Looks again and again, as a pipeline that deploys what a replay has built. */
  follow(): void {
    const loop = async (): Promise<void> => {
      while (!this.#closing.signal.aborted) {
        await this.look();
        await wait(200, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
    };
    this.#following = loop();
    // Told when it is closed.
    this.#following.catch(() => undefined);
  }

  readonly close = once(async () => {
    this.#closing.abort();
    await closeAll([...this.deployed.values(), { close: () => this.#following }]);
  });

  async #deploy(id: string, generation: Generation, group: string): Promise<void> {
    const { bundles, queues, disturb } = this.#options;
    const projection = await bundles.projection(generation.bundle);
    const functions = await viewFunctions({
      ...{ ...this.#options, generation, projection, group },
      ...{ logger: silentLogger, metrics: noMetrics },
    });
    const subscription = { name: id, logs: generation.logs, types: [...projection.handlers.keys()] };
    const events = await makeRuleQueue(this.#options, id, subscriptionPattern(subscription));
    const tallies = await makeRuleQueue(this.#options, `${id}.tallies`, tallyPattern(generation.logs));
    const source = startEventSource({ queues, url: events.url, invoke: functions.projector, disturb });
    const ticking = startEventSource({
      ...{ queues, url: tallies.url, disturb: () => undefined, scheduled: true },
      invoke: (event, context) => functions.tracker(event, context),
    });
    this.deployed.set(id, {
      generation,
      events,
      source,
      close: once(() => closeAll([functions, ticking, source])),
    });
  }
}

const noMetrics = {
  count: () => undefined,
  gauge: () => undefined,
  latency: () => undefined,
  flush: () => undefined,
};

function nameOf({ projection, number }: Generation): string {
  return `${projection}.g${String(number)}`;
}
