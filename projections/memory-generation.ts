import { canonicalJson } from 'banyan/runtime';
import { deepFreeze } from './frozen.ts';
import { checkLimit, checkWrites, indexUnknown, lost } from './item-rules.ts';
import { purgeableSince, troubleOf } from './item-state.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { comparePlaces, createMemoryIndex, type MemoryIndex } from './memory-index.ts';
import { decodeCursor, encodeCursor, type CursorPlace, type CursorScope } from './page-cursor.ts';
import { coversAny } from './progress.ts';
import type { Receipt } from './tracker/ledger.ts';
import type {
  AtomicViewStore,
  Generation,
  IndexQuery,
  Item,
  ItemWrite,
  Page,
  Trouble,
} from './view-store.ts';

/** The scan of all items is an index of one partition. */
const everything = '';

/** One generation's items in memory. All methods are synchronous, and so atomic. */
export class MemoryGeneration {
  generation: Generation;
  readonly ledger: MemoryLedger;
  readonly #itemBytes: number | undefined;
  readonly #items = new Map<string, Item>();
  readonly #indexes: ReadonlyMap<string, MemoryIndex>;
  readonly #keys = createMemoryIndex();
  /** A partition for each trouble. */
  readonly #troubled = createMemoryIndex();

  constructor(generation: Generation, itemBytes?: number) {
    this.generation = generation;
    this.ledger = new MemoryLedger(generation.floor);
    this.#itemBytes = itemBytes;
    this.#indexes = new Map(generation.indexes.map(({ name }) => [name, createMemoryIndex()]));
  }

  readMany(keys: readonly string[]): ReadonlyMap<string, Item> {
    const found = new Map<string, Item>();
    for (const key of keys) {
      const item = this.#items.get(key);
      if (item) found.set(key, item);
    }
    return found;
  }

  /** Writes what has no conflict, and keeps the receipts when nothing has. */
  write(writes: readonly ItemWrite[], receipts: readonly Receipt[] = []): string[] {
    this.#check(writes);
    const conflicts = this.#conflicts(writes);
    const losers = new Set(conflicts);
    for (const write of writes) if (!losers.has(write.item.key)) this.#put(write);
    if (conflicts.length === 0) this.ledger.add(receipts);
    return conflicts;
  }

  /** Writes everything or nothing. */
  commit({ writes, expected, next }: Parameters<AtomicViewStore['commit']>[1]): string[] {
    this.#check(writes);
    const { revision, ...tracked } = this.ledger.tracking;
    if (canonicalJson(tracked.watermark) !== canonicalJson(expected)) throw lost.progress(this.generation);
    const conflicts = this.#conflicts(writes);
    if (conflicts.length > 0) return conflicts;
    for (const write of writes) this.#put(write);
    this.ledger.change(revision, { ...tracked, watermark: next });
    return [];
  }

  query(query: IndexQuery): Page {
    const index = this.#indexes.get(query.index);
    if (!index) throw indexUnknown(this.generation, query);
    const { sortFrom, sortTo, partition } = query;
    const within = index
      .places(partition)
      .filter(
        ({ sort }) =>
          (sortFrom === undefined || sort >= sortFrom) && (sortTo === undefined || sort <= sortTo),
      );
    return this.#page(
      query.order === 'descending' ? within.reverse() : within,
      { generation: this.generation, index: query.index, partition },
      query,
    );
  }

  scan(page: { readonly after?: string; readonly limit: number }): Page {
    const scope = { generation: this.generation };
    return this.#page(this.#keys.places(everything), scope, { ...page, order: 'ascending' });
  }

  troubled(trouble: Trouble, page: { readonly after?: string; readonly limit: number }): Page {
    const scope = { generation: this.generation, trouble };
    return this.#page(this.#troubled.places(trouble), scope, { ...page, order: 'ascending' });
  }

  countTroubled(trouble: Trouble, most = Infinity): number {
    return Math.min(this.#troubled.places(trouble).length, most);
  }

  count(): number {
    return [...this.#items.values()].filter((item) => item.document !== undefined).length;
  }

  purgeRemoved(before: string): number {
    const old = [...this.#items.values()].filter((item) => {
      const since = purgeableSince(item);
      return since !== undefined && since < before;
    });
    for (const { key } of old) {
      this.#items.delete(key);
      this.#keys.set(key, undefined);
    }
    return old.length;
  }

  #check(writes: readonly ItemWrite[]): void {
    checkWrites(this.generation, writes, this.#itemBytes);
    for (const { indexEntries } of writes) {
      const unknown = indexEntries.find(({ index }) => !this.#indexes.has(index));
      if (unknown) throw indexUnknown(this.generation, unknown);
    }
  }

  #conflicts(writes: readonly ItemWrite[]): string[] {
    const { watermark } = this.ledger.tracking;
    return writes
      .filter(
        ({ item, expected, madeOf }) =>
          this.#items.get(item.key)?.revision !== expected ||
          (expected === undefined && madeOf && coversAny(watermark, madeOf)),
      )
      .map(({ item }) => item.key);
  }

  #put({ item, indexEntries }: ItemWrite): void {
    this.#items.set(item.key, deepFreeze({ ...item }));
    this.#keys.set(item.key, { partition: everything, sort: '' });
    const trouble = troubleOf(item.state);
    this.#troubled.set(item.key, trouble && { partition: trouble, sort: '' });
    for (const [name, index] of this.#indexes) {
      index.set(
        item.key,
        indexEntries.find((entry) => entry.index === name),
      );
    }
  }

  #page(
    places: readonly CursorPlace[],
    scope: CursorScope,
    { after, limit, order }: Pick<IndexQuery, 'after' | 'limit' | 'order'>,
  ): Page {
    checkLimit(limit);
    const from =
      after === undefined
        ? 0
        : firstBehind(places, decodeCursor(scope, after), order === 'descending' ? -1 : 1);
    const shown = places.slice(from, from + limit);
    const last = shown.at(-1);
    const items = shown.flatMap(({ key }) => this.#items.get(key) ?? []);
    return last && from + limit < places.length ? { items, next: encodeCursor(scope, last) } : { items };
  }
}

/** Binary search: the first of the places that comes after the given one, in their direction. */
function firstBehind(places: readonly CursorPlace[], place: CursorPlace, direction: 1 | -1): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = places[middle];
    if (at && comparePlaces(at, place) * direction <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
