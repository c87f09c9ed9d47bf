import { canonicalJson } from 'banyan/runtime';
import type { Updated } from './translation.ts';

/**
 * For `tx.updated(...).filter`: the column has this value now and had another one before.
 *
 *     tx.updated('orders').filter(became('status', 'paid'))
 */
export function became<Row, const Column extends keyof Row>(
  column: Column,
  value: Row[Column],
): (updated: Updated<Row>) => boolean {
  return ({ before, after }) => same(after[column], value) && !same(before[column], value);
}

/** For `tx.updated(...).filter`: one of the columns has another value now than before. */
export function changed<Row, const Column extends keyof Row>(
  ...columns: readonly Column[]
): (updated: Updated<Row>) => boolean {
  return ({ before, after }) => columns.some((column) => !same(before[column], after[column]));
}

function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  return typeof one === 'object' && typeof other === 'object' && canonicalJson(one) === canonicalJson(other);
}
