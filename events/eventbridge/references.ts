import { BanyanError, type LogReader } from 'banyan/runtime';
import { eventLogName, type DomainEvent, type EventLogRef, type LogCursor } from '../domain-event.ts';
import type { EventLogLine } from '../event-log.ts';
import { readEvents } from '../read-events.ts';
import type { EventReference } from './detail.ts';

/** Finds the event that a reference stands for. */
export type ResolveReference = (reference: EventReference) => Promise<DomainEvent>;

/** Finds events in their event logs. @param logOf the log, opened for reading */
export function resolveFromLogs(
  logOf: (ref: EventLogRef) => LogReader<EventLogLine> | Promise<LogReader<EventLogLine>>,
): ResolveReference {
  return async (reference) => {
    const { log, position, index, id } = reference;
    const before: LogCursor = index > 0 ? { position, index: index - 1 } : { position: position - 1 };
    const reader = await logOf(log);
    for await (const { events } of readEvents(reader, log, { after: before, to: position })) {
      const [first] = events;
      if (first?.id === id) return first;
      if (first) break;
    }
    throw notThere(reference);
  };
}

function notThere({ log, id }: EventReference): BanyanError {
  const name = eventLogName(log);
  return new BanyanError(
    'REFERENCE_UNRESOLVED',
    `Event ${id} was published as a reference, and event log ${name} as it is read here does not have it. Let this ` +
      `process read the log that its translator writes; if it does, its copy lags behind and has the event later.`,
    { retryable: true, details: { log: name, event: id } },
  );
}
