import type { HostileFigures, LocalBus, LocalBusOptions } from 'banyan/events';
import type { AnyProjection, AtomicViewStore, Generation, Projector, ViewStore } from 'banyan/projections';
import type { Closeable } from 'banyan/runtime';
import type { PartOptions } from './parts.ts';
import type { Tallies } from './unordered/tallies.ts';

/** A generation that is fed. */
export interface Fed extends Closeable {
  /** The projectors that write it; several where the bus has no order. */
  readonly projectors: readonly Projector[];
}

/** What a feeder has of its process. */
export interface FeederOptions extends Pick<PartOptions, 'directory' | 'store' | 'logger' | 'signal'> {
  /** The event log of a translation that runs here. @throws BanyanError EVENT_LOG_UNKNOWN */
  readonly eventLog: LocalBusOptions['eventLog'];
}

/** Whether views are fed in order, or as on a bus that has none. */
export type Feeding = 'ordered' | 'unordered';

/** Brings the events of this process's translators to its views. Closing it closes its bus, not what it feeds. */
export interface Feeder extends Closeable {
  readonly feeding: Feeding;
  /** Feeds a generation from where it stands. @throws BanyanError what the projector or the store says */
  feed(generation: Generation, projection: AnyProjection): Promise<Fed>;
  /** Is told how far a translator is. */
  readonly announce: LocalBus['announce'];
  /** Of all event logs, where the bus needs them. */
  readonly tallies?: Tallies;
  /** What a hostile bus has done. */
  readonly hostility?: () => HostileFigures;
}

/** Whether views in the store can be fed in order: it writes documents and cursors in one transaction. */
export function hasCommit(store: ViewStore): store is AtomicViewStore {
  return 'commit' in store && typeof store.commit === 'function';
}
