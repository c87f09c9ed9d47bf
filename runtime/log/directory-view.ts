import { BanyanError, isBanyanError, toError } from '../errors.ts';
import type { FileSystem, ReadFile } from '../file-system.ts';
import { fileErrorCode } from '../node-file-system.ts';
import { corrupt } from './errors.ts';
import { fenceNumbers, fenceState } from './fence.ts';
import { beginning } from './frame.ts';
import { Lane } from './lane.ts';
import type { LineFrame } from './log.ts';
import { scanRaw, type Mark, type ScanPoint } from './scan.ts';
import { readIndex } from './segment-index.ts';
import { chooseSegments, type SegmentFile } from './segment-name.ts';
import type { LogView, Segment } from './view.ts';
import { Wakeup } from './wakeup.ts';

/** A point in a raw segment. */
interface RawPoint extends ScanPoint {
  readonly stem: string;
}

interface DirectoryViewOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly dense: boolean;
  readonly patienceMs: number;
}

/** How far a raw segment was found durable and whole. */
interface Trusted {
  readonly readable: number;
  readonly marks: readonly Mark[];
}

/**
 * What is durable in a log that another process writes, found out from its directory. A raw segment's bytes may not
 * be synced yet, so they are synced here before they are trusted; and afterwards the fence must still be that of
 * their writer: then the next writer finds them too, and keeps them. While a new writer recovers the log, and if it died
 * at that, they are trusted up to the end that it has told.
 */
export class DirectoryView implements LogView {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly dense: boolean;
  readonly changes = new Wakeup();
  readonly patienceMs: number;
  closed = false;
  readonly #lane = new Lane();
  #segments: readonly Segment[] = [];
  #trusted = new Map<string, Trusted>();
  /** Behind the last trusted entry; and behind what was looked at of an entry that is under way. */
  #mark: RawPoint | undefined;
  #ahead: RawPoint | undefined;
  #newestSealed: { readonly stem: string; readonly last: LineFrame } | undefined;
  /** What the last look listed. */
  #names = '';
  #watchers = 0;
  #watch: { close(): void } | undefined;

  constructor({ fileSystem, directory, dense, patienceMs }: DirectoryViewOptions) {
    this.fileSystem = fileSystem;
    this.directory = directory;
    this.dense = dense;
    this.patienceMs = patienceMs;
  }

  segments(): readonly Segment[] {
    return this.#segments;
  }

  watch(): { close(): void } {
    this.#watchers++;
    this.#watch ??= this.#startWatch();
    let isOpen = true;
    return {
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        if (--this.#watchers > 0) return;
        this.#watch?.close();
        this.#watch = undefined;
      },
    };
  }

  close(): void {
    this.closed = true;
    this.changes.ring();
  }

  async lookAgain(): Promise<void> {
    await this.refresh();
  }

