import zlib from 'node:zlib';
import type { FileSystem } from '../file-system.ts';
import type { Codec } from './codec.ts';
import { corrupt } from './errors.ts';
import { crcPrefixBytes, crcText } from './frame.ts';
import type { LineFrame } from './log.ts';
import { indexName, lastAtOrBefore, type Place, type SegmentFile } from './segment-name.ts';

/** One independent zstd frame or gzip member of a sealed segment: whole lines, about a mebibyte of them. */
export interface Block {
  /** Where its first line is in the log. */
  readonly start: Place;
  /** Where it is in the compressed file, and its length there, bytes. */
  readonly offset: number;
  readonly bytes: number;
  /** Where it is in the raw text, and its length there, bytes. */
  readonly rawOffset: number;
  readonly rawBytes: number;
  /** CRC-32 of the raw bytes. */
  readonly crc: number;
}

/** What is in a sealed segment, kept beside it. */
export interface SegmentIndex {
  readonly format: 1;
  readonly codec: Codec;
  readonly first: LineFrame;
  readonly last: LineFrame;
  readonly lines: number;
  /** Entries that end in this segment. */
  readonly entries: number;
  readonly bytes: number;
  readonly rawBytes: number;
  readonly blocks: readonly Block[];
}

/** The index as it is stored: one JSON object whose first field is the checksum of the others. */
export function indexText(index: SegmentIndex): string {
  const fields = JSON.stringify(index).slice(1);
  return `{"crc":"${crcText(zlib.crc32(fields))}",${fields}\n`;
}

function parseIndex(text: string, path: string): SegmentIndex {
  const fields = text.trimEnd().slice(crcPrefixBytes);
  if (text.slice(8, 16) !== crcText(zlib.crc32(fields)))
    throw corrupt(path, undefined, 'its checksum is wrong');
  return JSON.parse(`{${fields}`) as SegmentIndex;
}

/** Reads and checks a sealed segment's index. */
export async function readIndex(
  fileSystem: FileSystem,
  directory: string,
  file: SegmentFile,
): Promise<SegmentIndex> {
  const path = `${directory}/${indexName(file)}`;
  return parseIndex((await fileSystem.readWhole(path)).toString(), path);
}

/** As {@link readIndex}, without waiting. */
export function readIndexSync(fileSystem: FileSystem, directory: string, file: SegmentFile): SegmentIndex {
  const path = `${directory}/${indexName(file)}`;
  const opened = fileSystem.openReadSync(path);
  try {
    let text = opened.read(0, 1 << 16);
    for (let size = 1 << 17; text.length === size / 2; size *= 2) text = opened.read(0, size);
    return parseIndex(text.toString(), path);
  } finally {
    opened.close();
  }
}

/** The block that holds the raw offset, or undefined behind the end. */
export function blockAt(index: SegmentIndex, rawOffset: number): Block | undefined {
  // Offsets are ordered as places are, so the same search serves.
  const at = lastAtOrBefore(index.blocks, (block) => ({ position: block.rawOffset, part: 0 }), {
    position: rawOffset,
    part: 0,
  });
  return rawOffset < index.rawBytes ? index.blocks[at] : undefined;
}
