import zlib from 'node:zlib';
import type { FileSystem, ReadFile } from '../file-system.ts';
import { decompress, decompressSync, type Codec } from './codec.ts';
import { corrupt } from './errors.ts';
import { crcIsRight, newline } from './frame.ts';
import { blockAt, readIndex, readIndexSync, type Block, type SegmentIndex } from './segment-index.ts';
import { fileName, type SegmentFile } from './segment-name.ts';

/** About how much is read at once, bytes of raw text. */
export const blockBytes = 1 << 20;

/**
 * A segment open for reading, raw or sealed. Both are addressed by offsets in the raw text, so that a reader goes on
 * in the sealed file where it was in the raw one.
 */
export interface OpenSegment {
  readonly file: SegmentFile;
  /** Of a sealed segment. */
  readonly index: SegmentIndex | undefined;
  /**
   * Whole lines, each checked, from `offset`, where a line begins: about `bytes` or one line, and none behind
   * `limit`, where a line ends. Empty at the limit.
   */
  lines(offset: number, bytes: number, limit: number): Promise<Buffer>;
  close(): Promise<void>;
}

/** As {@link OpenSegment}, without waiting. */
export interface OpenSegmentSync {
  lines(offset: number, bytes: number): Buffer;
  close(): void;
}

/** Opens a segment. @throws ENOENT when the file went, as a raw one does once it is sealed. */
export async function openSegment(
  fileSystem: FileSystem,
  directory: string,
  file: SegmentFile,
): Promise<OpenSegment> {
  const path = `${directory}/${fileName(file)}`;
  if (file.form === 'raw') {
    const opened = await fileSystem.openRead(path);
    return {
      file,
      index: undefined,
      lines: (offset, bytes, limit) => rawLines(opened, path, offset, bytes, limit),
      close: () => opened.close(),
    };
  }
  const index = await readIndex(fileSystem, directory, file);
  const blocks = new BlockReader(await fileSystem.openRead(path), index, path);
  return {
    file,
    index,
    lines: (offset) => blocks.lines(offset),
    close: () => blocks.close(),
  };
}

async function rawLines(
  file: ReadFile,
  path: string,
  offset: number,
  bytes: number,
  limit: number,
): Promise<Buffer> {
  for (let wanted = bytes; ; wanted *= 2) {
    const read = await file.read(offset, Math.min(wanted, limit - offset));
    const whole = wholeLines(read, offset + read.length >= limit || read.length < wanted, path, offset);
    if (whole !== undefined) return whole;
  }
}

/** Reads the blocks of a sealed segment, the next one while the caller is at this one. */
class BlockReader {
  readonly #file: ReadFile;
  readonly #index: SegmentIndex;
  readonly #path: string;
  #next: { readonly block: Block; readonly raw: Promise<Buffer> } | undefined;

  constructor(file: ReadFile, index: SegmentIndex, path: string) {
    this.#file = file;
    this.#index = index;
    this.#path = path;
  }

  async lines(offset: number): Promise<Buffer> {
    const block = blockAt(this.#index, offset);
    if (block === undefined) return Buffer.alloc(0);
    const raw = await (this.#next?.block === block ? this.#next.raw : this.#read(block));
    const after = blockAt(this.#index, block.rawOffset + block.rawBytes);
    this.#next = after && { block: after, raw: this.#read(after) };
    // Met when it is that block's turn, if it ever is.
    this.#next?.raw.catch(() => undefined);
    return raw.subarray(offset - block.rawOffset);
  }

  async close(): Promise<void> {
    await this.#next?.raw.catch(() => undefined);
    await this.#file.close();
  }

  async #read(block: Block): Promise<Buffer> {
    const compressed = await this.#file.read(block.offset, block.bytes);
    const raw = await decompress(this.#index.codec, compressed, block.rawBytes).catch((error: unknown) => {
      throw asCorrupt(error, this.#path, block);
    });
    return checkedBlock(raw, block, this.#path);
  }
}

/** As {@link openSegment}, without waiting. */
export function openSegmentSync(
  fileSystem: FileSystem,
  directory: string,
  file: SegmentFile,
): OpenSegmentSync {
  const path = `${directory}/${fileName(file)}`;
  const index = file.form === 'raw' ? undefined : readIndexSync(fileSystem, directory, file);
  const opened = fileSystem.openReadSync(path);
  return {
    lines(offset, bytes) {
      if (index === undefined || file.form === 'raw') {
        for (let wanted = bytes; ; wanted *= 2) {
          const read = opened.read(offset, wanted);
          const whole = wholeLines(read, false, path, offset);
          if (whole !== undefined || read.length < wanted) return whole ?? Buffer.alloc(0);
        }
      }
      const block = blockAt(index, offset);
      if (block === undefined) return Buffer.alloc(0);
      const raw = decodeSync(file.form, opened.read(block.offset, block.bytes), block, path);
      return checkedBlock(raw, block, path).subarray(offset - block.rawOffset);
    },
    close: () => opened.close(),
  };
}

function decodeSync(codec: Codec, compressed: Buffer, block: Block, path: string): Buffer {
  try {
    return decompressSync(codec, compressed, block.rawBytes);
  } catch (error) {
    throw asCorrupt(error, path, block);
  }
}

function asCorrupt(error: unknown, path: string, block: Block): unknown {
  const code = (error as { code?: unknown }).code;
  if (code === 'LOG_NEEDS_ZSTD') return error;
  return corrupt(path, block.offset, 'a compressed block cannot be decompressed', { code: String(code) });
}

function checkedBlock(raw: Buffer, block: Block, path: string): Buffer {
  if (raw.length === block.rawBytes && zlib.crc32(raw) === block.crc) return raw;
  throw corrupt(
    path,
    block.offset,
    `the checksum of the block that begins at position ${block.start.position} is wrong`,
  );
}

/** The whole lines at the start of raw bytes, each checked; undefined when there is none and more may be read. */
function wholeLines(bytes: Buffer, isAll: boolean, path: string, offset: number): Buffer | undefined {
  const end = bytes.lastIndexOf(newline) + 1;
  if (isAll && end < bytes.length) throw corrupt(path, offset + end, 'a line does not end');
  if (end === 0 && !isAll) return undefined;
  for (let start = 0; start < end;) {
    const lineEnd = bytes.indexOf(newline, start);
    if (!crcIsRight(bytes, start, lineEnd))
      throw corrupt(path, offset + start, 'the checksum of a line is wrong');
    start = lineEnd + 1;
  }
  return bytes.subarray(0, end);
}
