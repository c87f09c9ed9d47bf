import { framesOf } from './frame.ts';
import { blockBytes, openSegment } from './segment-reader.ts';
import { readIndex } from './segment-index.ts';
import { refreshWhole, type LogView, type Segment } from './view.ts';

/** How much is in a log, as far as it is durable. */
export interface LogStats {
  /** Segments, and how many of them are sealed. */
  readonly segments: number;
  readonly sealed: number;
  readonly entries: number;
  readonly lines: number;
  /** Bytes of text. */
  readonly rawBytes: number;
  /** Bytes of the segments' files: sealed ones are compressed. */
  readonly storedBytes: number;
  /** Positions of the first and the last entry; undefined for an empty log. */
  readonly first: number | undefined;
  readonly last: number | undefined;
}

/** Counts what is in a log, from the indexes of its sealed segments and the lines of the others. */
export async function logStats(view: LogView): Promise<LogStats> {
  await refreshWhole(view);
  const segments = view.segments().filter(({ readable }) => readable !== 0);
  let stats: LogStats = {
    segments: segments.length,
    sealed: segments.filter(({ readable }) => readable === undefined).length,
    entries: 0,
    lines: 0,
    rawBytes: 0,
    storedBytes: 0,
    first: undefined,
    last: undefined,
  };
  for (const segment of segments) {
    const counted =
      segment.readable === undefined ? await countSealed(view, segment) : await countRaw(view, segment);
    stats = {
      ...stats,
      entries: stats.entries + counted.entries,
      lines: stats.lines + counted.lines,
      rawBytes: stats.rawBytes + counted.rawBytes,
      storedBytes: stats.storedBytes + counted.bytes,
      first: stats.first ?? counted.first,
      last: counted.last,
    };
  }
  return stats;
}

interface Counted {
  readonly entries: number;
  readonly lines: number;
  readonly rawBytes: number;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

async function countSealed(view: LogView, { file }: Segment): Promise<Counted> {
  const { first, last, ...counts } = await readIndex(view.fileSystem, view.directory, file);
  return { ...counts, first: first.position, last: last.position };
}

async function countRaw(view: LogView, { file, readable = 0 }: Segment): Promise<Counted> {
  const counted = { entries: 0, lines: 0, first: 0, last: 0 };
  const open = await openSegment(view.fileSystem, view.directory, file);
  try {
    for (let offset = 0; offset < readable;) {
      const bytes = await open.lines(offset, blockBytes, readable);
      if (bytes.length === 0) break;
      offset += bytes.length;
      for (const { position, last } of framesOf(bytes)) {
        counted.lines++;
        if (last) counted.entries++;
        counted.first ||= position;
        counted.last = position;
      }
    }
  } finally {
    await open.close();
  }
  return { ...counted, rawBytes: readable, bytes: readable };
}
