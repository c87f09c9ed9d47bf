import { isBanyanError, type BanyanError } from '../errors.ts';
import { fileErrorCode } from '../node-file-system.ts';
import { corrupt } from './errors.ts';
import { beginning, crcIsRight, follows, framesOf, newline } from './frame.ts';
import type { LineFrame } from './log.ts';
import { blockAt, type SegmentIndex } from './segment-index.ts';
import { fileName } from './segment-name.ts';
import { blockBytes, openSegment, type OpenSegment } from './segment-reader.ts';
import { refreshWhole, type LogView, type Segment } from './view.ts';

/** What a verification tells as it goes on; the summary comes last. */
export type VerifyStep =
  | { readonly kind: 'segment'; readonly file: string; readonly segment: number; readonly segments: number }
  | { readonly kind: 'damage'; readonly error: BanyanError }
  | {
      readonly kind: 'summary';
      readonly segments: number;
      readonly entries: number;
      readonly lines: number;
      /** Bytes of text that were read and found right. */
      readonly rawBytes: number;
      readonly damages: number;
      /** Position of the last line that was found right, 0 for none. */
      readonly last: number;
    };

/** Reads all of a log and checks it; damage is told, and what is behind it is checked too. */
export async function* verifyLog(view: LogView, signal?: AbortSignal): AsyncGenerator<VerifyStep> {
  const verifier = new Verifier(view);
  try {
    await refreshWhole(view, () => signal?.aborted === true);
  } catch (error) {
    yield verifier.damage(error);
  }
  const segments = view.segments().filter(({ readable }) => readable !== 0);
  for (const [index, segment] of segments.entries()) {
    if (signal?.aborted === true) return;
    yield { kind: 'segment', file: fileName(segment.file), segment: index + 1, segments: segments.length };
    yield* verifier.segment(segment, signal);
  }
  yield { kind: 'summary', segments: segments.length, ...verifier.counted };
}

class Verifier {
  readonly #view: LogView;
  /** The line before; undefined behind damage, where any line may follow. */
  #before: LineFrame | undefined = beginning;
  counted = { entries: 0, lines: 0, rawBytes: 0, damages: 0, last: 0 };

  constructor(view: LogView) {
    this.#view = view;
  }

  damage(error: unknown): VerifyStep {
    const missing = fileErrorCode(error) === 'ENOENT';
    const known = missing
      ? corrupt(this.#view.directory, undefined, `a file is missing: ${String(error)}`)
      : error;
    if (!isBanyanError(known, 'LOG_CORRUPT')) throw known;
    this.counted.damages++;
    this.#before = undefined;
    return { kind: 'damage', error: known };
  }

  async *segment(segment: Segment, signal: AbortSignal | undefined): AsyncGenerator<VerifyStep> {
    let open: OpenSegment;
    try {
      open = await openSegment(this.#view.fileSystem, this.#view.directory, segment.file);
    } catch (error) {
      yield this.damage(error);
      return;
    }
    try {
      yield* this.#blocks(segment, open, signal);
    } finally {
      await open.close();
    }
  }

  async *#blocks(
    segment: Segment,
    open: OpenSegment,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<VerifyStep> {
    const path = `${this.#view.directory}/${fileName(segment.file)}`;
    const limit = segment.readable ?? open.index?.rawBytes ?? 0;
    const { lines, entries } = this.counted;
    let isWhole = true;
    for (let offset = 0; offset < limit && signal?.aborted !== true;) {
      const block = open.index === undefined ? undefined : blockAt(open.index, offset);
      let [length, error]: [number, unknown] = [block?.rawBytes ?? limit - offset, undefined];
      try {
        const bytes = await open.lines(offset, blockBytes, limit);
        if (bytes.length === 0) throw corrupt(path, offset, 'the file is shorter than it was');
        length = bytes.length;
        this.#lines(bytes, path, offset);
      } catch (thrown) {
        error = thrown;
      }
      if (error !== undefined) yield this.damage(error);
      isWhole &&= error === undefined;
      offset += length;
    }
    if (open.index === undefined || !isWhole || signal?.aborted === true) return;
    const counts = { lines: this.counted.lines - lines, entries: this.counted.entries - entries };
    if (!this.#agrees(open.index, counts))
      yield this.damage(corrupt(path, undefined, 'its index does not agree with it'));
  }

  #lines(bytes: Buffer, path: string, offset: number): void {
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(newline, start);
      if (!crcIsRight(bytes, start, end))
        throw corrupt(path, offset + start, 'the checksum of a line is wrong');
      start = end + 1;
    }
    for (const frame of framesOf(bytes)) {
      const { position, previous, part, last } = frame;
      if (!follows(this.#before, frame, this.#view.dense)) {
        const before = this.#before?.position ?? 0;
        const found = `position ${position}, part ${part}, previous ${previous}`;
        throw corrupt(path, offset, `the line behind position ${before} is of ${found}`);
      }
      this.#before = frame;
      this.counted.lines++;
      this.counted.last = position;
      if (last) this.counted.entries++;
    }
    this.counted.rawBytes += bytes.length;
  }

  #agrees(index: SegmentIndex, { lines, entries }: { lines: number; entries: number }): boolean {
    const { position, part } = this.#before ?? beginning;
    const { last } = index;
    return (
      index.lines === lines && index.entries === entries && last.position === position && last.part === part
    );
  }
}
