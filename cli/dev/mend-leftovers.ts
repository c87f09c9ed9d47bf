import { eventLogName, logEnds, type LogEnds, type MergedLog } from 'banyan/events';
import {
  mend,
  type AnyProjection,
  type Generation,
  type Projector,
  type ViewStore,
} from 'banyan/projections';
import { isBanyanError, type Logger } from 'banyan/runtime';
import { setTimeout as wait } from 'node:timers/promises';

/** A generation that an ordered projector goes on with. */
export interface Leftovers {
  readonly projection: AnyProjection;
  readonly generation: Generation;
  readonly store: ViewStore;
  readonly logs: readonly MergedLog[];
  readonly logger: Logger;
}

/** Milliseconds before a look at what could not be mended yet. */
const againMs = 2000;

/**
 * Looks after keys that a time on an unordered bus has left in doubt, or behind: once the ordered projector is where
 * the logs ended, nothing can come any more that would mend them. Without such keys it does nothing.
 * @param signal aborts with the projector
 */
export async function mendLeftovers(
  options: Leftovers,
  projector: Pick<Projector, 'reached'>,
  signal: AbortSignal,
): Promise<void> {
  if (!(await hasLeftovers(options))) return;
  const ends = await logEnds(options.logs);
  const target = Object.entries(ends).map(([log, { position }]) => [log, { position }] as const);
  await projector.reached(Object.fromEntries(target), signal);
  await tellLogTimes(options, ends);
  while (!signal.aborted) {
    const { left } = await mend(options);
    if (left === 0) return;
    await wait(againMs, undefined, { signal });
  }
}

async function hasLeftovers({ store, generation }: Leftovers): Promise<boolean> {
  const [doubt, window] = await Promise.all([
    store.troubled(generation, 'doubt', { limit: 1 }),
    store.troubled(generation, 'window', { limit: 1 }),
  ]);
  return doubt.items.length + window.items.length > 0;
}

/** An ordered projector moves the watermark alone; the frontier, below which doubts are decided, needs the time too. */
async function tellLogTimes({ store, generation }: Leftovers, ends: LogEnds): Promise<void> {
  for (;;) {
    const { revision, ...tracking } = await store.tracking(generation);
    const logTimes = { ...tracking.logTimes };
    for (const log of generation.logs.map(eventLogName)) {
      const end = ends[log];
      if (end && end.logTime > (logTimes[log] ?? '')) logTimes[log] = end.logTime;
    }
    if (await store.changeTracking(generation, revision, { ...tracking, logTimes })) return;
  }
}

/** Whether it ended with its projector, or its generation, and not by a fault. */
export function endedWithProjector(error: unknown, signal: AbortSignal): boolean {
  const ends = ['GENERATION_UNKNOWN', 'PROJECTOR_CLOSED', 'PROJECTION_FAILED'];
  return signal.aborted || ends.some((code) => isBanyanError(error, code));
}
