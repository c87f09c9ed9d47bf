import type { IndexRead, Page, ViewStore } from 'banyan/projections';
import { isBanyanError } from 'banyan/runtime';
import { answer, isAnswer, type Answer } from './answer.ts';
import { readCursor, writeCursor, type PageCursor } from './cursor.ts';
import { combinedTag, matches } from './etag.ts';
import { badRequest, type Parameters } from './parameters.ts';
import { readHeaders, type ReadRequest } from './read-document.ts';
import { join, type Views } from './views.ts';

/** Documents on a page. */
export interface PageSizes {
  readonly usual: number;
  readonly most: number;
}

interface Wanted {
  readonly limit: number;
  readonly order: 'ascending' | 'descending';
  readonly cursor: PageCursor | undefined;
}

/** Answers a read by index. */
export async function readPage(
  read: IndexRead<never, unknown>,
  views: Views,
  store: ViewStore,
  request: ReadRequest & { readonly page: Parameters['page']; readonly sizes: PageSizes },
): Promise<Answer> {
  const wanted = wantedPage(request.page, read.order, request.sizes);
  if (isAnswer(wanted)) return wanted;
  const partition = read.partition(request.parameters as never);
  if (partition === undefined) return answer('notFound', { message: 'There is no such page.' });
  const number = wanted.cursor?.generation ?? views.live(read.projection).number;
  const id = { projection: read.projection.name, number };
  if (wanted.cursor && !(await maySee(views, store, read, number))) return staleCursor();
  const page = await query(store, id, read.index, partition, wanted);
  if (isAnswer(page)) return page;
  for (const item of page.items) views.note(id, item);
  const documents = page.items.flatMap(({ document }) => (document ? [document] : []));
  const items = await join(views, documents, read.includes);
  const next =
    page.next === undefined
      ? null
      : writeCursor({ generation: number, order: wanted.order, after: page.next });
  const tag = combinedTag(views.contributions, next ?? '');
  const headers = readHeaders(tag, views);
  if (matches(request.ifNoneMatch, tag)) return answer('notModified', { headers });
  return answer('ok', { message: `${items.length} found.`, data: { items, next }, headers });
}

/** A walk begun in a generation goes on there after a promotion; never in one that was not, or is no longer, for readers. */
async function maySee(
  views: Views,
  store: ViewStore,
  { projection }: IndexRead<never, unknown>,
  number: number,
): Promise<boolean> {
  if (views.live(projection).number === number) return true;
  const kept = await store.generations(projection.name);
  return kept.some(
    (one) => one.number === number && (one.state.kind === 'live' || one.state.kind === 'ready'),
  );
}

async function query(
  store: ViewStore,
  id: { readonly projection: string; readonly number: number },
  index: string,
  partition: string,
  { limit, order, cursor }: Wanted,
): Promise<Page | Answer> {
  const after = cursor === undefined ? {} : { after: cursor.after };
  try {
    return await store.query(id, { index, partition, limit, order, ...after });
  } catch (error) {
    if (isBanyanError(error, 'CURSOR_INVALID')) return staleCursor();
    // Only a cursor's generation can be gone without the pointer having moved.
    if (cursor && isBanyanError(error, 'GENERATION_UNKNOWN')) return staleCursor();
    throw error;
  }
}

function staleCursor(): Answer {
  return badRequest('The parameters are', [
    { at: 'after', problem: 'no cursor of these pages, or too old; begin again without it' },
  ]);
}

function wantedPage(
  page: Parameters['page'],
  usual: 'ascending' | 'descending',
  sizes: PageSizes,
): Wanted | Answer {
  const limit = page.limit === undefined ? sizes.usual : Number(/^\d{1,4}$/.exec(page.limit)?.[0]);
  const cursor = page.after === undefined ? undefined : readCursor(page.after);
  const order = page.order ?? cursor?.order ?? usual;
  const problems = [];
  if (!(limit >= 1 && limit <= sizes.most)) {
    problems.push({ at: 'limit', problem: `expected a whole number from 1 to ${sizes.most}` });
  }
  if (order !== 'ascending' && order !== 'descending') {
    problems.push({ at: 'order', problem: 'expected ascending or descending' });
    return badRequest('The parameters are', problems);
  }
  if (cursor && cursor.order !== order) {
    problems.push({ at: 'order', problem: `the cursor's pages are ${cursor.order}` });
  }
  if (problems.length > 0) return badRequest('The parameters are', problems);
  return page.after !== undefined && !cursor ? staleCursor() : { limit, order, cursor };
}
