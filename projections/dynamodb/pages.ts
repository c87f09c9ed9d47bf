import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { escapeText } from '../index-key.ts';
import { checkLimit, indexUnknown, isTooLong } from '../item-rules.ts';
import { decodeCursor, encodeCursor, type CursorPlace, type CursorScope } from '../page-cursor.ts';
import type { IndexQuery, Item, Page, Trouble } from '../view-store.ts';
import { readRows } from './batches.ts';
import type { Dynamo, Row } from './dynamo.ts';
import { attentionIndex, indexAttributes, indexName, shardName } from './names.ts';
import type { Entry } from './registry.ts';
import { itemOf, keyOf, partitionText, placesBetween, placeText, rowKey, sortOf } from './rows.ts';
import { firstRows } from './sorted-rows.ts';

/** What a page is of. */
interface PageBounds {
  readonly after?: string;
  readonly limit: number;
}

/** A partition of a secondary index, and where to read in it. */
interface IndexPart {
  readonly index: string;
  readonly attributes: { readonly partition: string; readonly sort: string };
  readonly partition: string;
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
    partition,
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
    partition: trouble,
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
  const found: { readonly item: Item; readonly place: string }[] = [];
  let start: Row | undefined = started;
  do {
    const { rows, next } = await readPart(dynamo, entry, part, start, limit + 1 - found.length);
    found.push(...rows.map((row) => ({ item: itemOf(row), place: row[part.attributes.sort]?.S ?? '' })));
    start = next;
  } while (start && found.length <= limit);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(({ item }) => item);
  return pageOf(items, found.length > limit, scope, last ? part.sortOf(last.place) : '');
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
  const { attributes, partition } = part;
  return {
    ...rowKey(place.key, entry.spread.shards),
    [attributes.partition]: { S: partition },
    [attributes.sort]: { S: text },
  };
}

/** Some entries of the index, as the rows that they stand for are now; those that have moved meanwhile are left out. */
async function readPart(
  dynamo: Dynamo,
  { table }: Entry,
  part: IndexPart,
  start: Row | undefined,
  limit: number,
): Promise<{ readonly rows: readonly Row[]; readonly next: Row | undefined }> {
  const { attributes, partition, least, greatest } = part;
  const values: Record<string, AttributeValue> = { ':p': { S: partition } };
  if (least !== undefined) values[':least'] = { S: least };
  if (greatest !== undefined) values[':greatest'] = { S: greatest };
  const { Items = [], LastEvaluatedKey } = await dynamo.query({
    TableName: table,
    IndexName: part.index,
    KeyConditionExpression: `#p = :p${boundsText(least, greatest)}`,
    ExpressionAttributeNames: {
      '#p': attributes.partition,
      ...((least ?? greatest) !== undefined && { '#s': attributes.sort }),
    },
    ExpressionAttributeValues: values,
    ScanIndexForward: !part.isDescending,
    Limit: limit,
    ...(start && { ExclusiveStartKey: start }),
  });
  const rows = await readRows(dynamo, table, Items.map(keyOf));
  const byKey = new Map(rows.map((row) => [row['k']?.S, row]));
  const isSame = (one: Row, other: Row, name: string): boolean => one[name]?.S === other[name]?.S;
  const current = Items.flatMap((stood) => {
    const row = byKey.get(stood['k']?.S);
    return row && isSame(row, stood, attributes.partition) && isSame(row, stood, attributes.sort)
      ? [row]
      : [];
  });
  return { rows: current, next: LastEvaluatedKey };
}

function boundsText(least: string | undefined, greatest: string | undefined): string {
  if (least !== undefined && greatest !== undefined) return ' AND #s BETWEEN :least AND :greatest';
  if (least !== undefined) return ' AND #s >= :least';
  return greatest === undefined ? '' : ' AND #s <= :greatest';
}
