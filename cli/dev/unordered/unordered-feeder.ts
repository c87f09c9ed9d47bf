import type { Bus } from 'banyan/events';
import { createTracker, startUnorderedProjector } from 'banyan/projections';
import { closeAll, once, systemClock, type Closeable } from 'banyan/runtime';
import type { Feeder, FeederOptions } from '../feeding.ts';
import { runTracker } from './run-tracker.ts';
import { openTallies } from './tallies.ts';

/** How views are fed without an order. */
export interface UnorderedFeederOptions extends FeederOptions {
  /** Any bus; it is closed with the feeder. */
  readonly bus: Bus;
  readonly announce: Feeder['announce'];
  /** Projectors of each generation. */
  readonly instances: number;
  /** Milliseconds after which what a tally misses is taken from the event log. */
  readonly healAfterMs: number;
}

/**
 * Feeds views by what makes them right on any bus: convergent items, tallies, and a watermark tracker for each
 * generation that heals what the bus lost.
 */
export function unorderedFeeder(options: UnorderedFeederOptions): Feeder {
  const { store, eventLog, logger, signal, bus, instances, healAfterMs } = options;
  const tallies = openTallies(options);
  return {
    feeding: 'unordered',
    tallies,
    announce: options.announce,
    feed: async (generation, projection) => {
      const started: Closeable[] = [];
      try {
        const projectors = [];
        while (projectors.length < instances) {
          const projector = await startUnorderedProjector({
            ...{ store, projection, generation, bus, logger, signal },
          });
          started.push(projector);
          projectors.push(projector);
        }
        const tracker = createTracker({
          ...{ generation, projection, store, logger },
          logs: generation.logs.map((log) => ({ log, reader: eventLog(log) })),
          tallies: tallies.feed,
          clock: systemClock,
          healAfterMs,
        });
        started.push(runTracker(tracker, generation.logs, { tallies, logger }));
        return { projectors, close: once(() => closeAll(started)) };
      } catch (error) {
        await closeAll(started);
        throw error;
      }
    },
    close: once(() => closeAll([tallies, bus])),
  };
}
