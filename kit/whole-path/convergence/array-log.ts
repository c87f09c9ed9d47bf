import { eventId, type EventLogLine, type EventLogRef } from 'banyan/events';
import type { Line, LogEntry, LogReader, ReadOptions } from 'banyan/runtime';

/** An event log in memory: what is appended is durable. */
export class ArrayLog implements LogReader<EventLogLine> {
  readonly ref: EventLogRef;
  readonly lines: Line<EventLogLine>[] = [];

  constructor(ref: EventLogRef) {
    this.ref = ref;
  }

  get end(): number {
    return this.lines.at(-1)?.position ?? 0;
  }

  /** Appends a transaction's events, or a tick where there are none. */
  append(position: number, logTime: string, told: readonly { type: string; data: object }[]): void {
    const frame = { position, previous: this.end, part: 0, last: true };
    if (told.length === 0) {
      this.lines.push({ ...frame, kind: 'tick', logTime });
      return;
    }
    const events = told.map(({ type, data }, index) => ({
      ...{ id: eventId(this.ref, position, index), type },
      data: data as never,
    }));
    this.lines.push({ ...frame, kind: 'events', logTime, committedAt: logTime, first: 0, events });
  }

  head(): Promise<Line<EventLogLine> | undefined> {
    return Promise.resolve(this.lines.at(-1));
  }

  /** One entry a batch, so that a reader stops where it wants to. */
  async *read({ from, to = Infinity }: ReadOptions): AsyncGenerator<readonly LogEntry<EventLogLine>[]> {
    const { end } = this;
    for (const line of this.lines) {
      const { position, previous } = line;
      if (position < from || position > Math.min(to, end)) continue;
      yield [{ position, previous, single: line, lines: () => [line] }];
    }
    await Promise.resolve();
  }
}
