import { runUntilClosed, type Work } from 'banyan/cdc';
import type { Closeable, Logger, LogReader } from 'banyan/runtime';
import type { Bus } from '../bus.ts';
import { eventLogName, type EventLogRef, type LogCursor } from '../domain-event.ts';
import type { EventLogLine } from '../event-log.ts';
import { readEvents } from '../read-events.ts';
import type { PublishCursor } from './publish-cursor.ts';

/** What a publisher needs. */
export interface PublisherOptions {
  readonly ref: EventLogRef;
  /** The event log: its translator's own, or one opened for reading only. */
  readonly eventLog: LogReader<EventLogLine>;
  readonly bus: Pick<Bus, 'publish'>;
  readonly cursor: PublishCursor;
  readonly logger: Logger;
  /** Aborting stops the publisher, as `close` does. */
  readonly signal: AbortSignal;
  /** Where the first start begins, behind this cursor. Default: position 0, the whole log. */
  readonly from?: LogCursor;
  /** About how many bytes of the log are published before it is recorded. Default 256 KiB. */
  readonly batchBytes?: number;
}

/** A publisher that was started. */
export interface Publisher extends Closeable {
  /** Resolves after `close`, rejects with what stopped it. */
  readonly ended: Promise<void>;
  /** Up to where was published and recorded. */
  readonly published: LogCursor;
}

/**
 * Follows an event log and publishes what is durable in it, in order, then records how far: each event at least once,
 * whatever dies when; after a start what was published and not recorded comes once more.
 * @throws BanyanError PUBLISH_CURSOR_INVALID. What stops it later is told by `ended`.
 */
export async function startPublisher(options: PublisherOptions): Promise<Publisher> {
  const { ref, cursor, logger, signal } = options;
  const log = eventLogName(ref);
  const recorded = (await cursor.read()) ?? options.from ?? { position: 0 };
  logger.debug({ log, ...recorded }, 'events are published from here on');
  const run = runUntilClosed(
    (stop) => new PublisherLoop(options, recorded, stop),
    () => Promise.resolve(),
    // Told by `ended` alone: who begins again knows whether it is news.
    () => undefined,
    signal,
  );
  return {
    ended: run.ended,
    get published() {
      return run.work.published;
    },
    close: () => run.close(),
  };
}

class PublisherLoop implements Work {
  published: LogCursor;
  readonly #options: PublisherOptions;
  readonly #signal: AbortSignal;

  constructor(options: PublisherOptions, recorded: LogCursor, signal: AbortSignal) {
    this.#options = options;
    this.published = recorded;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const { ref, eventLog, bus, cursor, batchBytes = 256 * 1024 } = this.#options;
    const reading = { after: this.published, follow: true, signal: this.#signal, batchBytes };
    for await (const chunk of readEvents(eventLog, ref, reading)) {
      if (chunk.events.length > 0) await bus.publish(chunk.events, this.#signal);
      await cursor.write(chunk.cursor);
      this.published = chunk.cursor;
    }
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }
}
