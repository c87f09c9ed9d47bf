import {
  cursorBefore,
  eventLogName,
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
    // Elsewhere the log time decides: the position of a frontier may be one that another log has not come to yet.
    const isOwn = (place: OrderKey): boolean =>
      place.source === log.source && place.translation === log.translation;
    const own = known.filter((place) => isOwn(place)).map((place) => cursorOf(place));
    const times = known.filter((place) => !isOwn(place)).map(({ logTime }) => logTime);
    const [least] = times.sort();
    const others = least === undefined ? [] : [await cursorBefore(reader, least)];
    const cursor = [...own, ...others].reduce(earlier);
    if (cursor) from[eventLogName(log)] = cursor;
  }
  return from;
}

/** A place before all events of its position is no event's: its index is below 0. */
function cursorOf({ position, index }: OrderKey): LogCursor | undefined {
  if (index >= 0) return { position, index };
  return position > 1 ? { position: position - 1 } : undefined;
}

function earlier(one: LogCursor | undefined, other: LogCursor | undefined): LogCursor | undefined {
  if (one === undefined || other === undefined) return undefined;
  if (one.position !== other.position) return one.position < other.position ? one : other;
  return (one.index ?? Infinity) <= (other.index ?? Infinity) ? one : other;
}