  refresh(): Promise<boolean> {
    return this.#lane.run(async () => {
      let [tries, names] = [0, ''];
      for (;;) {
        // As long as files come and go, a look that failed says nothing.
        tries = names === this.#names ? tries + 1 : 1;
        names = this.#names;
        try {
          const look = await this.#look();
          if (look !== 'again' || tries >= 5) return look === 'whole';
        } catch (error) {
          // A segment was sealed, or an entry taken back, between two looks.
          const mayPass = fileErrorCode(error) === 'ENOENT' || isBanyanError(error, 'LOG_CORRUPT');
          if (!mayPass || tries >= 5) throw error;
          this.#ahead = undefined;
        }
      }
    });
  }

  #startWatch(): { close(): void } {
    try {
      return this.fileSystem.watch(this.directory, () => this.changes.ring());
    } catch (thrown) {
      throw new BanyanError(
        'LOG_NOT_WATCHED',
        `The directory ${this.directory} cannot be watched: ${toError(thrown).message}. On Linux raise ` +
          'fs.inotify.max_user_watches and fs.inotify.max_user_instances.',
        { cause: thrown, details: { directory: this.directory } },
      );
    }
  }

  /** One look at the directory; `again` when it told nothing, and `part` when there may be more than can be seen. */
  async #look(): Promise<'whole' | 'part' | 'again'> {
    const state = await fenceState(this.fileSystem, this.directory);
    const names = await this.#list();
    this.#names = names.join();
    const isUnsealed = ({ form, fence }: SegmentFile) => form === 'raw' && fence === state.writer;
    const isPart = state.kind === 'unsettled' && chooseSegments(names, isUnsealed).some(isUnsealed);
    const files = chooseSegments(names, (raw) => (!isPart && isUnsealed(raw)) || this.#trusted.has(raw.stem));
    const raws = isPart ? [] : files.filter(isUnsealed);
    const from = await this.#startOf(files, raws);
    const found = await this.#scan(raws, from, state.kind === 'left' ? state.left.position : Infinity);
    if (found.isToRepeat) return 'again';
    const isHeld = found.whole === undefined || (await this.#newestFence()) === state.newest;
    if (!isHeld) return 'again';
    for (const [stem, trusted] of found.trusted) this.#trusted.set(stem, trusted);
    this.#mark = found.whole ?? this.#mark;
    this.#ahead = found.ahead;
    this.#publish(files);
    return isPart ? 'part' : 'whole';
  }

  #publish(files: readonly SegmentFile[]): void {
    const trusted = new Map<string, Trusted>();
    this.#segments = files.map((file) => {
      if (file.form !== 'raw') return { file, readable: undefined, marks: [] };
      const known = this.#trusted.get(file.stem) ?? { readable: 0, marks: [] };
      trusted.set(file.stem, known);
      return { file, ...known };
    });
    this.#trusted = trusted;
  }

  async #newestFence(): Promise<number> {
    return (await fenceNumbers(this.fileSystem, this.directory)).at(-1) ?? 0;
  }

  /** Listed until two listings are equal: one alone may miss both the raw file and the sealed one of a segment. */
  async #list(): Promise<string[]> {
    let names = await this.fileSystem.list(this.directory);
    for (;;) {
      const again = await this.fileSystem.list(this.directory);
      if (again.join() === names.join()) return names;
      names = again;
    }
  }

  async #startOf(files: readonly SegmentFile[], raws: readonly SegmentFile[]): Promise<RawPoint | undefined> {
    const [first] = raws;
    if (first === undefined) return undefined;
    for (const point of [this.#ahead, this.#mark]) {
      if (point === undefined || !raws.some(({ stem }) => stem === point.stem)) continue;
      const size = (await this.fileSystem.size(`${this.directory}/${point.stem}.ndjson`)) ?? 0;
      if (size >= point.offset) return point;
    }
    const before = files[files.indexOf(first) - 1];
    return {
      stem: first.stem,
      offset: 0,
      line: before === undefined ? beginning : await this.#lastOf(before),
    };
  }

  async #lastOf(sealed: SegmentFile): Promise<LineFrame | undefined> {
    if (sealed.form === 'raw') return undefined;
    if (this.#newestSealed?.stem !== sealed.stem) {
      const { last } = await readIndex(this.fileSystem, this.directory, sealed);
      this.#newestSealed = { stem: sealed.stem, last };
    }
    return this.#newestSealed.last;
  }

  async #scan(raws: readonly SegmentFile[], from: RawPoint | undefined, to: number): Promise<RawScan> {
    const opened: ReadFile[] = [];
    try {
      return await this.#scanOpened(raws, from, to, opened);
    } finally {
      for (const file of opened) await file.close();
    }
  }

  async #scanOpened(
    raws: readonly SegmentFile[],
    from: RawPoint | undefined,
    to: number,
    opened: ReadFile[],
  ): Promise<RawScan> {
    const first = raws.findIndex(({ stem }) => stem === from?.stem);
    const scans: { stem: string; marks: readonly Mark[]; good: number; whole: ScanPoint | undefined }[] = [];
    let point: ScanPoint = from ?? { offset: 0, line: undefined };
    const isResumed = from?.line?.last === false && from === this.#ahead;
    let known = wholePosition(from?.line);
    for (const { stem } of first < 0 ? [] : raws.slice(first)) {
      const path = `${this.directory}/${stem}.ndjson`;
      const file = await this.fileSystem.openRead(path);
      opened.push(file);
      const scan = await scanRaw(file, point, this.dense, to);
      if (isResumed && scan.rest === 'wrong') return this.#fromMark();
      scans.push({ stem, marks: scan.marks, good: scan.good.offset, whole: scan.whole });
      known = Math.max(known, scan.whole?.line?.position ?? 0);
      const isDamaged = scan.rest !== 'nothing' && stem !== raws.at(-1)?.stem;
      if (isDamaged || scan.durableBehind > known) {
        throw corrupt(path, scan.good.offset, 'a line is wrong that was durable', { position: known + 1 });
      }
      point = { offset: 0, line: scan.good.line };
    }
    const last = scans.findLastIndex(({ whole }) => whole !== undefined);
    // An entry looked at in several goes may have been taken back and written anew in between: look at all of it.
    if (isResumed && last >= 0) return this.#fromMark();
    const newest = scans.at(-1);
    const ahead = newest && { stem: newest.stem, offset: newest.good, line: point.line };
    if (last < 0) return { isToRepeat: false, whole: undefined, ahead, trusted: new Map() };
    await this.#syncAll(scans.slice(0, last + 1), opened);
    return { isToRepeat: false, ahead, ...this.#trust(scans.slice(0, last + 1)) };
  }

  #fromMark(): RawScan {
    this.#ahead = undefined;
    return { isToRepeat: true, whole: undefined, ahead: undefined, trusted: new Map() };
  }

  async #syncAll(scans: readonly { readonly stem: string }[], opened: readonly ReadFile[]): Promise<void> {
    for (const file of opened.slice(0, scans.length)) await file.sync();
    if (scans.some(({ stem }) => (this.#trusted.get(stem)?.readable ?? 0) === 0)) {
      await this.fileSystem.syncDirectory(this.directory);
    }
  }

  #trust(
    scans: readonly { stem: string; marks: readonly Mark[]; good: number; whole: ScanPoint | undefined }[],
  ) {
    const trusted = new Map<string, Trusted>();
    let whole: RawPoint | undefined;
    for (const [index, { stem, marks, good, whole: end }] of scans.entries()) {
      const isLast = index === scans.length - 1;
      if (isLast && end !== undefined) whole = { stem, ...end };
      const readable = isLast ? (end?.offset ?? 0) : good;
      const before = this.#trusted.get(stem)?.marks ?? [];
      const behind = before.at(-1)?.offset ?? -Infinity;
      const added = marks.filter(({ offset }) => offset > behind && offset < readable);
      trusted.set(stem, { readable, marks: [...before, ...added] });
    }
    return { trusted, whole };
  }
}

/** The last whole entry's position, as a line tells it. */
function wholePosition(line: LineFrame | undefined): number {
  return line === undefined ? 0 : line.last ? line.position : line.previous;
}

interface RawScan {
  readonly isToRepeat: boolean;
  readonly whole: RawPoint | undefined;
  readonly ahead: RawPoint | undefined;
  readonly trusted: ReadonlyMap<string, Trusted>;
}
