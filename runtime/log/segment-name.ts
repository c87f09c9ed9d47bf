import type { Codec } from './codec.ts';

/** Where a line is: the entry's position, and the line's number within the entry. */
export interface Place {
  readonly position: number;
  readonly part: number;
}

/**
 * A segment file. Its name says where it begins and which fence its writer held, so that a writer that was
 * overtaken never touches the file of the one that overtook it:
 *
 *     00000000000000000001-00000000-000001.ndjson           being written, or not yet sealed
 *     00000000000000000001-00000000-000001.ndjson.zst       sealed
 *     00000000000000000001-00000000-000001.index.json       where the frames of the sealed one are
 */
export interface SegmentFile {
  readonly stem: string;
  readonly start: Place;
  readonly fence: number;
  readonly form: 'raw' | Codec;
}

const pattern = /^(\d{20})-(\d{8,})-(\d{6,})\.(ndjson|ndjson\.zst|ndjson\.gz|index\.json)$/;

/** The part of a segment's file names that is common to all of them. */
export function stemOf(start: Place, fence: number): string {
  return [pad(start.position, 20), pad(start.part, 8), pad(fence, 6)].join('-');
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}

/** The fence of the writer of a segment, by its stem. */
export function fenceOf(stem: string): number {
  return Number(stem.slice(stem.lastIndexOf('-') + 1));
}

/** The name of a segment's file. */
export function fileName(file: Pick<SegmentFile, 'stem' | 'form'>): string {
  return file.form === 'raw' ? `${file.stem}.ndjson` : `${file.stem}.ndjson.${file.form}`;
}

/** The name of a sealed segment's index. */
export function indexName(file: Pick<SegmentFile, 'stem'>): string {
  return `${file.stem}.index.json`;
}

/** The segment file of this name, or undefined for other files (an index, a temporary file). */
export function parseFileName(name: string): SegmentFile | undefined {
  const [, position, part, fence, ending] = pattern.exec(name) ?? [];
  if (position === undefined || ending === undefined || ending === 'index.json') return undefined;
  return {
    stem: name.slice(0, name.indexOf('.')),
    start: { position: Number(position), part: Number(part) },
    fence: Number(fence),
    form: ending === 'ndjson' ? 'raw' : ending === 'ndjson.zst' ? 'zst' : 'gz',
  };
}

/** Orders places within a log. */
export function comparePlaces(a: Place, b: Place): number {
  return a.position - b.position || a.part - b.part;
}

/**
 * One file for each place where a segment begins, in order. A sealed file goes before a raw one of the same place,
 * since it holds all that was durable of it; of two sealed ones, which are equal, the one of the later writer.
 * Raw files are taken only if `isTrusted`.
 */
export function chooseSegments(
  names: readonly string[],
  isTrusted: (raw: SegmentFile) => boolean,
): SegmentFile[] {
  const chosen = new Map<string, SegmentFile>();
  for (const name of names) {
    const file = parseFileName(name);
    if (file === undefined || (file.form === 'raw' && !isTrusted(file))) continue;
    const key = `${file.start.position}-${file.start.part}`;
    const other = chosen.get(key);
    if (other === undefined || rank(file) > rank(other)) chosen.set(key, file);
  }
  return [...chosen.values()].sort((a, b) => comparePlaces(a.start, b.start));
}

function rank(file: SegmentFile): number {
  return (file.form === 'raw' ? 0 : 1e9) + file.fence;
}

/** Index of the last item that begins at or before the place, -1 when none does. */
export function lastAtOrBefore<T>(items: readonly T[], startOf: (item: T) => Place, place: Place): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comparePlaces(startOf(items[middle] as T), place) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
