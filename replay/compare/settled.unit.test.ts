import { describe, expect, test } from '@jest/globals';
import type { EventLogRef, Progress } from 'banyan/events';
import type { Item } from 'banyan/projections';
import { at, exampleGeneration, settled } from '../../projections/testing/examples.ts';
import { open, parked, troubledItem } from '../../projections/testing/unsettled-items.ts';
import { isSettled, type Reading } from './settled.ts';

const orders = { source: 'shop', translation: 'orders', version: 1 };
const customers = { source: 'shop', translation: 'customers', version: 1 };
const contacts = { source: 'crm', translation: 'contacts', version: 1 };
const second = { ...orders, version: 2 };

function reading(logs: readonly EventLogRef[], before: Progress, after: Progress = before): Reading {
  return { generation: exampleGeneration({ logs }), before, after };
}
const shop = (position: number, index?: number): Progress => ({
  'shop:orders@1': { position, ...(index !== undefined && { index }) },
});
const item = (position: number, index = 0): Item => ({
  ...settled('a', 1),
  state: { kind: 'settled', at: { ...at(position), index } },
});

function pair(live: [Item | undefined, Reading], next: [Item | undefined, Reading]): boolean {
  const side = ([of, from]: [Item | undefined, Reading]) => ({ item: of, reading: from });
  return isSettled({ key: 'a', live: side(live), next: side(next) });
}

describe('a key is settled', () => {
  test('when each reading has all that the other one has', () => {
    const one = reading([orders], shop(9));
    expect(pair([item(9), one], [undefined, one])).toBe(true);
    expect(pair([item(10), reading([orders], shop(9), shop(10))], [undefined, one])).toBe(false);
  });

  test('when both readings are past the last events of both items', () => {
    const moving = (from: number) => reading([orders], shop(from), shop(from + 5));
    expect(pair([item(4), moving(8)], [item(3), moving(4)])).toBe(true);
    expect(pair([item(4), moving(8)], [item(3), moving(3)])).toBe(false);
    // The transaction may hold more for the key.
    expect(pair([item(4), moving(8)], [item(3), reading([orders], shop(4, 2), shop(9))])).toBe(false);
  });

  test('when both items end with the same event of the same log', () => {
    const [early, late] = [reading([orders], shop(1), shop(6)), reading([orders], shop(2), shop(7))];
    expect(pair([item(5), early], [item(5), late])).toBe(true);
    expect(pair([item(5), early], [item(5, 1), late])).toBe(false);
  });

  test('by events of another version only when whole transactions are behind', () => {
    const other = (position: number) =>
      reading([second], { 'shop:orders@2': { position } }, { 'shop:orders@2': { position: 9 } });
    expect(pair([item(5), reading([orders], shop(4), shop(9))], [item(5), other(5)])).toBe(false);
    expect(pair([item(5), reading([orders], shop(5), shop(9))], [item(5), other(5)])).toBe(true);
  });

  test('by positions only within one source', () => {
    const logs = (second: EventLogRef) => [orders, second];
    const both = (name: string, n: number, m: number) => ({ ...shop(n), [name]: { position: m } });
    const oneSource = (m: number) =>
      reading(logs(customers), both('shop:customers@1', 9, m), both('shop:customers@1', 12, 12));
    expect(pair([item(9), oneSource(9)], [item(8), oneSource(9)])).toBe(true);
    expect(pair([item(9), oneSource(9)], [item(8), oneSource(8)])).toBe(false);
    const twoSources = reading(logs(contacts), both('crm:contacts@1', 9, 50), both('crm:contacts@1', 12, 60));
    expect(pair([item(9), twoSources], [item(8), twoSources])).toBe(false);
  });

  test('that waits for a catch-up never, whatever both have', () => {
    const one = reading([orders], shop(9));
    const behind = troubledItem('a', 1, 'window');
    expect(pair([behind, one], [item(1), one])).toBe(false);
    expect(pair([item(1), one], [behind, one])).toBe(false);
  });

  test('that is parked when each reading has all that the other one has: its document will not change', () => {
    const one = reading([orders], shop(9));
    const stuck = parked('a', 1);
    expect(pair([stuck, one], [item(8), one])).toBe(true);
    expect(pair([stuck, reading([orders], shop(9), shop(10))], [item(1), one])).toBe(false);
  });

  test('whose window its progress covers, and that is in no doubt', () => {
    const one = reading([orders], shop(9));
    expect(pair([open('a', 1, [7, 9]), one], [item(8), one])).toBe(true);
    expect(pair([open('a', 1, [7, 10]), one], [item(8), one])).toBe(false);
    expect(pair([open('a', 1, [7, 9], { doubt: 9 }), one], [item(8), one])).toBe(false);
    const moving = reading([orders], shop(9), shop(12));
    expect(pair([open('a', 1, [7, 8]), moving], [item(8), moving])).toBe(true);
  });

  test('not by the same last event when one is open: an earlier one may be missing', () => {
    const logs = [orders, contacts];
    const both = (n: number, m: number) => ({ ...shop(n), 'crm:contacts@1': { position: m } });
    const one = reading(logs, both(9, 1), both(9, 2));
    const other = reading(logs, both(9, 3), both(9, 4));
    expect(pair([item(9), one], [item(9), other])).toBe(true);
    expect(pair([open('a', 1, [9]), one], [item(9), other])).toBe(false);
  });
});
