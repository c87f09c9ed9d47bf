import { hashKey } from 'banyan/runtime';
import { randomBytes } from 'node:crypto';
import { escapeText } from '../index-key.ts';
import type { GenerationId, Trouble } from '../view-store.ts';

/** The secondary index of items in trouble and of tombstones. */
export const attentionIndex = 'attention';

/** The secondary index of a generation's index, by its place among them: an index may have any name. */
export function indexName(at: number): string {
  return `index-${at}`;
}

/** The attributes of an item that a generation's index is by. */
export function indexAttributes(at: number): { readonly partition: string; readonly sort: string } {
  return { partition: `${at}p`, sort: `${at}s` };
}

/** The table of the registry: generations, pointers, the layout's version. */
export function controlTable(prefix: string): string {
  return `${prefix}-views`;
}

/**
 * A new name for the table of a generation: `banyan-order-summary-g3-x8k2p0qa`. It ends by chance, so that a generation
 * that is made again does not wait until the table of the dropped one is gone.
 */
export function newTableName(prefix: string, { projection, number }: GenerationId): string {
  const usual = projection.replace(/[^\w.-]/g, '_').slice(0, 80);
  return `${prefix}-${usual}-g${number}-${randomBytes(5).toString('hex')}`;
}

/** The partition of a key's item: one of so many, so that a scan in key order is a merge of as many queries. */
export function shardOf(key: string, shards: number): string {
  return shardName(hashKey(key).one % shards);
}

/** The name of a shard. */
export function shardName(shard: number): string {
  return shard.toString(36).padStart(2, '0');
}

/**
 * The partitions of the items in a trouble, in the index of what wants attention: one for each four shards. All items
 * of a table may come into trouble at once, and an index that takes fewer writes than its table holds it up; each one,
 * empty, costs half a read unit whenever somebody looks after them.
 */
export function troublePartitions(trouble: Trouble, shards: number): string[] {
  return Array.from({ length: Math.ceil(shards / 4) }, (_, at) => `${trouble}.${shardName(at)}`);
}

/** The one of an item. */
export function troublePartition(trouble: Trouble, shard: string, shards: number): string {
  const all = troublePartitions(trouble, shards);
  return all[parseInt(shard, 36) % all.length] ?? '';
}

/** The partition of the receipts of a shard. */
export function receiptShard(shard: number): string {
  return `r${shardName(shard)}`;
}

/** The key of an item in its table. */
export function itemKey(key: string, shards: number): { readonly p: string; readonly k: string } {
  return { p: shardOf(key, shards), k: escapeText(key) };
}

/** A mark of who wrote: an answer that was lost is told from the write of somebody else by it. */
export function newToken(): string {
  return randomBytes(9).toString('base64url');
}
