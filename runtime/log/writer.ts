import { BanyanError } from '../errors.ts';
import { once } from '../lifecycle.ts';
import { Chunk, type NewestLine } from './chunk.ts';
import { readEntries } from './entries.ts';
import { misuse } from './errors.ts';
import { Lane } from './lane.ts';
import type { EntryWriter, Line, LineFrame, LogEntry, LogWriter, ReadOptions } from './log.ts';
import { OpenEntry } from './open-entry.ts';
import type { SegmentWriter } from './segment-writer.ts';

/** Bytes of lines encoded together, at most (a longer line is alone). */
const mostChunkBytes = 1 << 20;

export interface WriterOptions {
  readonly owner: string;
  readonly directory: string;
  readonly dense: boolean;
  /** Bytes that wait to be written before `ready` waits. */
  readonly bufferBytes: number;
  readonly segments: SegmentWriter;
  /** After each sync. @throws BanyanError LOG_FENCED */
  readonly checkFence: () => Promise<void>;
  /** Lets go of the log, at its end if that is known. */
  readonly release: (end: { readonly position: number } | undefined) => Promise<void>;
  /** What a failed file operation is to the caller. */
  readonly explain: (thrown: unknown) => BanyanError;
  /** The newest line, as the log was opened. */
  readonly last: NewestLine | undefined;
}

