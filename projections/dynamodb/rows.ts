import { escapeText, unescapeText } from '../index-key.ts';
import { decodeState, encodeState } from '../item-codec.ts';
import { purgeableSince, troubleOf } from '../item-state.ts';
import type { Document, Generation, IndexEntry, Item, ItemWrite } from '../view-store.ts';
import type { Row } from './dynamo.ts';
import { indexAttributes, itemKey, shardOf, troublePartition } from './names.ts';
import { unreadable } from './packed.ts';

/*
 * An item as a row. p: shard, k: key, r: revision, d: document, s: state, w: who wrote it; a, b: partition and sort in
 * the index of what wants attention; 0p, 0s, 1p, 1s, ...: in the generation's own. What is absent is in no index.
 * Names are short since they are counted, and paid for, with every item.
 */

/** Bytes of a sort key in DynamoDB. */
const sortKeyBytes = 1024;

/** Ends the sort in a sort key, before the item's key; {@link escapeText} gives no such character. */
const end = '\0';
/** Sorts directly behind all sort keys of a sort. */
const behindEnd = '\u0001';

/** An item, its index entries and its mark as a row. */
export function rowOf(generation: Generation, shards: number, write: ItemWrite, token: string): Row {
  const { item, indexEntries } = write;
  const { p, k } = itemKey(item.key, shards);
  const row: Row = {
    p: { S: p },
    k: { S: k },
    r: { N: String(item.revision) },
    s: { S: JSON.stringify(encodeState(item.state, item.document)) },
    w: { S: token },
  };
  if (item.document !== undefined) row['d'] = { S: JSON.stringify(item.document) };
  const attention = attentionOf(item, shards, p, k);
  if (attention) Object.assign(row, { a: { S: attention.partition }, b: { S: attention.sort } });
  for (const entry of indexEntries) {
    const { partition, sort } = indexAttributes(
      generation.indexes.findIndex(({ name }) => name === entry.index),
    );
    row[partition] = { S: partitionText(entry.partition) };
    row[sort] = { S: placeText(entry.sort, item.key) };
  }
  return row;
}

/** The item in a row. */
export function itemOf({ k, r, d, s }: Row): Item {
  if (k?.S === undefined || r?.N === undefined || s?.S === undefined)
    throw unreadable('no key, revision or state');
  const item = { key: unescapeText(k.S), revision: Number(r.N) };
  const document = d?.S === undefined ? undefined : (JSON.parse(d.S) as Document);
  const state = decodeState(JSON.parse(s.S), document);
  return document === undefined ? { ...item, state } : { ...item, document, state };
}

/** Where an item stands in the index of what wants attention: items in a trouble by key, tombstones by log time. */
function attentionOf(
  item: Item,
  shards: number,
  shard: string,
  key: string,
): Omit<IndexEntry, 'index'> | undefined {
  const trouble = troubleOf(item.state);
  if (trouble !== undefined) return { partition: troublePartition(trouble, shard, shards), sort: key };
  const since = purgeableSince(item);
  return since === undefined ? undefined : { partition: goneIn(shard), sort: since };
}

/** The partition of a shard's tombstones. By shard: many may come at once, all at the end of the order. */
export function goneIn(shard: string): string {
  return `gone.${shard}`;
}

/** The text of a partition of an index. Never empty, which DynamoDB would refuse. */
export function partitionText(partition: string): string {
  return `=${escapeText(partition)}`;
}

/**
 * The text that orders the items of a partition by sort, then by key. Where both together are over the limit of a sort
 * key, the end of the item's key is left out: items that agree up to there stand beside each other in any order.
 */
export function placeText(sort: string, key: string): string {
  return cut(sort + end + escapeText(key));
}

/** The sort in such a text. */
export function sortOf(place: string): string {
  return place.slice(0, place.indexOf(end));
}

/** The least and the greatest text of the places between two sorts, both inclusive. */
export function placesBetween(
  sortFrom: string | undefined,
  sortTo: string | undefined,
): { readonly least: string | undefined; readonly greatest: string | undefined } {
  return {
    // An empty bound is none.
    least: sortFrom === undefined || sortFrom === '' ? undefined : cut(sortFrom),
    greatest: sortTo === undefined ? undefined : cut(sortTo + behindEnd),
  };
}

function cut(text: string): string {
  if (text.length * 3 <= sortKeyBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= sortKeyBytes) return text;
  let at = sortKeyBytes;
  // Not within a character.
  while (((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  return bytes.toString('utf8', 0, at);
}

/** Bytes of a row as DynamoDB counts them, a little more: of names and values, in UTF-8. */
export function rowBytes(row: Row): number {
  return Object.entries(row).reduce(
    (sum, [name, { S: text, N: number, B: bytes }]) =>
      sum + name.length + Buffer.byteLength(text ?? number ?? '') + (bytes?.byteLength ?? 0),
    0,
  );
}

/** The primary key of a row. */
export function keyOf({ p, k }: Row): Row {
  if (!p || !k) throw unreadable('no primary key');
  return { p, k };
}

/** The primary key of an item's row. */
export function rowKey(key: string, shards: number): Row {
  return { p: { S: shardOf(key, shards) }, k: { S: escapeText(key) } };
}
