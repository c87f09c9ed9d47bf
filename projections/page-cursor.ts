import { BanyanError } from 'banyan/runtime';
import type { GenerationId, Trouble } from './view-store.ts';

/** What a page belongs to: an index and its partition, the items in a trouble, or (none of them) the scan of all items. */
export interface CursorScope {
  readonly generation: GenerationId;
  readonly index?: string;
  readonly partition?: string;
  readonly trouble?: Trouble;
}

/** The last item of a page. */
export interface CursorPlace {
  /** Encoded; the empty text in a scan. */
  readonly sort: string;
  readonly key: string;
}

/** The opaque text of a place: base64url, so that it can stand in a URL. */
export function encodeCursor(scope: CursorScope, place: CursorPlace): string {
  return Buffer.from(JSON.stringify([...namesOf(scope), place.sort, place.key])).toString('base64url');
}

/**
 * The place that a cursor names.
 * @throws BanyanError CURSOR_INVALID when it is none, or one of another generation, index or partition
 */
export function decodeCursor(scope: CursorScope, cursor: string): CursorPlace {
  const fields = parse(cursor);
  if (fields === undefined) throw invalid(scope, 'is not a cursor');
  const names = namesOf(scope);
  const wrong = names.findIndex((name, at) => fields[at] !== name);
  if (wrong >= 0) throw invalid(scope, `belongs to another ${parts[wrong] ?? 'view'}`);
  const [, , , , sort, key] = fields;
  if (typeof sort !== 'string' || typeof key !== 'string') throw invalid(scope, 'is not a cursor');
  return { sort, key };
}

const parts = ['view', 'generation', 'index', 'partition'];

function namesOf({ generation, index, partition, trouble }: CursorScope): (string | number | null)[] {
  return [generation.projection, generation.number, index ?? null, partition ?? trouble ?? null];
}

function parse(cursor: string): unknown[] | undefined {
  try {
    const fields: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(fields) && fields.length === 6 ? fields : undefined;
  } catch {
    return undefined;
  }
}

function invalid({ generation, index, trouble }: CursorScope, why: string): BanyanError {
  const listed = trouble === undefined ? 'the scan' : `the items in trouble (${trouble})`;
  const what = index === undefined ? listed : `index ${index}`;
  return new BanyanError(
    'CURSOR_INVALID',
    `The page cursor ${why}; expected \`next\` of a page of ${what} of ${generation.projection}, ` +
      `generation ${generation.number}. Begin again without a cursor.`,
    { details: { projection: generation.projection, generation: generation.number, index: index ?? null } },
  );
}
