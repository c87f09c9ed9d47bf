import {
  cursorBefore,
  eventLogName,
  type EventLogRef,
  type LogCursor,
  type MergedLog,
  type OrderKey,
  type Progress,
} from 'banyan/events';

/**
 * Where to begin to read the logs so that no event behind any of the places is left out; the reader sorts out those
 * that come before them. A place that is undefined is the beginning.
 */
export async function beginningOf(
  logs: readonly MergedLog[],
  places: readonly (OrderKey | undefined)[],
): Promise<Progress> {
  const from: Record<string, LogCursor> = {};
  const known = places.filter((place) => place !== undefined);
  if (known.length === 0 || known.length < places.length) return from;
  for (const { log, reader } of logs) {
    const isOwn = ({ source, index }: OrderKey): boolean => source === log.source && index >= 0;
    const own = known.filter((place) => isOwn(place)).map((place) => cursorOf(log, place));
    // A place before all events of a position is a frontier, whose log time may be older than its position.
    const times = known.filter((place) => !isOwn(place)).map(({ logTime }) => logTime);
    const [least] = times.sort();
    const others = least === undefined ? [] : [await cursorBefore(reader, least)];
    const cursor = [...own, ...others].reduce(earlier);
    if (cursor) from[eventLogName(log)] = cursor;
  }
  return from;
}

/** Within a source the position decides, whatever the log time. */
function cursorOf({ translation }: EventLogRef, place: OrderKey): LogCursor | undefined {
  const { position, index } = place;
  // Another translation may have events behind the place in the same transaction.
  if (translation === place.translation) return { position, index };
  return position > 1 ? { position: position - 1 } : undefined;
}

function earlier(one: LogCursor | undefined, other: LogCursor | undefined): LogCursor | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (one.position !== other.position) return one.position < other.position ? one : other;
  return (one.index ?? Infinity) <= (other.index ?? Infinity) ? one : other;
}
