import type { DomainEvent, EventMeta } from 'banyan/events';

/** What a handler is told of an event besides its data: made without copying what the event makes when asked for. */
class Meta implements EventMeta {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly translation: string;
  readonly version: number;
  readonly position: number;
  readonly index: number;
  readonly logTime: string;
  readonly committedAt: string;
  readonly causedBy: string;
  readonly #event: DomainEvent;

  constructor(event: DomainEvent) {
    this.id = event.id;
    this.type = event.type;
    this.source = event.source;
    this.translation = event.translation;
    this.version = event.version;
    this.position = event.position;
    this.index = event.index;
    this.logTime = event.logTime;
    this.committedAt = event.committedAt;
    this.causedBy = event.causedBy;
    this.#event = event;
  }

  get traceparent(): string {
    return this.#event.traceparent;
  }

  toJSON(): EventMeta {
    const { id, type, source, translation, version, position, index, logTime, committedAt } = this;
    const place = { source, translation, version, position, index, logTime, committedAt };
    return { id, type, ...place, traceparent: this.traceparent, causedBy: this.causedBy };
  }
}

/** The event without its data. */
export function metaOf(event: DomainEvent): EventMeta {
  return new Meta(event);
}
