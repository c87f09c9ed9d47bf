import type { EventLogRef } from 'banyan/events';
import { BanyanError, isBanyanError, systemClock, type Clock, type Logger } from 'banyan/runtime';
import { generationUnknown } from './item-rules.ts';
import type { AnyProjection } from './projection.ts';
import type { Generation, LivePointer, ViewStore } from './view-store.ts';

/** A projection, the hash of the bundle that it runs from, and the event logs that feed it. */
export interface ProjectionCode {
  readonly projection: AnyProjection;
  readonly bundle: string;
  readonly logs: readonly EventLogRef[];
}

/** What is live of a projection, and whether its code may go on with it. */
export type LiveView =
  | { readonly kind: 'ready'; readonly projection: AnyProjection; readonly generation: Generation }
  /** Its declaration does not fit the generation: it may be read by what it was built with, not projected into. */
  | {
      readonly kind: 'outdated';
      readonly projection: AnyProjection;
      readonly generation: Generation;
      readonly error: BanyanError;
    };

/** What {@link ensureLive} needs. */
export interface EnsureLiveOptions {
  readonly store: ViewStore;
  readonly group: string;
  readonly projections: readonly ProjectionCode[];
  readonly logger: Logger;
  readonly clock?: Clock;
}

/**
 * Sees to it that each projection of a group has a live generation: the first one is made, with an empty floor, on
 * the first start. May run in several processes at once. A generation whose bundle is another one is gone on with,
 * and that is logged; one with other indexes is reported as outdated (GENERATION_OUTDATED).
 */
export async function ensureLive(options: EnsureLiveOptions): Promise<readonly LiveView[]> {
  const { store, group, projections } = options;
  const pointer = await pointAtAll(options);
  return Promise.all(
    projections.map(async ({ projection, bundle }): Promise<LiveView> => {
      const number = pointer.live[projection.name] ?? 0;
      const found = (await store.generations(projection.name)).find(
        (generation) => generation.number === number,
      );
      if (!found) throw generationUnknown({ projection: projection.name, number });
      const error = indexesDiffer(projection, found);
      if (error) return { kind: 'outdated', projection, generation: found, error };
      if (found.bundle !== bundle) warnOfCode(options.logger, group, found, bundle);
      return { kind: 'ready', projection, generation: found };
    }),
  );
}

/** The pointer once it names every projection. */
async function pointAtAll(options: EnsureLiveOptions): Promise<LivePointer> {
  const { store, group, projections } = options;
  for (;;) {
    const pointer = (await store.pointer(group)) ?? { epoch: 0, live: {} };
    const fresh = projections.filter(({ projection }) => pointer.live[projection.name] === undefined);
    if (fresh.length === 0) return pointer;
    const made = await Promise.all(
      fresh.map((code) => store.createGeneration(firstGeneration(code, options))),
    );
    const live = Object.fromEntries(made.map(({ projection, number }) => [projection, number]));
    try {
      return await store.movePointer(group, pointer.epoch, { ...pointer.live, ...live });
    } catch (error) {
      // Another process moved it, most likely to the same: look again.
      if (!isBanyanError(error, 'POINTER_CONFLICT')) throw error;
    }
  }
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

function indexesDiffer(projection: AnyProjection, generation: Generation): BanyanError | undefined {
  const declared = [...projection.indexes.keys()].sort();
  const built = generation.indexes.map(({ name }) => name).sort();
  const added = declared.filter((name) => !built.includes(name));
  const dropped = built.filter((name) => !declared.includes(name));
  if (added.length === 0 && dropped.length === 0) return undefined;
  const changes = [...added.map((name) => `${name} is new`), ...dropped.map((name) => `${name} is gone`)];
  return new BanyanError(
    'GENERATION_OUTDATED',
    `The indexes of projection ${projection.name} are not those of its live generation ${generation.number}: ` +
      `${changes.join(', ')}. Its view is not changed any more. Build a new generation from the log, or declare the ` +
      'indexes as before.',
    { details: { projection: projection.name, generation: generation.number, added, dropped } },
  );
}

function warnOfCode(
  logger: Logger,
  group: string,
  { projection, number, bundle: built }: Generation,
  bundle: string,
): void {
  logger.warn(
    { group, projection, generation: number, built, bundle },
    `The code of projection ${projection} is another than that which built generation ${number}: what is there already ` +
      'stays as the old code made it, only new events are folded by the new code. Build a new generation from the log.',
  );
}
