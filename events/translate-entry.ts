import { approximateBytes } from 'banyan/cdc';
import type { EntryWriter, LogWriter } from 'banyan/runtime';
import type { Breather } from './breather.ts';
import { checkedData, translationFailed, type EventTypes } from './check-event.ts';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import { eventId, type EventLogLine, type EventsLine, type StoredEvent } from './event-log.ts';
import type { Transaction, Translation } from './translation.ts';

/** What translates one transaction after the other. */
export interface EntryTranslator {
  readonly translation: Translation;
  readonly ref: EventLogRef;
  readonly log: LogWriter<EventLogLine>;
  readonly events: EventTypes;
  readonly breather: Breather;
  readonly signal: AbortSignal;
  /** About how many bytes of events in one line of the log. */
  readonly lineBytes: number;
}

/** An event's envelope in its line, about. */
const envelopeBytes = 80;

/**
 * Appends the events of a transaction to the event log, in lines of bounded size: neither the transaction nor its
 * events need to fit into memory.
 * @returns how many events it gave; none are appended then
 * @throws BanyanError TRANSLATION_FAILED, and the log's errors; nothing of the transaction is in the log then
 */
export async function translateEntry(translator: EntryTranslator, tx: Transaction): Promise<number> {
  const { log, lineBytes, breather, signal } = translator;
  const part = { first: 0, events: [] as StoredEvent[], bytes: 0 };
  const line = (): EventsLine => ({
    kind: 'events',
    logTime: tx.logTime,
    committedAt: tx.committedAt,
    first: part.first,
    events: part.events,
  });
  let writer: EntryWriter<EventLogLine> | undefined;
  try {
    for (const stored of storedEvents(translator, tx)) {
      const bytes = envelopeBytes + approximateBytes(stored.data);
      if (part.events.length > 0 && part.bytes + bytes > lineBytes) {
        writer ??= log.begin(tx.position);
        await writer.write(line());
        Object.assign(part, { first: part.first + part.events.length, events: [], bytes: 0 });
      }
      part.events.push(stored);
      part.bytes += bytes;
      if (breather.isDue()) await breather.breathe();
      signal.throwIfAborted();
    }
    if (writer) await writer.commit(line());
    else if (part.events.length > 0) log.append(tx.position, line());
  } catch (error) {
    await writer?.abort();
    throw error;
  }
  return part.first + part.events.length;
}

/** Runs the translation. What it throws is its own failure; what the log throws is not, and passes outside. */
function* storedEvents(
  { translation, ref, events }: EntryTranslator,
  tx: Transaction,
): Generator<StoredEvent> {
  const place = { log: eventLogName(ref), position: tx.position };
  let index = 0;
  try {
    for (const event of translation.translate(tx)) {
      const data = checkedData(events, event, place);
      yield { id: eventId(ref, tx.position, index), type: event.type, data };
      index += 1;
    }
  } catch (error) {
    throw translationFailed(error, place);
  }
}
