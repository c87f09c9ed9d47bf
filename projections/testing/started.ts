import { afterEach } from '@jest/globals';
import { silentLogger } from 'banyan/runtime';
import type { DomainEvent, Progress } from 'banyan/events';
import { createMemoryViewStore } from '../memory-view-store.ts';
import type { AnyProjection } from '../projection.ts';
import { startProjector, type Projector, type ProjectorOptions } from '../projector.ts';
import type { AtomicViewStore, Document, Generation } from '../view-store.ts';
import { counters } from './counters.ts';
import { allPages, newGeneration } from './examples.ts';
import { createScriptedBus, type ScriptedBus } from './scripted-bus.ts';

/** The log of the example events, and its name. */
export const logs = [{ source: 'shop', translation: 'orders', version: 1 }];
export const log = 'shop:orders@1';

const running: Projector[] = [];

/** To be closed after the test, as every projector of {@link started}. */
export function closedAfterwards(projector: Projector): Projector {
  running.push(projector);
  return projector;
}

afterEach(async () => {
  for (const projector of running.splice(0)) await projector.close();
});

/** A projector and all around it. */
export interface Started {
  readonly store: AtomicViewStore;
  readonly bus: ScriptedBus;
  readonly generation: Generation;
  readonly projector: Projector;
  readonly options: ProjectorOptions;
}

/** Starts a projector, in memory unless told. */
export async function started(
  given: Partial<ProjectorOptions> & {
    wrap?: (store: AtomicViewStore) => AtomicViewStore;
    of?: AnyProjection;
  } = {},
): Promise<Started> {
  const memory = createMemoryViewStore();
  const store = given.store ?? given.wrap?.(memory) ?? memory;
  const generation = given.generation ?? (await newGeneration(memory));
  const bus = createScriptedBus();
  const options = {
    projection: given.of ?? counters,
    bus,
    logs,
    logger: silentLogger,
    ...given,
    generation,
    store,
  };
  return { store, bus, generation, projector: closedAfterwards(await startProjector(options)), options };
}

/** The progress at the end of the events. */
export function end(events: readonly DomainEvent[]): Progress {
  return { [log]: { position: events.at(-1)?.position ?? 0 } };
}

/** The documents by key. */
export async function documents(
  store: AtomicViewStore,
  generation: Generation,
): Promise<Map<string, Document>> {
  const items = await allPages((after) =>
    store.scan(generation, { limit: 100, ...(after !== undefined && { after }) }),
  );
  return new Map(items.flatMap(({ key, document }) => (document ? [[key, document]] : [])));
}