/** The writer of a segment log: numbers and buffers lines, and commits in groups. */
export class SegmentLogWriter<Payload> implements LogWriter<Payload> {
  readonly #options: WriterOptions;
  readonly #chunkBytes: number;
  readonly #lane = new Lane();
  readonly #listeners = new Set<(durable: number) => void>();
  #pending: Chunk[] = [];
  /** Of chunks that are written, for the next ones: else a large entry leaves garbage faster than it is collected. */
  readonly #memory: Buffer[] = [];
  /** Bytes encoded and not yet written. */
  #buffered = 0;
  #committedLine: NewestLine | undefined;
  #durableLine: NewestLine | undefined;
  /** The last line of the last whole entry written. */
  #writtenLine: NewestLine | undefined;
  #entry: OpenEntry<Payload> | undefined;
  #nextSync: Promise<void> | undefined;
  #nextFlush: Promise<void> | undefined;
  #failure: BanyanError | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#chunkBytes = Math.min(mostChunkBytes, options.bufferBytes / 4);
    this.#committedLine = this.#durableLine = this.#writtenLine = options.last;
  }

  get committed(): number {
    return this.#committedLine?.frame.position ?? 0;
  }

  get durable(): number {
    return this.#durableLine?.frame.position ?? 0;
  }

  get last(): Line<Payload> | undefined {
    return lineOf<Payload>(this.#committedLine);
  }

  async head(): Promise<Line<Payload> | undefined> {
    return lineOf<Payload>(this.#durableLine);
  }

  read(options: ReadOptions): AsyncIterable<readonly LogEntry<Payload>[]> {
    return readEntries<Payload>(this.#options.segments, options);
  }

  append(position: number, payload: Payload): void {
    this.#checkPosition(position);
    this.#add({ position, previous: this.committed, part: 0, last: true }, payload, undefined);
  }

  begin(position: number): EntryWriter<Payload> {
    this.#checkPosition(position);
    const entry: OpenEntry<Payload> = new OpenEntry<Payload>(
      { position, previous: this.committed },
      {
        add: (frame, payload) => this.#add(frame, payload, entry),
        ready: () => this.ready(),
        abort: () => this.#abort(entry),
      },
    );
    this.#entry = entry;
    return entry;
  }

  async ready(): Promise<void> {
    this.#checkUsable();
    if (this.#buffered < this.#chunkBytes) return;
    const flushing = this.#flush();
    // A failure meanwhile is kept, and met by the next call.
    if (this.#buffered < this.#options.bufferBytes) flushing.catch(() => undefined);
    else await flushing;
  }

  sync(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#committedLine === this.#durableLine) return Promise.resolve();
    return (this.#nextSync ??= this.#run(() => {
      this.#nextSync = undefined;
      return this.#commitGroup();
    }));
  }

  onDurable(listener: (durable: number) => void): { close(): void } {
    this.#listeners.add(listener);
    return {
      close: () => {
        this.#listeners.delete(listener);
      },
    };
  }

  readonly close = once(async () => {
    const { segments, release } = this.#options;
    try {
      if (this.#failure === undefined) await this.#entry?.abort();
      if (this.#failure === undefined) await this.sync();
    } finally {
      const end = this.#failure === undefined ? { position: this.durable } : undefined;
      this.#failure ??= new BanyanError(
        'LOG_CLOSED',
        `${this.#options.owner} has closed its log; open it again to write.`,
      );
      await this.#lane.run(() => segments.close());
      await release(end);
    }
  });

  #checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #checkPosition(position: number): void {
    this.#checkUsable();
    const { dense, directory } = this.#options;
    if (this.#entry !== undefined) {
      throw misuse(`An entry is under way in ${directory}: commit or abort it before position ${position}.`);
    }
    const isNext = dense ? position === this.committed + 1 : position > this.committed;
    if (isNext && Number.isSafeInteger(position)) return;
    const expected = dense ? `${this.committed + 1}` : `more than ${this.committed}`;
    throw misuse(`The next position in ${directory} must be ${expected}, not ${position}.`, { position });
  }

  #add(frame: LineFrame, payload: Payload, entry: OpenEntry<Payload> | undefined): void {
    this.#checkUsable();
    const text = JSON.stringify(payload);
    const current = this.#pending.at(-1);
    const isOpen = current !== undefined && current.entry === entry && current.size < this.#chunkBytes;
    const chunk = isOpen ? current : new Chunk(frame, entry, this.#memory.pop());
    if (!isOpen) this.#pending.push(chunk);
    this.#buffered -= chunk.size;
    chunk.add(frame, text);
    this.#buffered += chunk.size;
    if (!frame.last) return;
    this.#entry = undefined;
    this.#committedLine = chunk.newest;
  }

  #flush(): Promise<void> {
    return (this.#nextFlush ??= this.#run(() => {
      this.#nextFlush = undefined;
      return this.#writePending();
    }));
  }

  /** Runs a task that writes; after the first failure none runs. */
  #run(task: () => Promise<void>): Promise<void> {
    return this.#lane.run(async () => {
      this.#checkUsable();
      try {
        await task();
      } catch (thrown) {
        // What a failed write or sync left is not known, and asking again would say that all is well.
        this.#failure = this.#options.explain(thrown);
        this.#pending = [];
        this.#buffered = 0;
        throw this.#failure;
      }
    });
  }

  async #writePending(): Promise<void> {
    const { segments } = this.#options;
    const newest = this.#pending.at(-1);
    for (let chunk: Chunk | undefined; chunk !== newest;) {
      chunk = this.#pending.shift();
      if (chunk === undefined) return;
      if (chunk.entry !== undefined) chunk.entry.start ??= segments.end;
      const { newest: line, size } = chunk;
      await segments.write(chunk.finish(this.durable), chunk.start, line.frame.last);
      this.#buffered -= size;
      if (this.#memory.length < 4) this.#memory.push(chunk.memory);
      if (line.frame.last) this.#writtenLine = line;
    }
  }

  async #commitGroup(): Promise<void> {
    const { segments, checkFence } = this.#options;
    await this.#writePending();
    const written = this.#writtenLine;
    if (written === this.#durableLine) return;
    // Side by side: what matters is that the fence is looked at after the write, since whoever takes it later reads
    // what was written.
    await Promise.all([segments.sync(), checkFence()]);
    this.#durableLine = written;
    segments.publish();
    for (const listener of [...this.#listeners]) listener(this.durable);
  }

  async #abort(entry: OpenEntry<Payload>): Promise<void> {
    this.#checkUsable();
    for (const chunk of this.#pending) if (chunk.entry === entry) this.#buffered -= chunk.size;
    this.#pending = this.#pending.filter((chunk) => chunk.entry !== entry);
    await this.#run(async () => {
      if (entry.start !== undefined) await this.#options.segments.cutBack(entry.start);
    });
    this.#entry = undefined;
  }
}

function lineOf<Payload>(newest: NewestLine | undefined): Line<Payload> | undefined {
  if (newest === undefined) return undefined;
  return { ...newest.frame, ...(JSON.parse(newest.payload) as Payload) };
}
