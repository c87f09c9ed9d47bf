import { Entry, entryBytes } from './entry.ts';
import { EntryList } from './entry-list.ts';
import { SeenKeys } from './seen-keys.ts';

/** Part of the budget that keys used more than once may take. */
const protectedShare = 0.8;

/**
 * Documents by key, within a budget of bytes: a segmented LRU. A key that is used again goes to the protected part, so
 * that a long run of keys used once does not drive out the hot ones. Holds what is not written yet; who evicts writes.
 */
export class EntryCache {
  readonly #entries = new Map<string, Entry>();
  readonly #probation = new EntryList('probation');
  readonly #protected = new EntryList('protected');
  readonly #budget: number;
  /** Keys that may be in the store and not here; undefined: any may. */
  readonly #seen: SeenKeys | undefined;
  /** Bytes of entries that are leaving. */
  #leaving = 0;

  /** @param isFresh the store has nothing yet, so that keys never forgotten here need not be read */
  constructor(budget: number, isFresh: boolean) {
    this.#budget = budget;
    this.#seen = isFresh ? new SeenKeys() : undefined;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** About how many bytes all entries take. */
  get bytes(): number {
    return this.#probation.bytes + this.#protected.bytes + this.#leaving;
  }

  /** Bytes that are too many, those of leaving entries aside. */
  get excess(): number {
    return this.#probation.bytes + this.#protected.bytes - this.#budget;
  }

  /** Whether so much is leaving that whoever adds must wait. */
  get isFull(): boolean {
    return this.bytes > this.#budget * 1.1;
  }

  /** The entry of a key, noted as used. */
  use(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry) this.#touch(entry);
    return entry;
  }

  /** Adds an empty entry for a key that is not here. */
  add(key: string): Entry {
    const entry = new Entry(key);
    entry.bytes = entryBytes(entry);
    this.#entries.set(key, entry);
    this.#probation.add(entry);
    return entry;
  }

  /** Whether a key that is not here may be in the store. */
  mayBeStored(key: string): boolean {
    return this.#seen?.mayHave(key) ?? true;
  }

  /** The document of an entry was replaced. */
  replaced(entry: Entry): void {
    entry.folds += 1;
    // Growing documents are measured again and again, those that change often not every time.
    if (entry.folds > 4 && (entry.folds & 15) !== 0) return;
    const bytes = entryBytes(entry);
    const by = bytes - entry.bytes;
    entry.bytes = bytes;
    if (entry.segment === 'probation') this.#probation.resized(by);
    else if (entry.segment === 'protected') this.#protected.resized(by);
    else this.#leaving += by;
  }

  /** Drops clean entries that are too many, and gives some of the dirty ones, which are leaving then. */
  evict(limit: number): Entry[] {
    const dirty: Entry[] = [];
    while (this.excess > 0 && dirty.length < limit) {
      const list = this.#probation.oldest ? this.#probation : this.#protected;
      const entry = list.oldest;
      if (!entry) break;
      list.remove(entry);
      this.#leaving += entry.bytes;
      entry.leaving = true;
      if (entry.dirty && !entry.writing) dirty.push(entry);
      else if (!entry.writing) this.forget(entry);
    }
    return dirty;
  }

  /** Forgets a leaving entry, which the store has. */
  forget(entry: Entry): void {
    this.#leaving -= entry.bytes;
    this.#entries.delete(entry.key);
    if (entry.stored !== undefined) this.#seen?.add(entry.key);
  }

  /** Takes a leaving entry back. */
  keep(entry: Entry): void {
    entry.leaving = false;
    this.#leaving -= entry.bytes;
    this.#probation.add(entry);
  }

  /** All entries that hold what the store does not. */
  dirty(): Entry[] {
    const found: Entry[] = [];
    for (const entry of this.#entries.values()) if (entry.dirty || entry.writing) found.push(entry);
    return found;
  }

  #touch(entry: Entry): void {
    // While there is room enough nobody asks who was used last, and each move touches three entries far apart.
    if (this.excess < -this.#budget / 2) return;
    if (entry.segment === 'protected') {
      this.#protected.moveToFront(entry);
    } else if (entry.leaving) {
      this.keep(entry);
    } else {
      this.#probation.remove(entry);
      this.#protected.add(entry);
      this.#demote();
    }
  }

  #demote(): void {
    while (this.#protected.bytes > this.#budget * protectedShare) {
      const entry = this.#protected.oldest;
      if (!entry) return;
      this.#protected.remove(entry);
      this.#probation.add(entry);
    }
  }
}
