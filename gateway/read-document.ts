import type { KeyRead } from 'banyan/projections';
import type { Caller } from 'banyan/legacy-adapter';
import { answer, type Answer } from './answer.ts';
import { combinedTag, documentTag, matches } from './etag.ts';
import { headersOf } from './notice.ts';
import type { ReadRoute } from './route.ts';
import { join, type Views } from './views.ts';

/** What a read is asked with. */
export interface ReadRequest {
  readonly who: Caller | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly ifNoneMatch: string | undefined;
}

/** Headers of every read that found something. */
export function readHeaders(tag: string, views: Views): Record<string, string> {
  return {
    etag: tag,
    // Kept by the client alone, and asked about each time: the ETag makes that cheap.
    'cache-control': 'private, no-cache',
    vary: 'authorization',
    ...headersOf(views.notices()),
  };
}

/** Answers a read by key. */
export async function readDocument(
  route: ReadRoute,
  read: KeyRead<never, unknown>,
  views: Views,
  request: ReadRequest,
): Promise<Answer> {
  const key = read.key(request.parameters as never);
  const item = key === undefined ? undefined : (await views.readMany(read.projection, [key])).get(key);
  // Where a document may be hidden, nothing is said of one that is not there: the key is not for everybody to know.
  const headers = route.authorizeDocument ? {} : headersOf(views.notices());
  const missing = answer('notFound', { message: 'There is no such document.', headers });
  const own = views.contributions[0];
  if (!item?.document || !own) return missing;
  const [document] = await join(views, [item.document], read.includes);
  // The same answer as for a document that is not there: whether it is, is not for this caller to know.
  if (route.authorizeDocument?.(request.who, document) === false) return missing;
  const tag = read.includes.length === 0 ? documentTag(own) : combinedTag(views.contributions, '');
  const found = readHeaders(tag, views);
  if (matches(request.ifNoneMatch, tag)) return answer('notModified', { headers: found });
  return answer('ok', { message: 'Found.', data: document, headers: found });
}
