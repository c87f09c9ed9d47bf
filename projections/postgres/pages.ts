import type { Knex } from 'knex';
import { escapeText } from '../index-key.ts';
import { checkLimit } from '../item-rules.ts';
import { decodeCursor, encodeCursor, type CursorPlace, type CursorScope } from '../page-cursor.ts';
import type { GenerationId, IndexQuery, Page, Trouble } from '../view-store.ts';
import type { Statement } from './connection.ts';
import { columnsOf, quoted, tableOf } from './names.ts';
import { itemOf, type ItemRow } from './rows.ts';
import { toStatement } from './schema.ts';

/** A row of a page; the sort is absent in a scan. */
export type PageRow = ItemRow & { readonly sort?: string };

/** How a page is asked for, and what is made of the answer. */
export interface PageQuestion {
  readonly statement: Statement;
  readonly pageOf: (rows: readonly PageRow[]) => Page;
}

/** A page of an index. */
export function askIndex(sql: Knex, schema: string, id: GenerationId, question: IndexQuery): PageQuestion {
  const { index, limit, sortFrom, sortTo } = question;
  checkLimit(limit);
  const columns = columnsOf(index);
  const [partition, sort] = [sql.raw(quoted(columns.partition)), sql.raw(quoted(columns.sort))];
  const scope = { generation: id, index, partition: question.partition };
  const direction = question.order === 'descending' ? 'desc' : 'asc';
  const rows = select(sql, schema, id, limit)
    .select(sql.raw('? AS sort', [sort]))
    .where(partition, '=', escapeText(question.partition))
    .orderBy([
      { column: sort, order: direction },
      { column: 'key', order: direction },
    ]);
  if (sortFrom !== undefined) void rows.where(sort, '>=', sortFrom);
  if (sortTo !== undefined) void rows.where(sort, '<=', sortTo);
  if (question.after !== undefined) {
    const place = decodeCursor(scope, question.after);
    const behind = `(?, key) ${direction === 'desc' ? '<' : '>'} (?, ?)`;
    void rows.whereRaw(behind, [sort, place.sort, escapeText(place.key)]);
  }
  return { statement: toStatement(rows), pageOf: (found) => pageOf(found, scope, limit) };
}

/** A page of all items in key order. */
export function askScan(
  sql: Knex,
  schema: string,
  id: GenerationId,
  { after, limit }: { readonly after?: string; readonly limit: number },
): PageQuestion {
  checkLimit(limit);
  const scope = { generation: id };
  const rows = select(sql, schema, id, limit).orderBy('key');
  if (after !== undefined) void rows.where('key', '>', escapeText(decodeCursor(scope, after).key));
  return { statement: toStatement(rows), pageOf: (found) => pageOf(found, scope, limit) };
}

/** A page of the items in a trouble, in key order. */
export function askTroubled(
  sql: Knex,
  schema: string,
  id: GenerationId,
  trouble: Trouble,
  { after, limit }: { readonly after?: string; readonly limit: number },
): PageQuestion {
  checkLimit(limit);
  const scope = { generation: id, trouble };
  const rows = select(sql, schema, id, limit).where('trouble', '=', trouble).orderBy('key');
  if (after !== undefined) void rows.where('key', '>', escapeText(decodeCursor(scope, after).key));
  return { statement: toStatement(rows), pageOf: (found) => pageOf(found, scope, limit) };
}

/** One row more than the page was asked for: it tells that there is a next page. */
function select(sql: Knex, schema: string, id: GenerationId, limit: number): Knex.QueryBuilder {
  const table = sql.raw(quoted(schema, tableOf(id)));
  return sql
    .queryBuilder()
    .from(table)
    .select('key', 'revision', 'document', 'state')
    .limit(limit + 1);
}

function pageOf(rows: readonly PageRow[], scope: CursorScope, limit: number): Page {
  const shown = rows.slice(0, limit);
  const items = shown.map(itemOf);
  const [last, row] = [items.at(-1), shown.at(-1)];
  if (rows.length <= limit || !last || !row) return { items };
  const place: CursorPlace = { sort: row.sort ?? '', key: last.key };
  return { items, next: encodeCursor(scope, place) };
}
