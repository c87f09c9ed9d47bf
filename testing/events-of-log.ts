import { eventsOfLine, type DomainEvent, type EventLogLine, type EventLogRef } from 'banyan/events';
import { BanyanError, nodeFileSystem, openLogReader } from 'banyan/runtime';
import { eventLogDirectory } from 'banyan/replay';

/** Which events of a log. */
export interface LogRange {
  /** The first and the last position; default: all. */
  readonly from?: number;
  readonly to?: number;
}

/**
 * The events of an event log of an environment, in order, in memory; its translator may run meanwhile.
 * @param directory the environment's directory, `.banyan`
 * @param log its name, `shop:orders@1`
 * @throws BanyanError TEST_LOG_INVALID when the name is none; LOG_NOT_FOUND, LOG_CORRUPT
 */
export async function eventsOfLog(
  directory: string,
  log: string,
  { from = 1, to }: LogRange = {},
): Promise<DomainEvent[]> {
  const ref = parse(log);
  const place = { directory: eventLogDirectory(directory, ref), fileSystem: nodeFileSystem };
  const reader = await openLogReader<EventLogLine>(place);
  const events: DomainEvent[] = [];
  try {
    for await (const batch of reader.read({ from, ...(to !== undefined && { to }) }))
      for (const entry of batch)
        for (const line of entry.lines()) if (line.kind === 'events') events.push(...eventsOfLine(ref, line));
    return events;
  } finally {
    await reader.close();
  }
}

function parse(log: string): EventLogRef {
  const [, source, translation, version] = /^([^:]+):([^@]+)@([1-9]\d*)$/.exec(log) ?? [];
  if (source !== undefined && translation !== undefined)
    return { source, translation, version: Number(version) };
  throw new BanyanError('TEST_LOG_INVALID', `${log} names no event log. Expected one as shop:orders@1.`);
}
