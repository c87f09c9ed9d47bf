import { createHash } from 'node:crypto';

/** One stored item that an answer was made of, or (no revision) one that was looked for and is not there. */
export interface Contribution {
  readonly projection: string;
  readonly generation: number;
  readonly key: string;
  readonly revision: number | undefined;
}

/** The ETag of one document: its view, generation and revision. */
export function documentTag({ projection, generation, revision }: Contribution): string {
  return `"${encodeURIComponent(projection)}.g${generation}.r${revision ?? 0}"`;
}

/**
 * The ETag of an answer that several items contributed to, in the order of their look-up.
 * @param rest what else the answer shows: a page's next cursor
 */
export function combinedTag(contributions: readonly Contribution[], rest: string): string {
  const lines = contributions.map(({ projection, generation, key, revision }) =>
    JSON.stringify([projection, generation, key, revision ?? null]),
  );
  const hash = createHash('sha256')
    .update([...lines, rest].join('\n'))
    .digest('base64url');
  return `"${hash.slice(0, 27)}"`;
}

/** Whether `If-None-Match` names the tag: weak comparison, lists and `*` (RFC 9110, 8.8.3.2 and 13.1.2). */
export function matches(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  // An entity tag may hold commas, so the list is not split at them.
  return [...ifNoneMatch.matchAll(/(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g)].some(([, one]) => one === tag);
}
