import type { LogReader } from 'banyan/runtime';
import type { LogCursor } from './domain-event.ts';

/**
 * A cursor of a log before which no entry has the log time, or a later one; positions are searched by halves. Undefined:
 * from the beginning.
 * @param since ISO 8601 with microseconds
 */
export async function cursorBefore(
  reader: LogReader<{ readonly logTime: string }>,
  since: string,
): Promise<LogCursor | undefined> {
  let [low, high] = [0, (await reader.head())?.position ?? 0];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const found = await timeAt(reader, middle);
    if (found !== undefined && found < since) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? undefined : { position: low };
}

/** The log time of the first entry at a position or behind it. */
async function timeAt(
  reader: LogReader<{ readonly logTime: string }>,
  from: number,
): Promise<string | undefined> {
  for await (const [entry] of reader.read({ from, batchBytes: 1 })) {
    for (const line of entry?.lines() ?? []) return line.logTime;
  }
  return undefined;
}
