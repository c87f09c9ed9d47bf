import type { Line } from 'banyan/runtime';
import type { EventLogLine, StoredEvent } from './event-log.ts';
import type { Tally } from './tally.ts';

/** How many events of each type. */
export type TypeCounts = Map<string, number>;

/** Counts the events from an offset on. */
export function countTypes(counts: TypeCounts, events: readonly StoredEvent[], offset = 0): void {
  for (let at = Math.max(0, offset); at < events.length; at++) {
    const type = events[at]?.type ?? '';
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
}

/** A tally before it is written. */
export type Counted = Omit<Tally, 'log' | 'at'>;

/** Folds the lines of an event log into tallies. A transaction counts once its last line was added. */
export class TallyFold {
  #after: number;
  #counts: TypeCounts = new Map();
  #events = 0;
  /** What the transaction under way has so far. */
  readonly #entry: TypeCounts = new Map();
  #end: { readonly position: number; readonly logTime: string } | undefined;

  /** @param after the range begins behind this position */
  constructor(after: number) {
    this.#after = after;
  }

  /** Events of whole transactions since the last tally. */
  get events(): number {
    return this.#events;
  }

  add(line: Line<EventLogLine>): void {
    if (line.kind === 'events') countTypes(this.#entry, line.events);
    if (!line.last) return;
    for (const [type, count] of this.#entry) {
      this.#counts.set(type, (this.#counts.get(type) ?? 0) + count);
      this.#events += count;
    }
    this.#entry.clear();
    this.#end = { position: line.position, logTime: line.logTime };
  }

  /** What was added since the last call, up to the last whole transaction; undefined when nothing was. */
  take(): Counted | undefined {
    if (!this.#end) return undefined;
    const { position: to, logTime } = this.#end;
    const counted = { after: this.#after, to, logTime, counts: Object.fromEntries(this.#counts) };
    this.#after = to;
    this.#counts = new Map();
    this.#events = 0;
    this.#end = undefined;
    return counted;
  }
}
