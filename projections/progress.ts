import { eventLogName, type DomainEvent, type LogCursor, type OrderKey, type Progress } from 'banyan/events';

/** Whether the event lies at or before the progress of its log. */
export function coversEvent(progress: Progress, event: DomainEvent): boolean {
  return coversCursor(progress[eventLogName(event)], event);
}

/** Whether the place lies at or before the progress of its log; of a log of whatever version, which a place does not name. */
export function coversKey(progress: Progress, { source, translation, ...place }: OrderKey): boolean {
  return Object.entries(progress).some(
    ([log, cursor]) => log.startsWith(`${source}:${translation}@`) && coversCursor(cursor, place),
  );
}

/** Whether one progress has come as far as another in each log that the other names. */
export function covers(progress: Progress, target: Progress): boolean {
  return Object.entries(target).every(([log, cursor]) => coversCursor(progress[log], cursor));
}

/** Whether one progress has come as far as another in any of the logs that the other names. */
export function coversAny(progress: Progress, target: Progress): boolean {
  return Object.entries(target).some(([log, cursor]) => coversCursor(progress[log], cursor));
}

/** Whether a cursor of a log has come as far as another. */
export function coversCursor(have: LogCursor | undefined, want: LogCursor): boolean {
  if (have === undefined || have.position < want.position) return false;
  if (have.position > want.position || have.index === undefined) return true;
  return want.index !== undefined && have.index >= want.index;
}
