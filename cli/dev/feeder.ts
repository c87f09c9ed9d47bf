import { createLocalBus } from 'banyan/events';
import { chaoticFeeder } from './chaos/chaotic-feeder.ts';
import { hasCommit, type Feeder, type FeederOptions } from './feeding.ts';
import { orderedFeeder } from './ordered-feeder.ts';
import { unorderedFeeder } from './unordered/unordered-feeder.ts';

/**
 * Milliseconds after which what a tally misses is taken from the event log although nothing makes the bus of this
 * process lose events. Long: a backlog, as after a first snapshot, would be applied twice and told as lost.
 */
const healAfterMs = 300_000;

/**
 * The feeder that fits the store: in order where it writes documents and cursors in one transaction, else as on an
 * unordered bus, although this one keeps the order.
 * @param chaos the seed of a hostile bus, which feeds any store
 */
export function feederFor(options: FeederOptions, chaos: number | undefined): Feeder {
  const { store } = options;
  if (chaos !== undefined) return chaoticFeeder({ ...options, seed: chaos });
  if (hasCommit(store)) return orderedFeeder({ ...options, store });
  const bus = createLocalBus({ eventLog: options.eventLog });
  const announce: Feeder['announce'] = (log, announcement) => bus.announce(log, announcement);
  return unorderedFeeder({ ...options, bus, announce, instances: 1, healAfterMs });
}
