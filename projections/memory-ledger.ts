import type { Progress } from 'banyan/events';
import { deepFreeze } from './frozen.ts';
import { checkLimit } from './item-rules.ts';
import { emptyTracking, type KeptReceipt, type Receipt, type Tracking } from './tracker/ledger.ts';

/** One generation's receipts and tracking in memory. All methods are synchronous, and so atomic. */
export class MemoryLedger {
  #tracking: Tracking;
  #added = 0;
  readonly #receipts = new Map<number, KeptReceipt>();

  constructor(floor: Progress) {
    this.#tracking = deepFreeze(emptyTracking(floor));
  }

  get tracking(): Tracking {
    return this.#tracking;
  }

  add(receipts: readonly Receipt[]): void {
    for (const receipt of receipts) {
      this.#added += 1;
      const { log, places, healed } = receipt;
      const kept = { log, healed, places: places.map(({ position, index }) => ({ position, index })) };
      this.#receipts.set(this.#added, { ...kept, id: String(this.#added) });
    }
  }

  receipts({ after, limit }: { readonly after?: string; readonly limit: number }): KeptReceipt[] {
    checkLimit(limit);
    const from = Number(after ?? 0);
    const some: KeptReceipt[] = [];
    for (const [number, receipt] of this.#receipts) {
      if (some.length === limit) break;
      if (number > from) some.push(receipt);
    }
    return some;
  }

  remove(ids: readonly string[]): void {
    for (const id of ids) this.#receipts.delete(Number(id));
  }

  change(expected: number, next: Omit<Tracking, 'revision'>): boolean {
    if (this.#tracking.revision !== expected) return false;
    this.#tracking = deepFreeze({ ...structuredClone(next), revision: expected + 1 });
    return true;
  }
}
