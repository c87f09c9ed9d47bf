import type { FileSystem } from '../file-system.ts';
import { fileErrorCode } from '../node-file-system.ts';
import type { Logger } from '../logger.ts';
import type { Codec } from './codec.ts';
import { corrupt } from './errors.ts';
import type { Fence } from './fence.ts';
import { beginning } from './frame.ts';
import type { LineFrame } from './log.ts';
import { scanRaw, type Scan } from './scan.ts';
import { sealSegment } from './seal.ts';
import { readIndex } from './segment-index.ts';
import {
  chooseSegments,
  fenceOf,
  fileName,
  indexName,
  parseFileName,
  type SegmentFile,
} from './segment-name.ts';
import type { Segment } from './view.ts';

export interface RecoverOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly fence: Fence;
  readonly dense: boolean;
  readonly codec: Codec;
  readonly logger: Logger;
}

/**
 * Brings a log into order for a new writer: every whole entry that the writer before left is sealed, whatever is
 * behind the last of them is cut off, and no raw file is left. So what an overtaken writer still appends to its
 * files is never read.
 *
 * What is a torn tail, and what is damage? A power failure takes back any part of what was written since the last
 * sync, pages in any order: a wrong line may well be followed by good ones. So a good line behind a wrong one proves
 * nothing by itself. But the first line of every chunk tells which position was durable before the chunk was begun
 * to be written. If a good line behind the wrong one calls a position durable that is not there, then the wrong line
 * was durable, and is damage; otherwise nothing proves that anybody was ever told of it, and it is cut off. Likewise
 * a segment is only begun after the one before is synced: only the last one can have a torn tail. And a log that
 * was closed in order has its end in the fence's file, and must still end there.
 *
 * Where the log ends is told in the fence before anything is changed. So readers go on seeing all of it while it is
 * recovered, and after a death at that; and none sees more, which an overtaken writer may still append.
 *
 * @throws BanyanError LOG_CORRUPT before anything was changed
 */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  for (let tries = 1; ; tries++) {
    try {
      return await recoverOnce(options);
    } catch (error) {
      // An overtaken writer that still runs has sealed and removed a segment meanwhile.
      if (fileErrorCode(error) !== 'ENOENT' || tries === 20) throw error;
    }
  }
}

interface Recovered {
  readonly segments: Segment[];
  /** The last line kept. */
  readonly last: LineFrame;
}

async function recoverOnce(options: RecoverOptions): Promise<Recovered> {
  const { fileSystem, directory, fence } = options;
  // What the writer before did may not be durable; what is kept must be.
  await fileSystem.syncDirectory(directory);
  const names = await fileSystem.list(directory);
  const files = chooseSegments(names, (raw) => raw.fence >= fence.writer);
  const sealed = files.filter(({ form }) => form !== 'raw');
  const raws = files.filter(({ form }) => form === 'raw');
  const newest = sealed.at(-1);
  const before = newest === undefined ? beginning : (await readIndex(fileSystem, directory, newest)).last;
  const found = await scanAll(options, raws, before);
  checkEnd(options, found);
  // What was listed before a check that holds is of nobody who came later.
  await (raws.length > 0 ? fence.settle({ position: found.last.position }) : fence.check());
  await removeLeavings(options, names, files);
  const kept = await keepWhole(options, found);
  return {
    segments: [...sealed, ...kept].map((file) => ({ file, readable: undefined, marks: [] })),
    last: found.last,
  };
}

/** Raw segments and how many bytes of each to keep, as far as the last whole entry; and that entry's last line. */
interface Found {
  readonly raws: readonly { readonly raw: SegmentFile; readonly keep: number; readonly size: number }[];
  readonly last: LineFrame;
}

