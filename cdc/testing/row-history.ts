import { seeded } from '../../kit/seeded.ts';
import type { RowStore } from '../rows/row-store.ts';

/** The part of a row store that takes a history. */
export type RowTaker = Pick<RowStore, 'begin' | 'put' | 'remove' | 'commit'>;

/** Applies transaction `position` of a history that is the same whoever tells it: it changes some of 500 orders. */
export function applyHistory(rows: RowTaker, position: number): void {
  const random = seeded(position);
  rows.begin(position);
  for (let left = 1 + Math.floor(random() * 40); left > 0; left--) {
    const id = Math.floor(random() * 500);
    if (random() < 0.2) rows.remove('public.orders', [id]);
    else rows.put('public.orders', [id], { id, customer: String(Math.floor(random() * 9)), position });
  }
  rows.commit();
}
