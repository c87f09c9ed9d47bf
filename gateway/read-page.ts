import type { IndexRead, LivePointer, Page, ViewStore } from 'banyan/projections';
import { isBanyanError } from 'banyan/runtime';
import { answer, isAnswer, type Answer } from './answer.ts';
import { readCursor, writeCursor, type PageCursor } from './cursor.ts';
import { combinedTag, matches } from './etag.ts';
import { badRequest, type Parameters } from './parameters.ts';
import { projectionsOf } from './projections-of.ts';
import { readHeaders, type ReadRequest } from './read-document.ts';
import { join, type Views } from './views.ts';

/** Documents on a page. */
export const pageSizes = { usual: 50, most: 1000 };

/** The page that is asked for. */
export interface WantedPage {
  readonly limit: number;
  readonly order: 'ascending' | 'descending';
  readonly cursor: PageCursor | undefined;
}

/** Generations by view. */
export type Generations = LivePointer['live'];

/** Answers a read by index. */
export async function readPage(
  read: IndexRead<never, unknown>,
  views: Views,
  store: ViewStore,
  request: ReadRequest & { readonly wanted: WantedPage; readonly generations: Generations },
): Promise<Answer> {
  const { wanted, generations } = request;
  const partition = read.partition(request.parameters as never);
  if (partition === undefined) return answer('notFound', { message: 'There is no such page.' });
  const id = views.live(read.projection);
  const page = await query(store, id, read.index, partition, wanted);
  if (isAnswer(page)) return page;
  if (store.hasEventualIndexes) views.say('eventual');
  for (const item of page.items) views.note(id, item);
  const documents = page.items.flatMap(({ document }) => (document ? [document] : []));
  const items = await join(views, documents, read.includes);
  const next =
    page.next === undefined ? null : writeCursor({ generations, order: wanted.order, after: page.next });
  const tag = combinedTag(views.contributions, next ?? '');
  const headers = readHeaders(tag, views);
  if (matches(request.ifNoneMatch, tag)) return answer('notModified', { headers });
  return answer('ok', { message: `${items.length} found.`, data: { items, next }, headers });
}

/**
 * The generations that a page is made of: the live ones. A walk begun in others goes on there after a promotion, the
 * included views too; never in one that was not, or is no longer, for readers.
 */
export async function generationsOfPage(
  read: IndexRead<never, unknown>,
  live: Generations,
  cursor: PageCursor | undefined,
  store: ViewStore,
): Promise<Generations | Answer> {
  const names = [...new Set(projectionsOf(read).map(({ name }) => name))];
  const now = names.flatMap((name) => Object.entries(live).filter(([other]) => other === name));
  if (cursor === undefined) return Object.fromEntries(now);
  const began = now.map(([name]) => [name, cursor.generations[name]] as const);
  const moved = began.filter(([name, number]) => live[name] !== number);
  const kept = await Promise.all(moved.map(([name, number]) => isForReaders(store, name, number)));
  return kept.every(Boolean) ? (Object.fromEntries(began) as Generations) : staleCursor();
}

async function isForReaders(store: ViewStore, name: string, number: number | undefined): Promise<boolean> {
  const found = (await store.generations(name)).find((one) => one.number === number);
  return found?.state.kind === 'live' || found?.state.kind === 'ready';
}

async function query(
  store: ViewStore,
  id: { readonly projection: string; readonly number: number },
  index: string,
  partition: string,
  { limit, order, cursor }: WantedPage,
): Promise<Page | Answer> {
  const after = cursor === undefined ? {} : { after: cursor.after };
  try {
    return await store.query(id, { index, partition, limit, order, ...after });
  } catch (error) {
    if (isBanyanError(error, 'CURSOR_INVALID')) return staleCursor();
    throw error;
  }
}

/** The answer to a cursor with which no walk can go on. */
export function staleCursor(): Answer {
  return badRequest('The parameters are', [
    { at: 'after', problem: 'no cursor of these pages, or too old; begin again without it' },
  ]);
}

/** Checks what is said about the page. */
export function wantedPage(page: Parameters['page'], usual: 'ascending' | 'descending'): WantedPage | Answer {
  const limit = page.limit === undefined ? pageSizes.usual : Number(/^\d{1,4}$/.exec(page.limit)?.[0]);
  const cursor = page.after === undefined ? undefined : readCursor(page.after);
  const order = page.order ?? cursor?.order ?? usual;
  const problems = [];
  if (!(limit >= 1 && limit <= pageSizes.most)) {
    problems.push({ at: 'limit', problem: `expected a whole number from 1 to ${pageSizes.most}` });
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
