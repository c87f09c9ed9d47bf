import type { LogWriter } from 'banyan/runtime';
import { eventLogName, type EventLogRef } from '../domain-event.ts';
import type { EventLogLine } from '../event-log.ts';
import { timeAt } from './change-entries.ts';

/** Appends a transaction's events, a list of types for each line; with none, a tick. Not durable before a sync. */
export async function appendEntry(
  to: LogWriter<EventLogLine>,
  log: EventLogRef,
  position: number,
  time: number,
  parts: readonly (readonly string[])[],
): Promise<void> {
  const lines = linesOf(log, position, time, parts);
  const last = lines.pop() ?? { kind: 'tick', logTime: timeAt(time) };
  if (lines.length === 0) {
    to.append(position, last);
    return;
  }
  const entry = to.begin(position);
  for (const line of lines) await entry.write(line);
  await entry.commit(last);
}

function linesOf(
  log: EventLogRef,
  position: number,
  time: number,
  parts: readonly (readonly string[])[],
): EventLogLine[] {
  const logTime = timeAt(time);
  let index = 0;
  return parts.map((types) => {
    const first = index;
    const events = types.map((type) => ({
      id: `${eventLogName(log)}:${String(position)}:${String(index++)}`,
      type,
      data: {},
    }));
    return { kind: 'events', logTime, committedAt: logTime, first, events };
  });
}
