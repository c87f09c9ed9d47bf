import type { KeyedEntry } from './sorted-map.ts';

/*
 * A block of a table: its entries in key order, then where each begins, then how many there are.
 *
 *     entry   u16 bytes of the key · u32 bytes of the value, or FFFFFFFF for a removal · key · value
 *     ending  u32 for each entry · u32
 *
 * Numbers are little-endian. Keys are told as texts of one code unit a byte.
 */

/** What a table has under a key: a value, or null for a removal that hides what older tables have. */
export type TableEntry = KeyedEntry<Buffer | null>;

const entryHeader = 6;
const removal = 0xffff_ffff;

/** Bytes that an entry takes within a block. */
export function entryBytes([key, value]: TableEntry): number {
  return entryHeader + key.length + (value?.length ?? 0) + 4;
}

/** The bytes of a block of entries, which are in key order. */
export function encodeBlock(entries: readonly TableEntry[]): Buffer {
  const block = Buffer.allocUnsafe(entries.reduce((sum, entry) => sum + entryBytes(entry), 4));
  let offset = block.length - 4 - 4 * entries.length;
  block.writeUInt32LE(entries.length, block.length - 4);
  let at = 0;
  for (const [key, value] of entries) {
    block.writeUInt32LE(at, offset);
    offset += 4;
    block.writeUInt16LE(key.length, at);
    block.writeUInt32LE(value === null ? removal : value.length, at + 2);
    at += entryHeader;
    at += block.write(key, at, 'latin1');
    if (value !== null) at += value.copy(block, at);
  }
  return block;
}

/** How many entries a block has. */
export function blockSize(block: Buffer): number {
  return block.readUInt32LE(block.length - 4);
}

/** The entry at a place in a block; its value shares the block's bytes. */
export function blockEntry(block: Buffer, place: number): TableEntry {
  const at = offsetOf(block, place);
  const keyEnd = at + entryHeader + block.readUInt16LE(at);
  const length = block.readUInt32LE(at + 2);
  const key = block.toString('latin1', at + entryHeader, keyEnd);
  return [key, length === removal ? null : block.subarray(keyEnd, keyEnd + length)];
}

/** The place of the first entry in a block whose key is not below the given one. */
export function placeInBlock(block: Buffer, key: Buffer): number {
  let low = 0;
  let high = blockSize(block);
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = offsetOf(block, middle);
    const order = key.compare(block, at + entryHeader, at + entryHeader + block.readUInt16LE(at));
    if (order > 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** What a block has under a key; undefined for nothing. */
export function findInBlock(block: Buffer, key: Buffer): Buffer | null | undefined {
  const place = placeInBlock(block, key);
  if (place === blockSize(block)) return undefined;
  const at = offsetOf(block, place);
  const keyEnd = at + entryHeader + block.readUInt16LE(at);
  if (key.compare(block, at + entryHeader, keyEnd) !== 0) return undefined;
  const length = block.readUInt32LE(at + 2);
  return length === removal ? null : block.subarray(keyEnd, keyEnd + length);
}

function offsetOf(block: Buffer, place: number): number {
  return block.readUInt32LE(block.length - 4 - 4 * (blockSize(block) - place));
}
