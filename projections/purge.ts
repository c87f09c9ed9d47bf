import type { GenerationId, ViewStore } from './view-store.ts';

/** What is purged, and when. */
export interface PurgeOptions {
  readonly generation: GenerationId;
  readonly store: Pick<ViewStore, 'purgeRemoved'>;
  /**
   * Milliseconds of log time for which tombstones are kept: longer than any function lives that may have read what was
   * there before. Default: an hour.
   */
  readonly purgeAfterMs?: number | undefined;
}

/** Removes tombstones that nothing asks for any more. */
export class Purge {
  readonly #options: PurgeOptions;
  readonly #afterMs: number;
  /** Log time up to which was purged, milliseconds. */
  #purged = -Infinity;

  constructor(options: PurgeOptions) {
    this.#options = options;
    this.#afterMs = options.purgeAfterMs ?? 3_600_000;
  }

  /** Every event up to that log time, ISO 8601, is in the view. @throws errors of the store */
  async below(logTime: string): Promise<void> {
    const before = Date.parse(logTime) - this.#afterMs;
    // It looks at all tombstones: now and then is enough.
    if (before <= this.#purged + this.#afterMs / 60) return;
    const { store, generation } = this.#options;
    await store.purgeRemoved(generation, new Date(before).toISOString().replace('Z', '000Z'));
    this.#purged = before;
  }
}
