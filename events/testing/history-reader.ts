import type { Line, LogEntry, LogReader } from 'banyan/runtime';
import type { EventLogLine } from '../event-log.ts';
import type { EventHistory } from './event-histories.ts';

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true });
  });
}

/** A history as a log that is read in batches of so many entries, as far as it is long at that time. */
export function historyReader(
  { lines }: EventHistory,
  perBatch: number,
  length = lines.length,
): LogReader<EventLogLine> {
  const there = lines.slice(0, length) as Line<EventLogLine>[];
  const entries = Map.groupBy(there, ({ position }) => position);
  const all = [...entries].map(([position, some]): LogEntry<EventLogLine> => ({
    position,
    previous: 0,
    single: some.length === 1 ? some[0] : undefined,
    lines: () => some,
  }));
  return {
    head: async () => there.at(-1),
    async *read({ from, to = Infinity, follow = false, signal }) {
      const wanted = all.filter(({ position }) => position >= from && position <= to);
      for (let at = 0; at < wanted.length; at += perBatch) yield wanted.slice(at, at + perBatch);
      if (follow && signal) await aborted(signal);
    },
  };
}
