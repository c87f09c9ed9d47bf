import { eventLogName, type EventLogRef, type LogCursor, type Progress } from 'banyan/events';
import { covers, type Generation } from 'banyan/projections';
import type { LogHeads } from './log-heads.ts';

/** A generation and how far it has come. */
export interface Place {
  readonly generation: Generation;
  readonly progress: Progress;
}

/**
 * How far a generation must come to have all that another one had, told by its own logs. Versions of a translation
 * number their positions by the same change log: behind a transaction in one is behind it in the other, its events
 * themselves are not comparable. A log whose translation the other does not read must come as far as the other's
 * furthest log of the same source.
 */
export function wantedOf(generation: Generation, other: Place): Progress {
  const wanted = generation.logs.flatMap((log) => {
    const cursor = counterpart(log, other);
    return cursor ? [[eventLogName(log), cursor] as const] : [];
  });
  return Object.fromEntries(wanted);
}

function counterpart(log: EventLogRef, { generation, progress }: Place): LogCursor | undefined {
  const cursorOf = (other: EventLogRef): LogCursor | undefined => {
    const name = eventLogName(other);
    const cursor = Object.hasOwn(progress, name) ? progress[name] : undefined;
    return name === eventLogName(log) ? cursor : cursor && { position: cursor.position };
  };
  const sameSource = generation.logs.filter(({ source }) => source === log.source);
  const same = sameSource.filter(({ translation }) => translation === log.translation);
  const cursors = (same.length > 0 ? same : sameSource).flatMap((other) => cursorOf(other) ?? []);
  return cursors.sort((one, two) => two.position - one.position)[0];
}

/** Whether the generation had all that the other one had. */
export function hasAllOf(place: Place, other: Place): boolean {
  return covers(place.progress, wantedOf(place.generation, other));
}

/**
 * Whether the progress covers what is wanted, or what of it there can be: a log that is durable no further than the
 * progress has nothing more to give, however far its translator has said that it is.
 * @param heads read now: after whatever `wanted` was taken from
 */
export async function reaches(
  logs: readonly EventLogRef[],
  progress: Progress,
  wanted: Progress,
  heads: LogHeads | undefined,
): Promise<boolean> {
  for (const log of logs) {
    const name = eventLogName(log);
    const cursor = Object.hasOwn(wanted, name) ? wanted[name] : undefined;
    if (!cursor || covers(progress, { [name]: cursor })) continue;
    const head = await heads?.(log);
    if (head === undefined || (head > 0 && !covers(progress, { [name]: { position: head } }))) return false;
  }
  return true;
}
