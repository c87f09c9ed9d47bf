import type { Progress } from 'banyan/events';
import type { EntryCache } from './cache.ts';
import type { Entry } from './entry.ts';
import type { WriteBack } from './write-back.ts';

/**
 * Writes, while folding goes on, all that was dirty at one progress; then that progress is a checkpoint. Entries may
 * be written with later events folded onto them: those are duplicates when a resumed rebuild meets them again.
 */
export class Checkpoint {
  readonly progress: Progress;
  /** What is still to be written, from `#next` on. */
  readonly #entries: Entry[];
  #next = 0;

  constructor(cache: EntryCache, progress: Progress) {
    this.progress = progress;
    this.#entries = cache.dirty();
  }

  /** Whether all of it was handed to the writer; once the writer is idle after that, it is durable. */
  get isHandedOver(): boolean {
    return this.#next >= this.#entries.length;
  }

  /** Some entries that can be written now. */
  take(limit: number): Entry[] {
    const taken: Entry[] = [];
    for (let looked = this.#entries.length - this.#next; looked > 0 && taken.length < limit; looked -= 1) {
      const entry = this.#entries[this.#next];
      this.#next += 1;
      if (!entry) continue;
      // Its write under way may have begun before the checkpoint: looked at again after the others.
      if (entry.writing) this.#entries.push(entry);
      else if (entry.dirty) taken.push(entry);
    }
    if (this.#next > 100_000) {
      this.#entries.splice(0, this.#next);
      this.#next = 0;
    }
    return taken;
  }

  /** Hands over as much as the writer has room for. */
  pump(writer: WriteBack): void {
    while (writer.hasRoom && !this.isHandedOver) {
      const entries = this.take(writer.batch);
      if (entries.length === 0) return;
      writer.start(entries);
    }
  }
}
