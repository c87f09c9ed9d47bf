import { isBanyanError, toError, type LogEntry, type LogReader } from 'banyan/runtime';
import type { CrashProcess } from './crash-file-system.ts';
import type { Payload } from './log-history.ts';

/** An entry as it was seen: its lines' texts, as JSON. */
export interface Entry {
  readonly position: number;
  readonly texts: string;
}

export function readEntry(entry: LogEntry<Payload>): Entry {
  const texts = Array.from(entry.lines(), ({ text }) => text);
  return { position: entry.position, texts: JSON.stringify(texts) };
}

/** Follows a log until it is stopped or its process dies, and keeps what it saw. */
export class LogFollower {
  readonly seen: Entry[] = [];
  readonly from: number;
  readonly #stopping = new AbortController();
  readonly #going: Promise<void>;

  constructor(reader: LogReader<Payload>, from: number, process: CrashProcess, random: () => number) {
    this.from = from;
    this.#going = this.#go(reader, process, random);
    // Met by stop.
    this.#going.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#going;
  }

  async #go(reader: LogReader<Payload>, process: CrashProcess, random: () => number): Promise<void> {
    const { signal } = this.#stopping;
    try {
      for await (const batch of reader.read({ from: this.from, follow: true, signal, batchBytes: 200 })) {
        for (const entry of batch) {
          // A slow one: the files may be sealed before it reads the lines.
          while (random() < 0.3 && !process.dead) await new Promise((resolve) => setImmediate(resolve));
          this.seen.push(readEntry(entry));
        }
      }
    } catch (error) {
      // A reader within the process of a writer that was overtaken ends so, once it misses a file.
      if (!process.dead && !isBanyanError(error, 'LOG_FENCED')) throw toError(error);
    }
  }
}
