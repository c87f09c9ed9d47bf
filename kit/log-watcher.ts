import { openLogReader, type SegmentLogReader } from 'banyan/runtime';
import type { CrashProcess } from './crash-file-system.ts';
import { readEntry, type Entry } from './log-follower.ts';
import type { Payload } from './log-history.ts';

/** What a watcher is given of the history around it. */
export interface Watched {
  readonly directory: string;
  readonly random: () => number;
  /** A process that lives, of the watcher's own. */
  readonly process: () => CrashProcess;
  /** The last position that was acknowledged, or shown to anybody, by now. */
  readonly known: () => number;
  /** The log was seen to end at a position. */
  readonly onEnd: (position: number) => void;
  readonly violated: (what: string) => void;
}

/**
 * Asks another process for the end of a log, again and again, whoever writes, dies or recovers meanwhile: now for its
 * head, now by reading it, with a reader that was just opened or one that knows it. It must never be told of less than
 * anybody was told of before it asked.
 */
export class LogWatcher {
  /** Every entry that it was shown. */
  readonly seen: Entry[] = [];
  readonly #watched: Watched;
  readonly #going: Promise<void>;
  #reader: { readonly log: SegmentLogReader<Payload>; readonly process: CrashProcess } | undefined;
  #isStopped = false;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#going = this.#go();
    // Met by stop.
    this.#going.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#going;
    await this.#reader?.log.close();
  }

  async #go(): Promise<void> {
    while (!this.#isStopped) {
      const process = this.#reader?.process ?? this.#watched.process();
      try {
        this.#reader ??= { process, log: await this.#open(process) };
        await this.#ask(this.#reader.log);
        if (this.#watched.random() < 0.5) this.#reader = undefined;
      } catch (error) {
        if (!process.dead) throw error;
        this.#reader = undefined;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #open(fileSystem: CrashProcess): Promise<SegmentLogReader<Payload>> {
    return openLogReader<Payload>({ directory: this.#watched.directory, fileSystem });
  }

  async #ask(log: SegmentLogReader<Payload>): Promise<void> {
    const { random, known, violated, onEnd } = this.#watched;
    const least = known();
    const byHead = random() < 0.5;
    const end = byHead ? ((await log.head())?.position ?? 0) : await this.#read(log, least);
    onEnd(end);
    if (end < least)
      violated(`the log ended at ${end} ${byHead ? 'by its head' : 'as it was read'}, not ${least}`);
  }

  /** Reads from a place before the end that is known. */
  async #read(log: SegmentLogReader<Payload>, least: number): Promise<number> {
    const from = Math.max(1, least - Math.floor(this.#watched.random() * 3));
    let end = from - 1;
    for await (const batch of log.read({ from, batchBytes: 300 })) {
      for (const entry of batch.map(readEntry)) {
        this.seen.push(entry);
        end = entry.position;
      }
    }
    return end;
  }
}
