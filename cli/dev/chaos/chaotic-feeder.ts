import { createHostileBus } from 'banyan/events';
import { createTracker, startUnorderedProjector } from 'banyan/projections';
import { closeAll, once, systemClock, type Closeable } from 'banyan/runtime';
import type { Feeder, FeederOptions } from '../feeding.ts';
import { chaosHealAfterMs, chaosHostility, chaosLimits } from './hostility.ts';
import { runTracker } from './run-tracker.ts';
import { sharedQueue } from './shared-queue.ts';
import { openTallies } from './tallies.ts';

/** Projectors of one generation, as if a queue had several instances of a function. */
const instances = 2;

/**
 * Feeds views by a hostile bus, so that they are right by what makes them right on any bus: convergent items, tallies,
 * and a watermark tracker that heals.
 */
export function chaoticFeeder(options: FeederOptions & { readonly seed: number }): Feeder {
  const { store, eventLog, logger, signal, seed } = options;
  const hostile = createHostileBus({
    eventLog,
    hostility: chaosHostility(seed),
    logger,
    limits: chaosLimits,
  });
  const bus = sharedQueue(hostile);
  const tallies = openTallies(options);
  return {
    tallies,
    hostility: () => hostile.figures(),
    announce: () => undefined,
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
          healAfterMs: chaosHealAfterMs,
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
