import { compareOrderKeys, type DomainEvent, type OrderKey } from 'banyan/events';
import { invalidDocument, notJson, threw, tooLarge, type FoldFailure } from './failure.ts';
import { deepFreeze } from './frozen.ts';
import { encodeSort, escapeText } from './index-key.ts';
import { isTooLong, textLimits } from './item-rules.ts';
import { jsonBytes, toJsonDocument } from './json-document.ts';
import { metaOf } from './meta.ts';
import { removed, type AnyProjection } from './projection.ts';
import { nextRevision } from './revision.ts';
import type { Document, IndexEntry, Item } from './view-store.ts';

/** What folding a key's events came to. */
export type FoldResult =
  /** Nothing to write: all were duplicates, or no handler wanted anything changed. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'changed'; readonly item: Item; readonly indexEntries: readonly IndexEntry[] }
  | { readonly kind: 'failed'; readonly failure: FoldFailure };

/** What an event makes of a document: another one, or none; `left`: what it was. */
export type FoldStep =
  | { readonly kind: 'left' }
  | { readonly kind: 'document'; readonly document: Document; readonly indexEntries: readonly IndexEntry[] }
  | { readonly kind: 'removed' }
  | { readonly kind: 'failed'; readonly failure: FoldFailure };

/**
 * Folds events of one key, which come in order key order and all after everything that came before, onto its item.
 * Pure. An event at or before the item's own order key is a duplicate and is dropped.
 * @param item settled, removed or not there
 */
export function foldInOrder(
  projection: AnyProjection,
  key: string,
  item:
    (Item & { readonly state: { readonly kind: 'settled' | 'removed'; readonly at: OrderKey } }) | undefined,
  events: readonly DomainEvent[],
): FoldResult {
  let document = deepFreeze(item?.document);
  let indexEntries: readonly IndexEntry[] = [];
  let seen = item?.state.at;
  let last: DomainEvent | undefined;
  for (const event of events) {
    if (seen && compareOrderKeys(event, seen) <= 0) continue;
    seen = event;
    const step = foldEvent(projection, key, document, event);
    if (step.kind === 'failed') return step;
    if (step.kind === 'left') continue;
    document = step.kind === 'removed' ? undefined : step.document;
    indexEntries = step.kind === 'removed' ? [] : step.indexEntries;
    last = event;
  }
  // Removing what was never there leaves nothing behind.
  if (last === undefined || (item === undefined && document === undefined)) return { kind: 'unchanged' };
  const base = { key, revision: nextRevision(item?.revision, last.logTime) };
  const at = orderKeyOf(last);
  return document === undefined
    ? { kind: 'changed', item: { ...base, state: { kind: 'removed', at } }, indexEntries }
    : { kind: 'changed', item: { ...base, document, state: { kind: 'settled', at } }, indexEntries };
}

/**
 * One event onto a frozen document. Pure. Each document is checked in every way, also one that the next event replaces:
 * so it is always the same event that fails, whatever the batches and whatever the bus does.
 * @param itemBytes the most that the document may take, bytes of compact JSON; undefined: no limit
 */
export function foldEvent(
  projection: AnyProjection,
  key: string,
  document: Document | undefined,
  event: DomainEvent,
  itemBytes?: number,
): FoldStep {
  const handler = projection.handlers.get(event.type)?.handler;
  if (!handler) return { kind: 'left' };
  let made: unknown;
  try {
    made = handler.apply(document, deepFreeze(event.data), metaOf(event), key);
  } catch (error) {
    return { kind: 'failed', failure: threw(event, 'HANDLER_THREW', `\`apply\` of ${event.type}`, error) };
  }
  if (made === undefined) return { kind: 'left' };
  return made === removed ? { kind: 'removed' } : checked(projection, event, made, itemBytes);
}

/** What is kept is what the schema makes of it: fields that it does not know are left out. */
function checked(
  projection: AnyProjection,
  event: DomainEvent,
  made: unknown,
  itemBytes: number | undefined,
): FoldStep {
  const parsed = projection.schema.safeParse(made);
  if (!parsed.success) return { kind: 'failed', failure: invalidDocument(event, parsed.error) };
  const json = toJsonDocument(parsed.data);
  if (json.kind === 'not-json') return { kind: 'failed', failure: notJson(event, json) };
  const { document } = json;
  if (itemBytes !== undefined) {
    const bytes = jsonBytes(document);
    if (bytes > itemBytes) return { kind: 'failed', failure: tooLarge(event, bytes, itemBytes) };
  }
  const indexed = indexEntriesOf(projection, document, event);
  if (indexed.kind === 'failed') return indexed;
  return { kind: 'document', document, indexEntries: indexed.indexEntries };
}

/** Where a document stands in the indexes of its projection. */
export type IndexResult =
  | { readonly kind: 'entries'; readonly indexEntries: readonly IndexEntry[] }
  | { readonly kind: 'failed'; readonly failure: FoldFailure };

/** Asks the projection's indexes. Pure. @param last the event that made the document, to be named */
export function indexEntriesOf(
  projection: AnyProjection,
  document: Document,
  last: Pick<DomainEvent, 'id' | 'type'>,
): IndexResult {
  const indexEntries: IndexEntry[] = [];
  for (const [name, index] of projection.indexes) {
    try {
      const partition = index.partition(document);
      if (partition === undefined) continue;
      const entry = { index: name, partition, sort: encodeSort(index.sort?.(document)) };
      const long = isTooLong('partition', escapeText(partition)) || isTooLong('sort', entry.sort);
      if (long)
        throw new RangeError(
          `longer than ${textLimits.partition} bytes (partition) or ${textLimits.sort} (sort)`,
        );
      indexEntries.push(entry);
    } catch (error) {
      return { kind: 'failed', failure: threw(last, 'INDEX_INVALID', `index ${name}`, error) };
    }
  }
  return { kind: 'entries', indexEntries };
}

/** Its fields and no others: it is stored with the item. */
export function orderKeyOf({ logTime, source, position, translation, index }: OrderKey): OrderKey {
  return { logTime, source, position, translation, index };
}
