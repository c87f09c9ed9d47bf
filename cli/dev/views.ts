import { eventLogName, type EventLogRef } from 'banyan/events';
import { subscriptionName, type Generation, type Projector, type Stuck } from 'banyan/projections';
import type { ReplayGroup } from 'banyan/replay';
import { closeAll, isBanyanError, once, type Closeable } from 'banyan/runtime';
import { isFed } from '../fed-generations.ts';
import type { Fed, Feeder } from './feeding.ts';
import { codeOf, makeFirst, type GroupCode } from './group-code.ts';
import { createProblems, isOwnFault, type PartOptions, type Problems } from './parts.ts';
import type { StageTimes } from './stage-times.ts';

/** The projectors of all generations that are fed, each with the bundle that built its generation. */
export interface Views extends Closeable {
  running(): readonly Projector[];
  /** Whether a generation that runs is fed by the log. */
  needs(log: EventLogRef): boolean;
  /** Starts what came and stops what went; what cannot start is told, or thrown when it is the first look. */
  look(isFirst: boolean): Promise<void>;
}

interface ViewsOptions extends PartOptions {
  readonly feeder: Feeder;
  /** Whether the log's translator runs. */
  readonly isTranslated: (log: EventLogRef) => boolean;
}

interface Running {
  readonly generation: Generation;
  readonly fed: Fed;
}

/** Keeps the bundles of the projections that have no generation yet; {@link Views.look} makes and starts them. */
export async function openViews(project: readonly ReplayGroup[], options: ViewsOptions): Promise<Views> {
  return new FedViews(await codeOf(project, options), options);
}

class FedViews implements Views {
  readonly #groups: readonly GroupCode[];
  readonly #options: ViewsOptions;
  readonly #problems: Problems;
  readonly #running = new Map<string, Running>();
  readonly #live = new Map<string, number>();

  constructor(groups: readonly GroupCode[], options: ViewsOptions) {
    this.#groups = groups;
    this.#options = options;
    this.#problems = createProblems(options.logger);
  }

  readonly close = once(() => closeAll([...this.#running.values()].map(({ fed }) => fed)));

  running(): readonly Projector[] {
    return [...this.#running.values()].flatMap(({ fed }) => fed.projectors);
  }

  needs(log: EventLogRef): boolean {
    const name = eventLogName(log);
    return [...this.#running.values()].some(({ generation }) =>
      generation.logs.some((one) => eventLogName(one) === name),
    );
  }

  async look(isFirst: boolean): Promise<void> {
    await this.#endReleased();
    const wanted: string[] = [];
    for (const group of this.#groups) wanted.push(...(await this.#lookAt(group, isFirst)));
    for (const name of [...this.#running.keys()]) if (!wanted.includes(name)) await this.#end(name);
  }

  /** A view that was parked while it ran, and is so no more, begins anew where it stands. */
  async #endReleased(): Promise<void> {
    for (const [name, { generation, fed }] of this.#running)
      if (hasParked(fed) && !(await isParked(generation, this.#options))) await this.#end(name);
  }

  async #end(name: string): Promise<void> {
    const running = this.#running.get(name);
    this.#running.delete(name);
    await running?.fed.close();
  }

  /** @returns the names of the generations that are to run */
  async #lookAt(group: GroupCode, isFirst: boolean): Promise<readonly string[]> {
    const { store, isTranslated } = this.#options;
    await makeFirst(group, store, isTranslated);
    const pointer = await store.pointer(group.name);
    const fed: string[] = [];
    for (const { projection } of group.projections) {
      this.#live.set(projection.name, pointer?.live[projection.name] ?? 0);
      for (const generation of await store.generations(projection.name)) {
        if (!isFed(generation, pointer)) continue;
        fed.push(subscriptionName(generation));
        if (!this.#running.has(subscriptionName(generation))) await this.#start(generation, isFirst);
      }
    }
    return fed;
  }

  async #start(generation: Generation, isFirst: boolean): Promise<void> {
    const { store, isTranslated } = this.#options;
    const name = subscriptionName(generation);
    const missing = generation.logs.filter((log) => !isTranslated(log)).map(eventLogName);
    if (missing.length > 0) {
      this.#problems.tell(name, `View ${name} waits for ${missing.join(', ')}.`);
      return;
    }
    try {
      const { parked } = await store.tracking(generation);
      if (parked) {
        this.#problems.tell(name, standsStill(generation, parked));
        return;
      }
      this.#running.set(name, { generation, fed: await startOne(generation, this.#live, this.#options) });
      this.#problems.solved(name);
    } catch (error) {
      if (isFirst && !isOwnFault(error)) throw error;
      this.#problems.tell(name, error);
    }
  }
}

/** Whether one of its projectors met an event whose key it could not tell. */
function hasParked({ projectors }: Fed): boolean {
  return projectors
    .map((projector) => projector.status().state)
    .some((state) => state.kind === 'failed' && isBanyanError(state.error, 'PROJECTION_FAILED'));
}

async function isParked(generation: Generation, { store }: ViewsOptions): Promise<boolean> {
  try {
    return (await store.tracking(generation)).parked !== undefined;
  } catch (error) {
    // Dropped: the look that goes on finds that out.
    if (isBanyanError(error, 'GENERATION_UNKNOWN')) return true;
    throw error;
  }
}

function standsStill(generation: Generation, { eventId, message }: Stuck): string {
  const { projection } = generation;
  return (
    `View ${subscriptionName(generation)} is parked at event ${eventId}: ${message}. It is not fed until it is let go on: ` +
    `correct it and replay (banyan replay start ${projection}), or banyan parked retry ${projection}.`
  );
}

async function startOne(
  generation: Generation,
  live: ReadonlyMap<string, number>,
  { bundles, feeder, times }: ViewsOptions,
): Promise<Fed> {
  const { logs } = generation;
  const fed = await feeder.feed(generation, await bundles.projection(generation.bundle));
  for (const projector of fed.projectors) {
    projector.onProgress(({ progress }) => {
      const isLive = live.get(generation.projection) === generation.number;
      const view = isLive ? generation.projection : subscriptionName(generation);
      for (const log of logs) passed(times, view, log, progress[eventLogName(log)]);
    });
  }
  return fed;
}

function passed(
  times: StageTimes,
  view: string,
  { source }: EventLogRef,
  at: { readonly position: number; readonly index?: number } | undefined,
): void {
  if (at) times.passed(source, `in view ${view}`, at.index === undefined ? at.position : at.position - 1);
}
