import type { Logger } from 'banyan/runtime';
import type { DomainEvent } from '../domain-event.ts';
import { eventEntry, referenceEntry } from './entries.ts';
import type { PutLimits } from './entry-size.ts';
import type { Put } from './put-events.ts';
import { isToTell } from './streaks.ts';

/** What a bus has refused of the events that were put. */
export interface EventPutFigures {
  /** Events of which a reference was put, since the bus refused them. */
  readonly referred: number;
  /** Events that were left out, since the bus refused their references as well. */
  readonly leftOut: number;
}

/** How events are put. */
export interface EventPuts {
  readonly putOf: (event: DomainEvent) => Put;
  readonly figures: () => EventPutFigures;
}

/**
 * One event that the bus refuses for what it is must not hold up those behind it: a reference is put in its place, and
 * where that is refused it is left out. It is in its event log, and the trackers heal the views that lack it.
 */
export function createEventPuts({
  limits,
  logger,
}: {
  readonly limits: PutLimits;
  readonly logger: Logger;
}): EventPuts {
  let [referred, leftOut] = [0, 0];
  const referenceOf = (event: DomainEvent): Put => ({
    entry: referenceEntry(event),
    leaveOut: (err) => {
      leftOut += 1;
      const code = err.details['error'];
      logger.error(
        { err, event: event.id, code, leftOut },
        'an event is left out: the bus refuses it, and a reference to it. Its views get it when it is healed from the ' +
          'event log',
      );
    },
  });
  return {
    putOf: (event) => {
      const entry = eventEntry(event, limits);
      const reference = referenceOf(event);
      if (entry.Detail === reference.entry.Detail) return reference;
      return {
        entry,
        otherwise: (err) => {
          referred += 1;
          const about = { err, event: event.id, referred };
          if (isToTell(referred))
            logger.warn(about, 'the bus refuses an event; a reference is put in its place');
          return reference;
        },
      };
    },
    figures: () => ({ referred, leftOut }),
  };
}
