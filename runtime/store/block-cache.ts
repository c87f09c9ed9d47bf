/** The blocks that were read last, of all tables of a store. */
export interface BlockCache {
  get(table: number, block: number): Buffer | undefined;
  /** Keeps a block, giving up those not used for longest when there is no room; returns it. */
  keep(table: number, block: number, bytes: Buffer): Buffer;
  /** Gives up the blocks of a table. */
  forget(table: number): void;
}

/** More blocks than a table has. */
const blocksOfTable = 2 ** 26;

/** A cache of up to so many bytes. */
export function blockCache(most: number): BlockCache {
  // A map iterates in the order of setting: the first is the one not used for longest.
  const blocks = new Map<number, Buffer>();
  let bytes = 0;
  const drop = (key: number, block: Buffer): void => {
    blocks.delete(key);
    bytes -= block.length;
  };
  return {
    get(table, block) {
      const key = table * blocksOfTable + block;
      const found = blocks.get(key);
      if (found === undefined) return undefined;
      blocks.delete(key);
      blocks.set(key, found);
      return found;
    },
    keep(table, block, content) {
      blocks.set(table * blocksOfTable + block, content);
      bytes += content.length;
      for (const [key, oldest] of blocks) {
        if (bytes <= most) break;
        drop(key, oldest);
      }
      return content;
    },
    forget(table) {
      for (const [key, block] of blocks) if (Math.floor(key / blocksOfTable) === table) drop(key, block);
    },
  };
}
