import type { ChangeLogLine } from 'banyan/cdc';
import type { EventLogLine } from 'banyan/events';
import { isBanyanError, type Line, type LogReader } from 'banyan/runtime';
import { openLog, type NamedLog } from '../commands/logs.ts';

/** The newest entry of each log, by its name; undefined where nothing was written yet. */
export type Heads = ReadonlyMap<string, Line<ChangeLogLine | EventLogLine> | undefined>;

/** The newest entry of a log. */
export async function headOf(named: NamedLog): Promise<Line<ChangeLogLine | EventLogLine> | undefined> {
  try {
    const log = await openLog(named);
    return await log.head().finally(() => log.close());
  } catch (error) {
    // Nothing was written yet.
    if (isBanyanError(error, 'LOG_NOT_FOUND')) return undefined;
    throw error;
  }
}

/** The log time of the first entry from a position on: what a reader that stands there is going to see next. */
export async function logTimeAt(named: NamedLog, position: number): Promise<string | undefined> {
  const log = (await openLog(named)) as LogReader<ChangeLogLine | EventLogLine> & { close(): Promise<void> };
  try {
    for await (const [entry] of log.read({ from: Math.max(1, position), batchBytes: 1 })) {
      for (const line of entry?.lines() ?? []) return line.logTime;
    }
    return undefined;
  } finally {
    await log.close();
  }
}

/** The log time between two entries; none where one is not known. */
export function behind(
  positions: number,
  from: string | undefined,
  to: string | undefined,
): { readonly secondsBehind?: number } {
  if (positions === 0) return { secondsBehind: 0 };
  if (from === undefined || to === undefined) return {};
  return { secondsBehind: Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000) };
}
