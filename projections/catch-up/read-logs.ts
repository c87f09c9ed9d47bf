import {
  compareOrderKeys,
  eventLogName,
  readEvents,
  readMerged,
  type DomainEvent,
  type LogEnds,
  type MergedLog,
  type OrderKey,
  type Progress,
} from 'banyan/events';

/** Some events of the logs. */
export interface ReadPart {
  /** In order, behind each other, and no other event can come between: or, beyond the frontier of the logs, in none. */
  readonly kind: 'ordered' | 'beyond';
  readonly events: readonly DomainEvent[];
}

/**
 * Every event of the logs up to their ends: first those that nothing can overtake any more, in order, then those of logs
 * that are ahead of others, log by log.
 */
export async function* readAll(
  logs: readonly MergedLog[],
  { from, to, types }: { readonly from: Progress; readonly to: LogEnds; readonly types: ReadonlySet<string> },
): AsyncGenerator<ReadPart, void> {
  let at = from;
  for await (const { events, progress } of readMerged(logs, { from, to, types })) {
    at = progress;
    yield { kind: 'ordered', events };
  }
  for (const { log, reader } of logs) {
    const [after, end] = [at[eventLogName(log)], to[eventLogName(log)]];
    if (!end) continue;
    const rest = { to: end.position, types, ...(after && { after }) };
    for await (const { events } of readEvents(reader, log, rest)) yield { kind: 'beyond', events };
  }
}

/** The least order key that may still come behind the ends; undefined while a log is empty. */
export function frontierOfEnds(logs: readonly MergedLog[], ends: LogEnds): OrderKey | undefined {
  let least: OrderKey | undefined;
  for (const { log } of logs) {
    const end = ends[eventLogName(log)];
    if (!end) return undefined;
    const { source, translation } = log;
    const bound = { logTime: end.logTime, source, position: end.position + 1, translation, index: 0 };
    if (!least || compareOrderKeys(bound, least) < 0) least = bound;
  }
  return least;
}
