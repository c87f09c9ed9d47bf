import { crc32 } from 'node:zlib';
import { BanyanError } from '../errors.ts';
import type { FileSystem } from '../file-system.ts';
import type { BlockCache } from './block-cache.ts';
import { filterOver, type KeyHash } from './key-filter.ts';
import { blockEntry, blockSize, findInBlock, placeInBlock, type TableEntry } from './table-block.ts';
import { decodeIndex, footerBytes, indexBytes, type BlockPlace } from './table-index.ts';

/** A table's file, open for reading. */
export interface TableReader {
  readonly id: number;
  readonly bytes: number;
  readonly entries: number;
  /** What the table has under the key: null for a removal, undefined for nothing. */
  find(key: string, hash: KeyHash): Buffer | null | undefined;
  /** Entries whose key is not below `start` (is above it, when exclusive). `cached` false: read once, for a merge. */
  from(start: string, exclusive: boolean, cached?: boolean): Iterable<TableEntry>;
  close(): void;
}

/**
 * Opens a table.
 * @throws BanyanError STORE_CORRUPT when the file is not one that was written whole; errors of the file system.
 */
export function openTable(
  fileSystem: FileSystem,
  { path, id, bytes }: { readonly path: string; readonly id: number; readonly bytes: number },
  cache: BlockCache,
): TableReader {
  const file = fileSystem.openReadSync(path);
  const endBytes = indexBytes(file.read(bytes - footerBytes, footerBytes));
  const index = endBytes === undefined ? undefined : decodeIndex(file.read(bytes - endBytes, endBytes));
  if (index === undefined) {
    file.close();
    throw corrupt(path, 'its end');
  }
  const { blocks, entries } = index;
  const filter = filterOver(index.filter);

  const load = (place: BlockPlace): Buffer => {
    const block = file.read(place.offset, place.length);
    if (block.length !== place.length || crc32(block) !== place.crc) {
      throw corrupt(path, `the block at ${String(place.offset)}`);
    }
    return block;
  };
  const read = (at: number, place: BlockPlace): Buffer =>
    cache.get(id, at) ?? cache.keep(id, at, load(place));

  return {
    id,
    bytes,
    entries,
    find(key, hash) {
      if (!filter.mayHave(hash)) return undefined;
      const at = blockOf(blocks, key);
      const place = blocks[at];
      return place === undefined ? undefined : findInBlock(read(at, place), Buffer.from(key, 'latin1'));
    },
    *from(start, exclusive, cached = true) {
      for (let at = blockOf(blocks, start), first = true; at < blocks.length; at++, first = false) {
        const place = blocks[at];
        if (place === undefined) return;
        const block = cached ? read(at, place) : load(place);
        const size = blockSize(block);
        for (let one = first ? placeInBlock(block, Buffer.from(start, 'latin1')) : 0; one < size; one++) {
          const entry = blockEntry(block, one);
          if (!exclusive || entry[0] !== start) yield entry;
        }
      }
    },
    close() {
      cache.forget(id);
      file.close();
    },
  };
}

/** The first block whose last key is not below the given one. */
function blockOf(blocks: readonly BlockPlace[], key: string): number {
  let low = 0;
  let high = blocks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((blocks[middle]?.lastKey ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function corrupt(path: string, what: string): BanyanError {
  return new BanyanError(
    'STORE_CORRUPT',
    `The store's file ${path} is damaged: ${what} fails its checksum. Remove the store's directory; it is rebuilt ` +
      'from the log.',
    { details: { path } },
  );
}
