import type { ChangeLogLine } from 'banyan/cdc';
import type { Closeable, LogEntry } from 'banyan/runtime';
import type { LookupState } from './lookup.ts';

/** A translation's own look-up state: its listed tables, folded from the change log. */
export interface LookupFold extends LookupState, Closeable {
  /** About how many bytes of changes wait in memory to be settled. */
  readonly pendingBytes: number;
  /** Applies a whole transaction; look-ups see its end. Not durable before {@link LookupFold.settle}. */
  fold(entry: LogEntry<ChangeLogLine>, signal: AbortSignal): Promise<void>;
  /** The event log is durable up to the position: so may this state be. */
  settle(position: number): Promise<void>;
}

/** For a translation that looks nothing up. */
export const noLookups: LookupFold = {
  pendingBytes: 0,
  fold: () => Promise.resolve(),
  settle: () => Promise.resolve(),
  close: () => Promise.resolve(),
  row: () => undefined,
  rows: () => [],
};
