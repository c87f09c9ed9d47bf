import { eventLogName, type EventLogRef } from 'banyan/events';
import { isBeingBuilt, type Generation, type ViewStore } from 'banyan/projections';
import type { ReplayGroup } from 'banyan/replay';
import { isKept } from '../fed-generations.ts';

/** The generations of a project that read event logs: live, ready, or being built. */
export interface Subscribers {
  /** Whether one reads the log. */
  read(log: EventLogRef): boolean;
  /**
   * Behind which position a log is published first; undefined while nobody reads it, for it would be published to
   * nobody. It is where the generation that is least far has come. One that is being built counts as being at the log's
   * end: it is folded further than that before it is opened.
   * @param end of the log, read before the subscribers were
   */
  publishFrom(log: EventLogRef, end: number): Promise<number | undefined>;
}

/** Reads them now. */
export async function readSubscribers(
  groups: readonly ReplayGroup[],
  store: ViewStore,
): Promise<Subscribers> {
  const kept: Generation[] = [];
  for (const { name, projections } of groups) {
    const pointer = await store.pointer(name);
    for (const { projection } of projections) {
      const generations = await store.generations(projection.name);
      kept.push(...generations.filter((one) => isKept(one, pointer) && one.state.kind !== 'failed'));
    }
  }
  const readersOf = (log: EventLogRef): readonly Generation[] =>
    kept.filter(({ logs }) => logs.some((one) => eventLogName(one) === eventLogName(log)));
  return {
    read: (log) => readersOf(log).length > 0,
    publishFrom: async (log, end) => {
      const come = readersOf(log).map(async (generation) => {
        if (isBeingBuilt(generation)) return end;
        const at = (await store.progress(generation))[eventLogName(log)];
        // Within a transaction the position itself is not done.
        return at === undefined ? 0 : at.index === undefined ? at.position : at.position - 1;
      });
      const positions = await Promise.all(come);
      return positions.length === 0 ? undefined : Math.min(end, ...positions);
    },
  };
}
