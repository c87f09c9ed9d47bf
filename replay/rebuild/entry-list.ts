import type { Entry, Segment } from './entry.ts';

/** Entries by when they were last used, as a doubly linked list through the entries themselves. */
export class EntryList {
  readonly segment: Exclude<Segment, 'none'>;
  #newest: Entry | undefined;
  #oldest: Entry | undefined;
  #bytes = 0;

  constructor(segment: Exclude<Segment, 'none'>) {
    this.segment = segment;
  }

  /** About how many bytes its entries take. */
  get bytes(): number {
    return this.#bytes;
  }

  get oldest(): Entry | undefined {
    return this.#oldest;
  }

  /** Puts an entry that is in no list in front. */
  add(entry: Entry): void {
    entry.segment = this.segment;
    entry.previous = undefined;
    entry.next = this.#newest;
    if (this.#newest) this.#newest.previous = entry;
    else this.#oldest = entry;
    this.#newest = entry;
    this.#bytes += entry.bytes;
  }

  remove(entry: Entry): void {
    if (entry.previous) entry.previous.next = entry.next;
    else this.#newest = entry.next;
    if (entry.next) entry.next.previous = entry.previous;
    else this.#oldest = entry.previous;
    entry.segment = 'none';
    entry.previous = undefined;
    entry.next = undefined;
    this.#bytes -= entry.bytes;
  }

  moveToFront(entry: Entry): void {
    if (entry === this.#newest) return;
    this.remove(entry);
    this.add(entry);
  }

  /** An entry of it became larger or smaller. */
  resized(by: number): void {
    this.#bytes += by;
  }
}
