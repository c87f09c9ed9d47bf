import { crc32 } from 'node:zlib';
import type { FileSystem } from '../file-system.ts';
import { hashKey, keyFilter } from './key-filter.ts';
import { encodeBlock, entryBytes, type TableEntry } from './table-block.ts';
import { encodeIndex, type BlockPlace } from './table-index.ts';

/** Bytes of entries after which a block ends: what a read costs. */
const blockBytes = 4096;
/** Bytes gathered for one write of the file, and worked on without letting others go on. */
const writeBytes = 128 * 1024;

/**
 * Writes a table: entries in key order, each key once.
 * @param most an upper bound of the entries' number
 * @param durable whether file and name survive a power failure when it resolves
 * @returns the file's size in bytes, and how many entries it has
 */
export async function writeTable(
  fileSystem: FileSystem,
  path: string,
  entries: Iterable<TableEntry>,
  { most, durable }: { readonly most: number; readonly durable: boolean },
): Promise<{ readonly bytes: number; readonly entries: number }> {
  const filter = keyFilter(most);
  const blocks: BlockPlace[] = [];
  let [offset, count] = [0, 0];
  const file = await fileSystem.openAppend(path);
  try {
    let waiting: Buffer[] = [];
    let waitingBytes = 0;
    for (const block of blocksOf(entries)) {
      const bytes = encodeBlock(block);
      blocks.push({ offset, length: bytes.length, crc: crc32(bytes), lastKey: block.at(-1)?.[0] ?? '' });
      for (const [key] of block) filter.add(hashKey(key));
      offset += bytes.length;
      count += block.length;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes < writeBytes) continue;
      await file.append(Buffer.concat(waiting));
      [waiting, waitingBytes] = [[], 0];
    }
    const end = encodeIndex({ blocks, entries: count, filter: Buffer.from(filter.bytes.buffer) });
    await file.append(Buffer.concat([...waiting, end]));
    if (durable) await file.sync();
    return { bytes: offset + end.length, entries: count };
  } finally {
    await file.close();
  }
}

function* blocksOf(entries: Iterable<TableEntry>): Generator<TableEntry[]> {
  let block: TableEntry[] = [];
  let bytes = 0;
  for (const entry of entries) {
    block.push(entry);
    bytes += entryBytes(entry);
    if (bytes < blockBytes) continue;
    yield block;
    [block, bytes] = [[], 0];
  }
  if (block.length > 0) yield block;
}
