import type { AttributeValue, QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { escapeText } from '../index-key.ts';
import { checkLimit, indexUnknown, isTooLong } from '../item-rules.ts';
import { decodeCursor, encodeCursor, type CursorPlace, type CursorScope } from '../page-cursor.ts';
import type { IndexQuery, Item, Page, Trouble } from '../view-store.ts';
import { readRows } from './batches.ts';
import type { Dynamo, Row } from './dynamo.ts';
import { attentionIndex, indexAttributes, indexName, shardName, troublePartitions } from './names.ts';
import type { Entry } from './registry.ts';
import { itemOf, keyOf, partitionText, placesBetween, placeText, rowKey, sortOf } from './rows.ts';
import { firstOfAll, firstRows } from './sorted-rows.ts';

/** What a page is of. */
interface PageBounds {
  readonly after?: string;
  readonly limit: number;
}

/** Partitions of a secondary index that make one order, and where to read in them. */
interface IndexPart {
  readonly index: string;
  readonly attributes: { readonly partition: string; readonly sort: string };
  /** More than one: in ascending order, in which no two items have the same place. */
  readonly partitions: readonly string[];
  readonly least?: string | undefined;
  readonly greatest?: string | undefined;
  readonly isDescending: boolean;
  /** The sort of a place in the index, for a cursor. */
  readonly sortOf: (place: string) => string;
  /** The place of an item that a cursor names. */
  readonly placeOf: (place: CursorPlace) => string;
}

/** A page of all items in key order: one query for each shard, merged. */
export async function scanPage(
  dynamo: Dynamo,
  { generation, table, spread }: Entry,
  { after, limit }: PageBounds,
): Promise<Page> {
  checkLimit(limit);
  const scope = { generation };
  const rows = await firstRows(dynamo, {
    table,
    partitions: Array.from({ length: spread.shards }, (_, shard) => shardName(shard)),
    after: after === undefined ? undefined : escapeText(decodeCursor(scope, after).key),
    count: limit + 1,
  });
  const items = rows.slice(0, limit).map(itemOf);
  return pageOf(items, rows.length > limit, scope, '');
}

/** A page of an index. Its entries follow the items a little later; an item is shown as it is, or not at all. */
export async function indexPage(dynamo: Dynamo, entry: Entry, query: IndexQuery): Promise<Page> {
  const { generation } = entry;
  const at = generation.indexes.findIndex(({ name }) => name === query.index);
  if (at < 0) throw indexUnknown(generation, query);
  checkLimit(query.limit);
  const scope = { generation, index: query.index, partition: query.partition };
  const partition = partitionText(query.partition);
  if (isTooLong('partition', partition.slice(1))) return { items: [] };
  const part: IndexPart = {
    index: indexName(at),
    attributes: indexAttributes(at),
    partitions: [partition],
    ...placesBetween(query.sortFrom, query.sortTo),
    isDescending: query.order === 'descending',
    sortOf,
    placeOf: ({ sort, key }) => placeText(sort, key),
  };
  return partPage(dynamo, entry, part, scope, query);
}

/** A page of the items in a trouble, in key order; as {@link indexPage}. */
export async function troubledPage(
  dynamo: Dynamo,
  entry: Entry,
  trouble: Trouble,
  bounds: PageBounds,
): Promise<Page> {
  checkLimit(bounds.limit);
  const part: IndexPart = {
    index: attentionIndex,
    attributes: { partition: 'a', sort: 'b' },
    partitions: troublePartitions(trouble, entry.spread.shards),
    isDescending: false,
    sortOf: () => '',
    placeOf: ({ key }) => escapeText(key),
  };
  return partPage(dynamo, entry, part, { generation: entry.generation, trouble }, bounds);
}

async function partPage(
  dynamo: Dynamo,
  entry: Entry,
  part: IndexPart,
  scope: CursorScope,
  { after, limit }: PageBounds,
): Promise<Page> {
  const started = startOf(entry, part, after === undefined ? undefined : decodeCursor(scope, after));
  if (started === 'behind') return { items: [] };
  /** By key: an item that moves while it is read may be met again. */
  const found = new Map<string, { readonly item: Item; readonly place: string }>();
  let start: Row | undefined = started;
  do {
    const wanted = limit + 1 - found.size;
    const questions = part.partitions.map((partition) => questionOf(entry, part, partition, start));
    const entries = await firstOfAll(dynamo, questions, wanted, part.attributes.sort);
    for (const row of await currentRows(dynamo, entry, part, entries)) {
      const item = itemOf(row);
      if (!found.has(item.key)) found.set(item.key, { item, place: row[part.attributes.sort]?.S ?? '' });
    }
    start = entries.length < wanted ? undefined : entries.at(-1);
  } while (start && found.size <= limit);
  const shown = [...found.values()].slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(({ item }) => item);
  return pageOf(items, found.size > limit, scope, last ? part.sortOf(last.place) : '');
}

function pageOf(items: readonly Item[], isMore: boolean, scope: CursorScope, sort: string): Page {
  const last = items.at(-1);
  return isMore && last ? { items, next: encodeCursor(scope, { sort, key: last.key }) } : { items };
}

/**
 * The key behind which the page begins; undefined: at the beginning. DynamoDB refuses one that lies outside of the
 * bounds, which a cursor of another question may.
 */
function startOf(entry: Entry, part: IndexPart, place: CursorPlace | undefined): Row | undefined | 'behind' {
  if (!place) return undefined;
  const text = part.placeOf(place);
  const isBefore = part.least !== undefined && text < part.least;
  const isBehind = part.greatest !== undefined && text > part.greatest;
  if (isBefore) return part.isDescending ? 'behind' : undefined;
  if (isBehind) return part.isDescending ? undefined : 'behind';
  return { ...rowKey(place.key, entry.spread.shards), [part.attributes.sort]: { S: text } };
}

/** The question for the entries of a partition, behind that one, which may be another's. */
function questionOf(
  { table }: Entry,
  { index, attributes, least, greatest, isDescending }: IndexPart,
  partition: string,
  start: Row | undefined,
): QueryCommandInput {
  const values: Record<string, AttributeValue> = { ':p': { S: partition } };
  if (least !== undefined) values[':least'] = { S: least };
  if (greatest !== undefined) values[':greatest'] = { S: greatest };
  return {
    TableName: table,
    IndexName: index,
    KeyConditionExpression: `#p = :p${boundsText(least, greatest)}`,
    ExpressionAttributeNames: {
      '#p': attributes.partition,
      ...((least ?? greatest) !== undefined && { '#s': attributes.sort }),
    },
    ExpressionAttributeValues: values,
    ScanIndexForward: !isDescending,
    ...(start && { ExclusiveStartKey: { ...start, [attributes.partition]: { S: partition } } }),
  };
}

/**
 * The rows that entries of the index stand for, as they are now, in order; without those that have moved meanwhile. An
 * entry that moves is deleted and made by DynamoDB one after the other: a row may be shown at its old place and its new.
 */
async function currentRows(
  dynamo: Dynamo,
  { table }: Entry,
  { attributes }: IndexPart,
  entries: readonly Row[],
): Promise<readonly Row[]> {
  // Keys that are asked for twice are refused.
  const keys = new Map(entries.map((stood) => [stood['k']?.S, keyOf(stood)]));
  const rows = await readRows(dynamo, table, [...keys.values()]);
  const byKey = new Map(rows.map((row) => [row['k']?.S, row]));
  const isSame = (one: Row, other: Row, name: string): boolean => one[name]?.S === other[name]?.S;
  return entries.flatMap((stood) => {
    const row = byKey.get(stood['k']?.S);
    return row && isSame(row, stood, attributes.partition) && isSame(row, stood, attributes.sort)
      ? [row]
      : [];
  });
}

function boundsText(least: string | undefined, greatest: string | undefined): string {
  if (least !== undefined && greatest !== undefined) return ' AND #s BETWEEN :least AND :greatest';
  if (least !== undefined) return ' AND #s >= :least';
  return greatest === undefined ? '' : ' AND #s <= :greatest';
}
