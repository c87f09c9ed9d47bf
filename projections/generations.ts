import type { EventLogRef } from 'banyan/events';
import { isBanyanError, systemClock, type Clock } from 'banyan/runtime';
import { generationUnknown } from './item-rules.ts';
import type { AnyProjection } from './projection.ts';
import type { Generation, LivePointer, ViewStore } from './view-store.ts';

/** A projection, the hash of the bundle that it runs from, and the event logs that feed it. */
export interface ProjectionCode {
  readonly projection: AnyProjection;
  readonly bundle: string;
  readonly logs: readonly EventLogRef[];
}

/** What {@link ensureLive} needs. */
export interface EnsureLiveOptions {
  readonly store: ViewStore;
  readonly group: string;
  readonly projections: readonly ProjectionCode[];
  readonly clock?: Clock;
}

/**
 * Sees to it that each projection of a group has a live generation: the first one is made, with an empty floor, on
 * the first start. May run in several processes at once. What is live is answered as it is, whatever code built it: it
 * runs from its own bundle. A projection whose only generations are a replay's has none until one is promoted.
 * @throws BanyanError GENERATION_UNKNOWN when the pointer names a generation that is not there
 */
export async function ensureLive(options: EnsureLiveOptions): Promise<readonly Generation[]> {
  const { store, group, projections } = options;
  for (;;) {
    const pointer = (await store.pointer(group)) ?? { epoch: 0, live: {} };
    const made = await firstGenerations(options, pointer);
    if (made.length === 0) return liveGenerations(store, projections, pointer);
    const live = Object.fromEntries(made.map(({ projection, number }) => [projection, number]));
    try {
      await store.movePointer(group, pointer.epoch, { ...pointer.live, ...live });
    } catch (error) {
      // Another process moved it, most likely to the same: look again.
      if (!isBanyanError(error, 'POINTER_CONFLICT')) throw error;
    }
  }
}

async function liveGenerations(
  store: ViewStore,
  projections: readonly ProjectionCode[],
  { live }: LivePointer,
): Promise<readonly Generation[]> {
  const found = await Promise.all(
    projections.map(async ({ projection: { name } }) => {
      const number = live[name];
      if (number === undefined) return [];
      const generation = (await store.generations(name)).find((one) => one.number === number);
      if (!generation) throw generationUnknown({ projection: name, number });
      return [generation];
    }),
  );
  return found.flat();
}

/** Those that the pointer has to name yet: made now, or by a process that ended before it could point at them. */
async function firstGenerations(
  options: EnsureLiveOptions,
  { live }: LivePointer,
): Promise<readonly Generation[]> {
  const { store, projections } = options;
  const fresh = projections.filter(({ projection }) => live[projection.name] === undefined);
  const made = await Promise.all(
    fresh.map(async (code) => {
      const known = await store.generations(code.projection.name);
      return known.length === 0 ? [await store.createGeneration(firstGeneration(code, options))] : known;
    }),
  );
  return made.map((one) => one.filter(({ state }) => state.kind === 'live').slice(0, 1)).flat();
}

function firstGeneration(
  { projection, bundle, logs }: ProjectionCode,
  { clock = systemClock }: EnsureLiveOptions,
): Generation {
  return {
    projection: projection.name,
    number: 1,
    state: { kind: 'live' },
    bundle,
    logs,
    floor: {},
    indexes: [...projection.indexes.keys()].map((name) => ({ name })),
    createdAt: new Date(clock.now()).toISOString(),
  };
}
