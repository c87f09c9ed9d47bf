import { BanyanError } from 'banyan/runtime';
import { escapeText } from './index-key.ts';
import { itemSize } from './item-size.ts';
import type { GenerationId, IndexQuery, ItemWrite } from './view-store.ts';

/**
 * Bytes of UTF-8. Together they fit the smallest limit of all stores: an entry of a Postgres index holds 2,704
 * bytes, a sort key of DynamoDB 1,024.
 */
export const textLimits = { key: 1000, partition: 1000, sort: 500 } as const;

/** Whether the text is longer than its limit, counted as it is stored. */
export function isTooLong(what: keyof typeof textLimits, stored: string): boolean {
  // A code unit is three bytes at most, so short text needs no counting.
  return stored.length * 3 > textLimits[what] && Buffer.byteLength(stored) > textLimits[what];
}

/**
 * What every adapter asks of a batch before it touches the store.
 * @throws BanyanError WRITE_INVALID: a key twice, a revision that does not grow, two entries for one index, a
 *   document on a tombstone, text over its limit, or an item over `itemBytes`
 */
export function checkWrites(id: GenerationId, writes: readonly ItemWrite[], itemBytes?: number): void {
  const keys = new Set<string>();
  for (const write of writes) {
    const { key } = write.item;
    if (keys.has(key)) throw invalid(id, key, 'is written twice in one batch');
    keys.add(key);
    const wrong = wrongWith(write) ?? tooLarge(write, itemBytes);
    if (wrong !== undefined) throw invalid(id, key, wrong);
  }
}

function wrongWith({ item, expected, indexEntries }: ItemWrite): string | undefined {
  if (item.key === '') return 'is empty';
  if (isTooLong('key', escapeText(item.key))) return `is longer than ${textLimits.key} bytes`;
  if (!Number.isSafeInteger(item.revision) || item.revision < 1)
    return 'has a revision that is not a whole number from 1';
  if (expected !== undefined && item.revision <= expected) return 'has a revision that does not grow';
  if (item.document === undefined && indexEntries.length > 0) return 'has index entries and no document';
  if (item.state.kind === 'removed' && item.document !== undefined) return 'is removed and has a document';
  if (new Set(indexEntries.map(({ index }) => index)).size < indexEntries.length)
    return 'has two entries for one index';
  const long = indexEntries.find(
    (entry) => isTooLong('partition', escapeText(entry.partition)) || isTooLong('sort', entry.sort),
  );
  return (
    long &&
    `has an entry of index ${long.index} over ${textLimits.partition} bytes (partition) or ${textLimits.sort} (sort)`
  );
}

function tooLarge({ item }: ItemWrite, itemBytes: number | undefined): string | undefined {
  const size = itemBytes === undefined ? 0 : itemSize(item);
  return itemBytes !== undefined && size > itemBytes
    ? `has an item of ${size} bytes, more than the store's ${itemBytes}`
    : undefined;
}

function invalid(id: GenerationId, key: string, wrong: string): BanyanError {
  return new BanyanError(
    'WRITE_INVALID',
    `Key ${JSON.stringify(key)} of view ${id.projection}, generation ${id.number}, ${wrong}.`,
    {
      details: { projection: id.projection, generation: id.number, key },
    },
  );
}

/** @throws BanyanError PAGE_LIMIT_INVALID unless the limit of a page is 1 to 1000. */
export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1000) return;
  throw new BanyanError('PAGE_LIMIT_INVALID', `A page of ${limit} items was asked for; expected 1 to 1000.`);
}

/** The error of a question to an index that the generation does not have. */
export function indexUnknown(id: GenerationId, query: Pick<IndexQuery, 'index'>): BanyanError {
  return new BanyanError(
    'INDEX_UNKNOWN',
    `Generation ${id.number} of view ${id.projection} was built without the index ${query.index}. ` +
      'A new index needs a new generation: rebuild the view.',
    { details: { projection: id.projection, generation: id.number, index: query.index } },
  );
}

/** The error of an operation on a generation that is not there (any more). */
export function generationUnknown(id: GenerationId): BanyanError {
  return new BanyanError(
    'GENERATION_UNKNOWN',
    `There is no generation ${id.number} of view ${id.projection} in the store. ` +
      'It was dropped, or never created: read the live pointer again.',
    { details: { projection: id.projection, generation: id.number } },
  );
}

/** The errors of conditional changes that lost; made here so that every adapter says the same. */
export const lost = {
  generation: (id: GenerationId, expected: string, found: string): BanyanError =>
    new BanyanError(
      'GENERATION_CONFLICT',
      `Generation ${id.number} of view ${id.projection} is ${found}; expected it to be ${expected}. Read it again and decide anew.`,
      { details: { projection: id.projection, generation: id.number, expected, found } },
    ),
  pointer: (group: string, expected: number, found: number): BanyanError =>
    new BanyanError(
      'POINTER_CONFLICT',
      `The live pointer of group ${group} has epoch ${found}; expected ${expected}. Somebody moved it: read it again and decide anew.`,
      { details: { group, expected, found } },
    ),
  progress: (id: GenerationId): BanyanError =>
    new BanyanError(
      'PROGRESS_CONFLICT',
      `The progress of view ${id.projection}, generation ${id.number}, was moved by another projector. Nothing was written.`,
      { details: { projection: id.projection, generation: id.number } },
    ),
};
