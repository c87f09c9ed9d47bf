import { createHash } from 'node:crypto';
import type { Contribution } from './view-read.ts';

/** The tag of one document: its generation and revision, to be read by people too. */
export function documentTag({ projection, generation, revision }: Contribution): string {
  return `"${encodeURIComponent(projection)}.g${generation}.r${revision ?? 0}"`;
}

/**
 * The tag of an answer of several items: of all that took part, those included too.
 * @param shape what the answer is besides (a page's end, the names of includes)
 */
export function joinedTag(contributions: readonly Contribution[], shape: unknown): string {
  const told = contributions.map((one) => [one.projection, one.generation, one.key, one.revision ?? null]);
  const hash = createHash('sha256').update(JSON.stringify([shape, told])).digest('base64url');
  return `"${hash.slice(0, 27)}"`;
}

const tagsInList = /(?:W\/)?("[^"]*")/g;

/** Whether an `If-None-Match` names the tag; weakly compared (RFC 9110, 13.1.2). */
export function matchesTag(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return [...ifNoneMatch.matchAll(tagsInList)].some(([, found]) => found === tag);
}
