import { fileErrorCode } from '../node-file-system.ts';
import { corrupt } from './errors.ts';
import { comparePlaces, fileName, lastAtOrBefore, type Place } from './segment-name.ts';
import { blockBytes, openSegment, type OpenSegment } from './segment-reader.ts';
import type { LogView, Segment } from './view.ts';

/** A place in a log's text: the segment, by where it begins, and the offset in its raw text. */
export interface Location {
  readonly segment: Place;
  readonly offset: number;
}

/** Lines read together, and where they are. */
export interface LinesRead {
  readonly bytes: Buffer;
  readonly at: Location;
}

/** Reads a view's lines in order from near a position, through rolls and sealing; at the end it can be asked again. */
export class LogCursor {
  readonly #view: LogView;
  readonly #from: number;
  #at: Location | undefined;
  #open: OpenSegment | undefined;

  /** The first line read is the first of the entry at `from`, or one before it. */
  constructor(view: LogView, from: number) {
    this.#view = view;
    this.#from = from;
  }

  /** The next lines, about `bytes` of them; undefined at the end of what the view knows. */
  async next(bytes: number): Promise<LinesRead | undefined> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#next(bytes);
      } catch (error) {
        // Sealed and removed since the view looked.
        if (fileErrorCode(error) !== 'ENOENT' || tries === 5) throw error;
        await this.#view.lookAgain();
      }
    }
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.close();
  }

  async #next(bytes: number): Promise<LinesRead | undefined> {
    for (;;) {
      const segments = this.#view.segments();
      const at = (this.#at ??= await this.#seek(segments));
      if (at === undefined) return undefined;
      const index = lastAtOrBefore(segments, ({ file }) => file.start, at.segment);
      const segment = segments[index];
      if (segment === undefined || comparePlaces(segment.file.start, at.segment) !== 0) {
        // Nobody takes back what was shown; and whoever reads must not take this for the end.
        const what = `the segment that began at position ${at.segment.position} is gone`;
        throw corrupt(this.#view.directory, undefined, what);
      }
      const open = await this.#opened(segment);
      const limit = segment.readable ?? open.index?.rawBytes ?? 0;
      if (at.offset < limit) {
        const read = await open.lines(at.offset, Math.max(bytes, 1), limit);
        if (read.length === 0)
          throw corrupt(this.#path(segment), at.offset, 'the file is shorter than it was');
        this.#at = { segment: at.segment, offset: at.offset + read.length };
        return { bytes: read, at };
      }
      const next = segments[index + 1];
      if (next === undefined || next.readable === 0) return undefined;
      this.#at = { segment: next.file.start, offset: 0 };
    }
  }

  async #opened(segment: Segment): Promise<OpenSegment> {
    if (this.#open !== undefined && fileName(this.#open.file) === fileName(segment.file)) return this.#open;
    await this.close();
    return (this.#open = await openSegment(this.#view.fileSystem, this.#view.directory, segment.file));
  }

  async #seek(segments: readonly Segment[]): Promise<Location | undefined> {
    const wanted = { position: this.#from, part: 0 };
    let at = Math.max(
      0,
      lastAtOrBefore(segments, ({ file }) => file.start, wanted),
    );
    // One that was begun and has no whole entry yet, maybe for ever: what is there ends in the one before.
    while (at > 0 && segments[at]?.readable === 0) at -= 1;
    const segment = segments[at];
    if (segment === undefined || segment.readable === 0) return undefined;
    const marks = segment.readable === undefined ? await this.#blocks(segment) : segment.marks;
    const mark =
      marks[
        Math.max(
          0,
          lastAtOrBefore(marks, ({ start }) => start, wanted),
        )
      ];
    return { segment: segment.file.start, offset: mark?.offset ?? 0 };
  }

  async #blocks(segment: Segment) {
    const { index } = await this.#opened(segment);
    return index?.blocks.map(({ start, rawOffset }) => ({ start, offset: rawOffset })) ?? [];
  }

  #path(segment: Segment): string {
    return `${this.#view.directory}/${fileName(segment.file)}`;
  }
}

/** The text of the newest readable line, or undefined for an empty log. */
export async function newestLine(view: LogView): Promise<string | undefined> {
  const newest = view.segments().findLast((segment) => segment.readable !== 0);
  if (newest === undefined) return undefined;
  const cursor = new LogCursor(view, Number.MAX_SAFE_INTEGER);
  try {
    let line: string | undefined;
    for (let read = await cursor.next(blockBytes); read !== undefined; read = await cursor.next(blockBytes)) {
      const start = read.bytes.lastIndexOf(10, read.bytes.length - 2) + 1;
      line = read.bytes.toString('utf8', start, read.bytes.length - 1);
    }
    return line;
  } finally {
    await cursor.close();
  }
}
