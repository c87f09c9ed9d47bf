import { toError } from '../errors.ts';
import type { AppendFile, FileSystem } from '../file-system.ts';
import type { Logger } from '../logger.ts';
import type { Codec } from './codec.ts';
import type { Fence } from './fence.ts';
import type { Mark } from './scan.ts';
import { sealSegment } from './seal.ts';
import { fileName, stemOf, type Place, type SegmentFile } from './segment-name.ts';
import { blockBytes } from './segment-reader.ts';
import type { LogView, Segment } from './view.ts';
import { Wakeup } from './wakeup.ts';

export interface SegmentWriterOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly dense: boolean;
  readonly segmentBytes: number;
  readonly codec: Codec;
  readonly fence: Fence;
  readonly logger: Logger;
}

/** A raw segment of this writer. */
interface RawSegment extends Segment {
  readable: number;
  size: number;
  readonly marks: Mark[];
}

/** The end of what is written. */
export interface WrittenEnd {
  readonly segment: Segment | undefined;
  readonly size: number;
}

/**
 * The files of a writer: appends bytes to segments, begins new ones, seals the finished ones in the background, and
 * shows readers in this process what is durable. All calls that change files must come one after the other.
 */
export class SegmentWriter implements LogView {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly dense: boolean;
  readonly changes = new Wakeup();
  readonly patienceMs = 0;
  closed = false;
  readonly #options: SegmentWriterOptions;
  /** Sealed ones, then raw ones, the last of which is being written while `#active` is open. */
  readonly #segments: (Segment | RawSegment)[];
  #active: AppendFile | undefined;
  /** Behind the last whole entry written. */
  #whole: { readonly segment: RawSegment; readonly size: number } | undefined;
  #sealing: Promise<void> | undefined;
  /** After sealing failed: not tried again before there are more segments than this. */
  #sealBeyond = 0;

  constructor(options: SegmentWriterOptions, segments: readonly Segment[]) {
    this.fileSystem = options.fileSystem;
    this.directory = options.directory;
    this.dense = options.dense;
    this.#options = options;
    this.#segments = [...segments];
  }

  segments(): readonly Segment[] {
    return this.#segments;
  }

  async refresh(): Promise<boolean> {
    // Always knows.
    return true;
  }

  async lookAgain(): Promise<void> {
    if (!this.closed) await this.#options.fence.check();
  }

  watch() {
    return { close: () => undefined };
  }

  /** Where the next bytes go. */
  get end(): WrittenEnd {
    const segment = this.#newest;
    return { segment, size: segment?.size ?? 0 };
  }

  /** Writes lines, the first of which is at `start`. */
  async write(bytes: Buffer, start: Place, endsEntry: boolean): Promise<void> {
    let segment = this.#newest;
    if (this.#active === undefined || segment === undefined || segment.size >= this.#options.segmentBytes) {
      segment = await this.#roll(start);
    }
    const { marks, size } = segment;
    if (size >= (marks.at(-1)?.offset ?? -Infinity) + blockBytes / 4) marks.push({ start, offset: size });
    await this.#active?.append(bytes);
    segment.size += bytes.length;
    if (endsEntry) this.#whole = { segment, size: segment.size };
  }

  async sync(): Promise<void> {
    await this.#active?.sync();
  }

  /** Lets readers see every whole entry written so far; all of it must be durable. */
  publish(): void {
    if (this.#whole === undefined) return;
    const { segment: last, size } = this.#whole;
    for (let at = this.#segments.indexOf(last) - 1; at >= 0; at--) {
      const segment = this.#segments[at];
      if (segment === undefined || !isRaw(segment)) break;
      segment.readable = segment.size;
    }
    last.readable = size;
    this.changes.ring();
    const mayStart = this.#sealing === undefined && !this.closed;
    if (mayStart && this.#nextToSeal() !== undefined) this.#sealing = this.#sealFinished();
  }

  /** Takes back what was written behind a whole entry. */
  async cutBack({ segment, size }: WrittenEnd): Promise<void> {
    await this.#active?.close();
    this.#active = undefined;
    const keep =
      segment === undefined ? -1 : this.#segments.findIndex(({ file }) => file.stem === segment.file.stem);
    // From the end, each durably: a crash in between must not leave a segment without the one before it.
    for (
      let newest = this.#newest;
      newest !== undefined && this.#segments.length - 1 > keep;
      newest = this.#newest
    ) {
      await this.fileSystem.remove(this.#path(newest.file));
      await this.fileSystem.syncDirectory(this.directory);
      this.#segments.pop();
    }
    const kept = this.#newest;
    if (kept === undefined || kept.size === size) return;
    await this.fileSystem.truncate(this.#path(kept.file), size);
    // Before anything is written there again: pages of what was cut off must not come back among newer ones.
    const file = await this.fileSystem.openAppend(this.#path(kept.file));
    await file.sync().finally(() => file.close());
    kept.size = size;
    while ((kept.marks.at(-1)?.offset ?? -1) >= size) kept.marks.pop();
  }

  async close(): Promise<void> {
    this.closed = true;
    this.changes.ring();
    await this.#sealing;
    await this.#active?.close();
    this.#active = undefined;
  }

  get #newest(): RawSegment | undefined {
    const newest = this.#segments.at(-1);
    return newest !== undefined && isRaw(newest) ? newest : undefined;
  }

  async #roll(start: Place): Promise<RawSegment> {
    const { fence } = this.#options;
    // Recovery relies on this order: a segment exists only if the one before is whole and durable.
    await this.#active?.sync();
    await this.#active?.close();
    this.#active = undefined;
    await fence.check();
    const file: SegmentFile = { stem: stemOf(start, fence.number), start, fence: fence.number, form: 'raw' };
    this.#active = await this.fileSystem.openAppend(this.#path(file));
    await this.fileSystem.syncDirectory(this.directory);
    const segment: RawSegment = { file, readable: 0, size: 0, marks: [] };
    this.#segments.push(segment);
    return segment;
  }

  async #sealFinished(): Promise<void> {
    const { logger, fence, codec } = this.#options;
    try {
      for (let at = this.#nextToSeal(); at !== undefined && !this.closed; at = this.#nextToSeal()) {
        // The next writer seals what is left; two would only be in each other's way.
        await fence.check();
        const raw = this.#segments[at] as RawSegment;
        const options = {
          fileSystem: this.fileSystem,
          directory: this.directory,
          raw: raw.file,
          bytes: raw.size,
        };
        const { file } = await sealSegment({ ...options, codec, fence: fence.number });
        this.#segments[at] = { file, readable: undefined, marks: [] };
        await this.fileSystem.remove(this.#path(raw.file));
      }
    } catch (error) {
      this.#sealBeyond = this.#segments.length;
      logger.warn(
        { err: toError(error) },
        'a segment could not be sealed; it stays as it is and is tried again later',
      );
    } finally {
      this.#sealing = undefined;
    }
  }

  /** The first raw segment, if it is finished and all of it durable. */
  #nextToSeal(): number | undefined {
    if (this.#segments.length <= this.#sealBeyond) return undefined;
    const at = this.#segments.findIndex(isRaw);
    const segment = this.#segments[at];
    const isActive = at === this.#segments.length - 1 && this.#active !== undefined;
    if (segment === undefined || !isRaw(segment) || isActive) return undefined;
    return segment.readable === segment.size ? at : undefined;
  }

  #path(file: SegmentFile): string {
    return `${this.directory}/${fileName(file)}`;
  }
}

function isRaw(segment: Segment | RawSegment): segment is RawSegment {
  return segment.file.form === 'raw';
}
