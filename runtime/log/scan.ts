import type { ReadFile } from '../file-system.ts';
import { bare, checkedFrame, follows, newline, type Frame } from './frame.ts';
import type { LineFrame } from './log.ts';
import { blockBytes } from './segment-reader.ts';
import type { Place } from './segment-name.ts';

/** A point between two lines of a raw segment. */
export interface ScanPoint {
  readonly offset: number;
  /** The line before; undefined when it is not known, so that any line may follow. */
  readonly line: LineFrame | undefined;
}

/** Where a line begins: so that a reader need not begin at the segment's start. */
export interface Mark {
  readonly start: Place;
  readonly offset: number;
}

/** What a raw segment holds. */
export interface Scan {
  /** Behind the last line that is good and follows the one before. */
  readonly good: ScanPoint;
  /** Behind the last whole entry; undefined when no entry ended behind the point where the scan began. */
  readonly whole: ScanPoint | undefined;
  /** About one in a mebibyte. */
  readonly marks: readonly Mark[];
  readonly lines: number;
  readonly entries: number;
  /** Bytes behind `good`, if any: a line that has not ended, or one that is wrong. */
  readonly rest: 'nothing' | 'unfinished' | 'wrong';
  /** The greatest position that a good line behind `good` calls durable. */
  readonly durableBehind: number;
}

/** Reads and checks the lines of a raw segment, from a point to the file's end, or to that of the entry at `to`. */
export async function scanRaw(
  file: ReadFile,
  from: ScanPoint,
  dense: boolean,
  to: number = Infinity,
): Promise<Scan> {
  const scanner = new Scanner(from, dense, to);
  let offset = from.offset;
  for (let wanted = blockBytes; ;) {
    const bytes = await file.read(offset, wanted);
    const end = bytes.lastIndexOf(newline) + 1;
    scanner.take(bytes, end);
    offset += end;
    if (scanner.isOver || bytes.length < wanted) return scanner.finish(bytes.length > end);
    wanted = end === 0 ? wanted * 2 : blockBytes;
  }
}

class Scanner {
  readonly #dense: boolean;
  readonly #to: number;
  #good: ScanPoint;
  #whole: ScanPoint | undefined;
  readonly #marks: Mark[] = [];
  #lines = 0;
  #entries = 0;
  #isWrong = false;
  #durableBehind = 0;

  /** The last line wanted was accepted: nothing behind it counts, good or wrong. */
  isOver: boolean;

  constructor(from: ScanPoint, dense: boolean, to: number) {
    this.#good = from;
    this.#dense = dense;
    this.#to = to;
    this.isOver = isAtEnd(from.line, to);
  }

  take(bytes: Buffer, end: number): void {
    for (let start = 0; start < end && !this.isOver;) {
      const lineEnd = bytes.indexOf(newline, start);
      const frame = this.#isWrong ? undefined : checkedFrame(bytes, start, lineEnd);
      this.isOver = frame !== undefined && frame.position > this.#to;
      if (this.isOver) return;
      if (frame !== undefined && follows(this.#good.line, frame, this.#dense))
        this.#accept(frame, lineEnd + 1 - start);
      else this.#refuse(bytes, start, lineEnd);
      start = lineEnd + 1;
    }
  }

  finish(isUnfinished: boolean): Scan {
    return {
      good: this.#good,
      whole: this.#whole,
      marks: this.#marks,
      lines: this.#lines,
      entries: this.#entries,
      rest: this.isOver ? 'nothing' : this.#isWrong ? 'wrong' : isUnfinished ? 'unfinished' : 'nothing',
      durableBehind: this.#durableBehind,
    };
  }

  #accept(frame: Frame, length: number): void {
    const { offset } = this.#good;
    if (offset >= (this.#marks.at(-1)?.offset ?? -Infinity) + blockBytes) {
      this.#marks.push({ start: { position: frame.position, part: frame.part }, offset });
    }
    this.#good = { offset: offset + length, line: bare(frame) };
    this.#lines++;
    this.isOver = isAtEnd(frame, this.#to);
    if (!frame.last) return;
    this.#whole = this.#good;
    this.#entries++;
  }

  /** Behind a wrong line only one thing matters: what good lines, which may follow lost pages, say was durable. */
  #refuse(bytes: Buffer, start: number, end: number): void {
    this.#isWrong = true;
    const lineStart = '{"crc":"';
    for (
      let at = bytes.indexOf(lineStart, start);
      at >= 0 && at < end;
      at = bytes.indexOf(lineStart, at + 1)
    ) {
      const durable = checkedFrame(bytes, at, end)?.durable ?? 0;
      this.#durableBehind = Math.max(this.#durableBehind, durable);
    }
  }
}

function isAtEnd(line: LineFrame | undefined, to: number): boolean {
  return line !== undefined && line.last && line.position >= to;
}
