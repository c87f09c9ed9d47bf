import { closeAll, once, toError, type Closeable, type Logger, type LogReader } from 'banyan/runtime';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { TranslatorLoop, type TranslatorParts } from './translator-loop.ts';

/** What a translator is doing. */
export type TranslatorState =
  | { readonly kind: 'running' }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'closed' };

/** How far a translator is. */
export interface TranslatorStatus {
  /** `source:translation@version`. */
  readonly log: string;
  readonly state: TranslatorState;
  /** The last position of the change log that was translated, 0 for none. */
  readonly position: number;
  /** Its log time, ISO 8601 with microseconds. */
  readonly logTime: string | undefined;
  /** Up to which position the event log is durable. */
  readonly durable: number;
  /** Events made since the translator started. */
  readonly events: number;
}

/** A translator that was started. */
export interface Translator extends Closeable {
  readonly ref: EventLogRef;
  /** Resolves after `close`, rejects with what stopped it. */
  readonly ended: Promise<void>;
  status(): TranslatorStatus;
  /** The translator's own log, for readers in this process. */
  readonly eventLog: LogReader<EventLogLine>;
}

/**
 * Runs a translation behind the head of its event log until closed. The event log and the look-ups are closed then;
 * after a failure the event log stays open to its readers until `close`.
 */
export function runTranslator(parts: TranslatorParts, logger: Logger, outer: AbortSignal): Translator {
  const { ref, eventLog, lookups } = parts;
  const log = eventLogName(ref);
  const stopping = new AbortController();
  const signal = AbortSignal.any([outer, stopping.signal]);
  let state: TranslatorState = { kind: 'running' };
  let failure: Error | undefined;
  const fail = (error: unknown): void => {
    failure ??= toError(error);
    stopping.abort();
  };
  const loop = new TranslatorLoop(parts, signal, fail);

  const release = once(() => closeAll([eventLog, lookups]));

  const run = async (): Promise<void> => {
    await loop.run().catch((error: unknown) => {
      // What is interrupted by the end has not failed.
      if (!signal.aborted) fail(error);
    });
    await loop.drained().catch(fail);
    if (!failure) await release().catch(fail);
    state = failure ? { kind: 'failed', error: failure } : { kind: 'closed' };
    if (!failure) return;
    logger.error({ err: failure, log, position: loop.position }, 'translation stopped');
    throw failure;
  };
  const ended = run();
  ended.catch(() => undefined);

  return {
    ref,
    ended,
    eventLog,
    status: () => {
      const { position, logTime, events } = loop;
      return { log, state, position, logTime, durable: eventLog.durable, events };
    },
    close: once(async () => {
      stopping.abort();
      await ended.catch(() => undefined);
      await release();
    }),
  };
}