async function scanAll(
  options: RecoverOptions,
  raws: readonly SegmentFile[],
  before: LineFrame,
): Promise<Found> {
  const { directory } = options;
  const scans: Scan[] = [];
  let line = before;
  let last: LineFrame | undefined = before.last ? before : undefined;
  let [wholeIn, wholeBytes] = [-1, 0];
  for (const [index, raw] of raws.entries()) {
    const scan = await scanOne(options, raw, line);
    scans.push(scan);
    const { whole, good } = scan;
    line = good.line ?? line;
    if (whole?.line !== undefined) [last, wholeIn, wholeBytes] = [whole.line, index, whole.offset];
    const isDamaged = scan.rest !== 'nothing' && index < raws.length - 1;
    const known = last?.position ?? before.previous;
    if (!isDamaged && scan.durableBehind <= known) continue;
    const position = known + 1;
    const what = `a line is wrong that was durable (it should belong to an entry at position ${position} or later)`;
    throw corrupt(`${directory}/${fileName(raw)}`, good.offset, what, { position });
  }
  if (last === undefined)
    throw corrupt(directory, undefined, `the end of the entry at position ${before.position} is missing`);
  const keep = (index: number) =>
    index < wholeIn ? (scans[index]?.good.offset ?? 0) : index === wholeIn ? wholeBytes : 0;
  return {
    raws: raws.map((raw, index) => ({ raw, keep: keep(index), size: scans[index]?.good.offset ?? 0 })),
    last,
  };
}

async function scanOne(
  { fileSystem, directory, dense, fence: { left } }: RecoverOptions,
  raw: SegmentFile,
  line: LineFrame,
): Promise<Scan> {
  const file = await fileSystem.openRead(`${directory}/${fileName(raw)}`);
  try {
    const scan = await scanRaw(file, { offset: 0, line }, dense, left?.position);
    // All that was read is durable then, also what an overtaken writer has just added: it is told to readers.
    await file.sync();
    return scan;
  } finally {
    await file.close();
  }
}

function checkEnd({ directory, fence: { left, end = left } }: RecoverOptions, { last }: Found): void {
  if (end === undefined || end.position === last.position) return;
  const when = end === left ? 'when it was last recovered' : 'when it was closed';
  const what = `it ended at position ${end.position} ${when}, and ends at position ${last.position} now`;
  throw corrupt(directory, undefined, what);
}

/** Removes what crashes and overtaken writers leave: files half made, raw files that are sealed or count for nothing. */
async function removeLeavings(
  options: RecoverOptions,
  names: readonly string[],
  files: readonly SegmentFile[],
) {
  const { fileSystem, directory, fence } = options;
  const kept = new Set(files.flatMap((file) => [fileName(file), indexName(file)]));
  for (const name of names) {
    const stem = name.slice(0, name.indexOf('.'));
    const isHalfMade = /^\d{20}-.*\.tmp$/.test(name);
    // An overtaken writer that still runs may be about to finish sealing what is raw, its own or what it recovers: it
    // needs its index then.
    const isAtWork = fenceOf(stem) > fence.writer || names.includes(fileName({ stem, form: 'raw' }));
    const isLoneIndex = name === indexName({ stem }) && !isAtWork;
    const isSegment = parseFileName(name) !== undefined;
    if ((isHalfMade || isLoneIndex || isSegment) && !kept.has(name))
      await fileSystem.remove(`${directory}/${name}`);
  }
}

async function keepWhole(options: RecoverOptions, found: Found): Promise<SegmentFile[]> {
  const { fileSystem, directory, logger, codec, fence } = options;
  const pathOf = (raw: SegmentFile) => `${directory}/${fileName(raw)}`;
  // From the end, each durably: a crash in between must not leave a segment without the one before it.
  for (const { raw } of found.raws.filter(({ keep }) => keep === 0).reverse()) {
    await fileSystem.remove(pathOf(raw));
    await fileSystem.syncDirectory(directory);
  }
  const sealed: SegmentFile[] = [];
  for (const { raw, keep } of found.raws.filter(({ keep }) => keep > 0)) {
    const options = { fileSystem, directory, raw, bytes: keep, codec, fence: fence.number };
    sealed.push((await sealSegment(options)).file);
    await fileSystem.remove(pathOf(raw));
  }
  const cut = found.raws.filter(({ keep, size }) => keep < size).map(({ raw }) => raw.stem);
  if (cut.length > 0)
    logger.warn({ segments: cut, position: found.last.position }, 'cut off an entry that was not whole');
  return sealed;
}
