import type { LogCursor, LogEnds, Progress } from 'banyan/events';

/** The farthest progress that all have reached. */
export function least(all: readonly Progress[]): Progress {
  const [first, ...others] = all;
  if (!first) return {};
  const logs = Object.entries(first).flatMap(([log, cursor]) => {
    const cursors = [cursor, ...others.flatMap((progress) => progress[log] ?? [])];
    return cursors.length === all.length ? [[log, cursors.reduce(lesser)] as const] : [];
  });
  return Object.fromEntries(logs);
}

function lesser(one: LogCursor, other: LogCursor): LogCursor {
  const difference = one.position - other.position || (one.index ?? Infinity) - (other.index ?? Infinity);
  return difference <= 0 ? one : other;
}

/** How many positions lie between a progress and the ends: more than there are transactions with events. */
export function positionsLeft(progress: Progress, ends: LogEnds): number {
  return Object.entries(ends).reduce(
    (sum, [log, { position }]) => sum + Math.max(0, position - (progress[log]?.position ?? 0)),
    0,
  );
}
