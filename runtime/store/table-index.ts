import { crc32 } from 'node:zlib';

/*
 * The end of a table's file, by which it is read:
 *
 *     blocks · index · filter · footer
 *     index   for each block: u32 bytes · u32 CRC-32 · u16 bytes of its last key · that key
 *     footer  u32 blocks · u32 entries · u32 bytes of the index · u32 bytes of the filter · u32 CRC-32 of index,
 *             filter and the footer so far · 8 bytes "banyant1"
 */

/** Where a block is, and what its last key is. */
export interface BlockPlace {
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
  readonly lastKey: string;
}

/** What is known of a table without reading its blocks. */
export interface TableIndex {
  readonly blocks: readonly BlockPlace[];
  readonly entries: number;
  readonly filter: Buffer;
}

/** Bytes of a footer. */
export const footerBytes = 28;
const magic = 'banyant1';

/** The end of a file. */
export function encodeIndex({ blocks, entries, filter }: TableIndex): Buffer {
  const index = Buffer.concat(blocks.map(encodePlace));
  const footer = Buffer.alloc(footerBytes);
  footer.writeUInt32LE(blocks.length, 0);
  footer.writeUInt32LE(entries, 4);
  footer.writeUInt32LE(index.length, 8);
  footer.writeUInt32LE(filter.length, 12);
  const checked = Buffer.concat([index, filter, footer.subarray(0, 16)]);
  footer.writeUInt32LE(crc32(checked), 16);
  footer.write(magic, 20, 'latin1');
  return Buffer.concat([checked, footer.subarray(16)]);
}

/** How many bytes before the end the index begins, told by the footer; undefined when it is none. */
export function indexBytes(footer: Buffer): number | undefined {
  if (footer.length !== footerBytes || footer.toString('latin1', 20) !== magic) return undefined;
  return footer.readUInt32LE(8) + footer.readUInt32LE(12) + footerBytes;
}

/** Reads the end of a file, as {@link encodeIndex} made it; undefined when it is damaged. */
export function decodeIndex(end: Buffer): TableIndex | undefined {
  const footer = end.subarray(-footerBytes);
  if (indexBytes(footer) !== end.length) return undefined;
  if (crc32(end.subarray(0, -12)) !== footer.readUInt32LE(16)) return undefined;
  const blocks: BlockPlace[] = [];
  let offset = 0;
  for (let at = 0, left = footer.readUInt32LE(0); left > 0; left--) {
    const keyEnd = at + 10 + end.readUInt16LE(at + 8);
    const length = end.readUInt32LE(at);
    blocks.push({
      offset,
      length,
      crc: end.readUInt32LE(at + 4),
      lastKey: end.toString('latin1', at + 10, keyEnd),
    });
    offset += length;
    at = keyEnd;
  }
  const filterAt = footer.readUInt32LE(8);
  const filter = end.subarray(filterAt, filterAt + footer.readUInt32LE(12));
  return { blocks, entries: footer.readUInt32LE(4), filter };
}

function encodePlace({ length, crc, lastKey }: BlockPlace): Buffer {
  const place = Buffer.allocUnsafe(10 + lastKey.length);
  place.writeUInt32LE(length, 0);
  place.writeUInt32LE(crc, 4);
  place.writeUInt16LE(lastKey.length, 8);
  place.write(lastKey, 10, 'latin1');
  return place;
}
