import { runUntilClosed, type Outcome } from 'banyan/cdc';
import { closeAll, type Closeable, type Logger, type LogReader } from 'banyan/runtime';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { TranslatorLoop, type TranslatorParts } from './translator-loop.ts';

/** What a translator is doing. */
export type TranslatorState = { readonly kind: 'running' } | Outcome;

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
  /** The translator's own log, for readers in this process; open until `close`, also after a failure. */
  readonly eventLog: LogReader<EventLogLine>;
}

/** Runs a translation behind the head of its event log until closed; the event log and the look-ups are closed then. */
export function runTranslator(parts: TranslatorParts, logger: Logger, outer: AbortSignal): Translator {
  const { ref, eventLog, lookups } = parts;
  const log = eventLogName(ref);
  const run = runUntilClosed(
    (signal, fail) => new TranslatorLoop(parts, signal, fail),
    () => closeAll([eventLog, lookups]),
    (err) => {
      logger.error({ err, log }, 'translation stopped');
    },
    outer,
  );
  return {
    ref,
    ended: run.ended,
    eventLog,
    status: () => {
      const { position, logTime, events } = run.work;
      const state = run.outcome ?? { kind: 'running' };
      return { log, state, position, logTime, durable: eventLog.durable, events };
    },
    close: () => run.close(),
  };
}
