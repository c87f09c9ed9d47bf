import { eventLogName, type EventLogLine, type EventLogRef } from 'banyan/events';
import { isBanyanError, nodeFileSystem, openLogReader } from 'banyan/runtime';
import { eventLogDirectory } from '../places.ts';

/** What is to be read of a log. */
export interface LogSize {
  readonly log: string;
  /** Bytes of text, and bytes as stored. */
  readonly rawBytes: number;
  readonly storedBytes: number;
  /** About how many events, by those of its beginning. */
  readonly events: number;
  /** The last position; 0 for none. */
  readonly last: number;
}

/** Bytes of text that are read to tell how large an event is. */
const sampleBytes = 1024 * 1024;

/** Measures an event log without reading it whole; one that does not exist yet is empty. */
export async function eventLogSize(directory: string, ref: EventLogRef): Promise<LogSize> {
  const log = eventLogName(ref);
  try {
    const reader = await openLogReader<EventLogLine>({
      directory: eventLogDirectory(directory, ref),
      fileSystem: nodeFileSystem,
    });
    try {
      const { rawBytes, storedBytes, last = 0 } = await reader.stats();
      let [events, bytes] = [0, 0];
      for await (const batch of reader.read({ from: 1, batchBytes: sampleBytes })) {
        for (const entry of batch)
          for (const line of entry.single ? [entry.single] : entry.lines()) {
            bytes += JSON.stringify(line).length;
            if (line.kind === 'events') events += line.events.length;
          }
        if (bytes >= sampleBytes) break;
      }
      return {
        log,
        rawBytes,
        storedBytes,
        last,
        events: bytes === 0 ? 0 : estimate(events, bytes, rawBytes),
      };
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (!isBanyanError(error, 'LOG_NOT_FOUND')) throw error;
    return { log, rawBytes: 0, storedBytes: 0, events: 0, last: 0 };
  }
}

function estimate(events: number, sampled: number, all: number): number {
  return sampled >= all ? events : Math.round((events * all) / sampled);
}
