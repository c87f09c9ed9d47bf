import zlib from 'node:zlib';
import type { AppendFile, FileSystem } from '../file-system.ts';
import { compress, type Codec } from './codec.ts';
import { corrupt } from './errors.ts';
import { framesOf } from './frame.ts';
import type { LineFrame } from './log.ts';
import { indexText, type Block, type SegmentIndex } from './segment-index.ts';
import { fileName, indexName, stemOf, type SegmentFile } from './segment-name.ts';
import { blockBytes, openSegment } from './segment-reader.ts';

export interface SealOptions {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  readonly raw: SegmentFile;
  /** Bytes of the raw file to keep: durable, and the end of a line. */
  readonly bytes: number;
  readonly codec: Codec;
  /** The fence of the writer that seals, for the name: another writer's raw segment is sealed under an own name. */
  readonly fence: number;
}

/**
 * Compresses a raw segment, a block at a time. A crash at any point leaves the raw file, the sealed one, or both;
 * and a sealed file has its index always. The caller removes the raw file.
 */
export async function sealSegment(options: SealOptions): Promise<{ file: SegmentFile; index: SegmentIndex }> {
  const { fileSystem, directory, raw, codec, fence } = options;
  const file: SegmentFile = { stem: stemOf(raw.start, fence), start: raw.start, fence, form: codec };
  const path = `${directory}/${fileName(file)}`;
  const aside = `${path}.tmp`;
  await fileSystem.remove(aside);
  const target = await fileSystem.openAppend(aside);
  let index: SegmentIndex;
  try {
    index = await copyBlocks(options, target);
    await target.sync();
  } finally {
    await target.close();
  }
  await fileSystem.replace(`${directory}/${indexName(file)}`, indexText(index));
  await fileSystem.rename(aside, path);
  await fileSystem.syncDirectory(directory);
  return { file, index };
}

async function copyBlocks(options: SealOptions, target: AppendFile): Promise<SegmentIndex> {
  const { fileSystem, directory, raw, bytes: rawBytes, codec } = options;
  const source = await openSegment(fileSystem, directory, raw);
  const blocks: Block[] = [];
  const counted = {
    lines: 0,
    entries: 0,
    first: undefined as LineFrame | undefined,
    last: undefined as LineFrame | undefined,
  };
  let offset = 0;
  try {
    for (let rawOffset = 0; rawOffset < rawBytes;) {
      const lines = await source.lines(rawOffset, blockBytes, rawBytes);
      const frames = [...framesOf(lines)];
      const [first, last] = [frames[0], frames.at(-1)];
      if (first === undefined || last === undefined) {
        throw corrupt(`${directory}/${fileName(raw)}`, rawOffset, 'the file is shorter than it was');
      }
      counted.first ??= first;
      counted.last = last;
      counted.lines += frames.length;
      counted.entries += frames.filter((frame) => frame.last).length;
      const compressed = await compress(codec, lines);
      await target.append(compressed);
      const start = { position: first.position, part: first.part };
      const crc = zlib.crc32(lines);
      blocks.push({ start, offset, bytes: compressed.length, rawOffset, rawBytes: lines.length, crc });
      offset += compressed.length;
      rawOffset += lines.length;
    }
  } finally {
    await source.close();
  }
  const { lines, entries, first, last } = counted;
  if (first === undefined || last === undefined)
    throw corrupt(`${directory}/${fileName(raw)}`, 0, 'the file is empty');
  return { format: 1, codec, first, last, lines, entries, bytes: offset, rawBytes, blocks };
}
