import { createLocalBus } from 'banyan/events';
import { startProjector, type AtomicViewStore } from 'banyan/projections';
import { once, toError } from 'banyan/runtime';
import type { Feeder, FeederOptions } from './feeding.ts';
import { endedWithProjector, mendLeftovers } from './mend-leftovers.ts';

/** Feeds views by the local bus, which follows the event logs and keeps their order: one projector a generation. */
export function orderedFeeder({
  store,
  eventLog,
  logger,
  signal,
}: FeederOptions & { readonly store: AtomicViewStore }): Feeder {
  const bus = createLocalBus({ eventLog });
  return {
    feeding: 'ordered',
    announce: (log, announcement) => bus.announce(log, announcement),
    feed: async (generation, projection) => {
      const { logs } = generation;
      const projector = await startProjector({ store, projection, generation, bus, logs, logger, signal });
      const ending = new AbortController();
      const leftovers = {
        ...{ projection, generation, store, logger },
        logs: logs.map((log) => ({ log, reader: eventLog(log) })),
      };
      const mended = mendLeftovers(leftovers, projector, ending.signal).catch((error: unknown) => {
        if (!endedWithProjector(error, ending.signal))
          logger.error({ projection: projection.name, err: toError(error) }, 'keys that are behind stay so');
      });
      return {
        projectors: [projector],
        close: once(async () => {
          ending.abort();
          await projector.close();
          await mended;
        }),
      };
    },
    close: () => bus.close(),
  };
}
