import { createHostileBus } from 'banyan/events';
import type { Feeder, FeederOptions } from '../feeding.ts';
import { sharedQueue } from '../unordered/shared-queue.ts';
import { unorderedFeeder } from '../unordered/unordered-feeder.ts';
import { chaosHealAfterMs, chaosHostility, chaosLimits } from './hostility.ts';

/** Projectors of one generation, as if a queue had several instances of a function. */
const instances = 2;

/** Feeds views by a hostile bus. */
export function chaoticFeeder(options: FeederOptions & { readonly seed: number }): Feeder {
  const { eventLog, logger, seed } = options;
  const hostile = createHostileBus({
    eventLog,
    hostility: chaosHostility(seed),
    logger,
    limits: chaosLimits,
  });
  return {
    ...unorderedFeeder({
      ...options,
      bus: sharedQueue(hostile),
      announce: () => undefined,
      instances,
      healAfterMs: chaosHealAfterMs,
    }),
    hostility: () => hostile.figures(),
  };
}
