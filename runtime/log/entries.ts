import { LogCursor, type LinesRead, type Location } from './cursor.ts';
import { corrupt, readClosed } from './errors.ts';
import { bare, beginning, follows, frameAt, parseLine } from './frame.ts';
import type { Line, LineFrame, LogEntry, ReadOptions } from './log.ts';
import { rereadLines } from './reread.ts';
import { blockBytes } from './segment-reader.ts';
import { comparePlaces, fileName } from './segment-name.ts';
import { refreshWhole, type LogView } from './view.ts';

/** Batches of whole entries of a view, in order: the body of every reader's `read`. */
export async function* readEntries<Payload>(
  view: LogView,
  options: ReadOptions,
): AsyncGenerator<readonly LogEntry<Payload>[]> {
  const { from, to = Infinity, follow = false, signal, batchBytes = blockBytes } = options;
  const watching = follow ? view.watch() : undefined;
  const cursor = new LogCursor(view, from);
  const decoder = new EntryDecoder<Payload>(view, from, to);
  const isStopped = () => {
    if (signal?.aborted === true) return true;
    // Who follows expects the end; whoever reads up to somewhere must not take what was read for all that there is.
    if (view.closed && !follow) throw readClosed();
    return view.closed;
  };
  try {
    for (;;) {
      // Taken before looking, so that what comes meanwhile is not missed.
      const { count } = view.changes;
      if (follow) await view.refresh();
      else await refreshWhole(view, isStopped);
      for (
        let read = await cursor.next(batchBytes);
        read !== undefined;
        read = await cursor.next(batchBytes)
      ) {
        for (const batch of decoder.batches(read, batchBytes)) {
          if (isStopped()) return;
          yield batch;
        }
        if (decoder.isDone || isStopped()) return;
      }
      if (!follow || isStopped()) return;
      await view.changes.since(count, signal);
      if (isStopped()) return;
    }
  } finally {
    watching?.close();
    await cursor.close();
  }
}

/** Turns lines into entries, and checks that each follows the one before. */
class EntryDecoder<Payload> {
  readonly #view: LogView;
  readonly #from: number;
  readonly #to: number;
  #before: LineFrame | undefined;
  /** An entry of several lines whose last has not come yet: where it begins. */
  #begun: Location | undefined;
  isDone = false;

  constructor(view: LogView, from: number, to: number) {
    this.#view = view;
    this.#from = from;
    this.#to = to;
  }

  *batches({ bytes, at }: LinesRead, batchBytes: number): Generator<LogEntry<Payload>[]> {
    // One decoding for all the lines is faster than one for each (324 against 287 MB/s; JSON.parse alone: 344).
    const text = bytes.toString('utf8');
    if (this.#before === undefined && isLogStart(this.#view, at)) this.#before = beginning;
    let batch: LogEntry<Payload>[] = [];
    let batchStart = 0;
    let entryStart = 0;
    for (let start = 0, end = 0; start < text.length; start = end + 1) {
      end = text.indexOf('\n', start);
      if (this.#before?.last !== false) entryStart = start;
      const entry = this.#take(text, start, end, entryStart, at);
      if (this.isDone && entry === undefined) break;
      if (entry === undefined) continue;
      batch.push(entry);
      if (!this.isDone && end - batchStart < batchBytes) continue;
      yield batch;
      if (this.isDone) return;
      batch = [];
      batchStart = end + 1;
    }
    if (this.#before?.last === false && this.#begun === undefined && !this.isDone) {
      this.#begun = { segment: at.segment, offset: at.offset + Buffer.byteLength(text.slice(0, entryStart)) };
    }
    if (batch.length > 0) yield batch;
  }

  /** The entry that ends with this line, if one does. */
  #take(
    text: string,
    start: number,
    end: number,
    entryStart: number,
    at: Location,
  ): LogEntry<Payload> | undefined {
    const isEntryStart = this.#before?.last === true && this.#before.position + 1 >= this.#from;
    // Within an entry of several lines, and before the first one wanted, only the frame is needed.
    const line = isEntryStart ? parseLine<Payload>(text, start, end) : frameAt(text, start);
    if (line === undefined || !follows(this.#before, line, this.#view.dense)) throw this.#broken(line, at);
    const isAfter = line.position > this.#to;
    if (isAfter || (line.last && line.position === this.#to)) this.isDone = true;
    this.#before = bare(line);
    const begun = this.#begun;
    if (line.last) this.#begun = undefined;
    if (isAfter || !line.last || line.position < this.#from) return undefined;
    if (line.part === 0)
      return new SingleEntry(isEntryStart ? (line as Line<Payload>) : parseLine<Payload>(text, start, end));
    const frame = this.#before;
    if (begun !== undefined)
      return new LongEntry(frame, () => rereadLines<Payload>(this.#view, begun, frame));
    return new LongEntry(frame, () => linesOf<Payload>(text, entryStart, end));
  }

  #broken(line: LineFrame | undefined, { segment, offset }: Location) {
    const { position = 0, last = true } = this.#before ?? {};
    const expected = last
      ? `an entry whose previous position is ${position}`
      : `the next line of position ${position}`;
    const found =
      line === undefined
        ? 'something else'
        : `position ${line.position}, part ${line.part}, previous ${line.previous}`;
    const file = this.#view
      .segments()
      .find(({ file: { start } }) => comparePlaces(start, segment) === 0)?.file;
    return corrupt(
      `${this.#view.directory}/${file === undefined ? '' : fileName(file)}`,
      offset,
      `expected ${expected}, found ${found}`,
    );
  }
}

function isLogStart(view: LogView, { segment, offset }: Location): boolean {
  const first = view.segments()[0];
  return offset === 0 && first !== undefined && comparePlaces(first.file.start, segment) === 0;
}

class SingleEntry<Payload> implements LogEntry<Payload> {
  readonly single: Line<Payload>;

  constructor(line: Line<Payload>) {
    this.single = line;
  }

  get position(): number {
    return this.single.position;
  }

  get previous(): number {
    return this.single.previous;
  }

  lines(): Iterable<Line<Payload>> {
    return [this.single];
  }
}

class LongEntry<Payload> implements LogEntry<Payload> {
  readonly position: number;
  readonly previous: number;
  readonly single = undefined;
  readonly #lines: () => Generator<Line<Payload>>;

  constructor({ position, previous }: LineFrame, lines: () => Generator<Line<Payload>>) {
    this.position = position;
    this.previous = previous;
    this.#lines = lines;
  }

  lines(): Iterable<Line<Payload>> {
    return { [Symbol.iterator]: this.#lines };
  }
}

function* linesOf<Payload>(text: string, from: number, to: number): Generator<Line<Payload>> {
  for (let start = from, end = 0; start < to; start = end + 1) {
    end = text.indexOf('\n', start);
    yield parseLine<Payload>(text, start, end);
  }
}
