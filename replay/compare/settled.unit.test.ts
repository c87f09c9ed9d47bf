import { describe, expect, test } from '@jest/globals';
import type { EventLogRef, Progress } from 'banyan/events';
import type { Item } from 'banyan/projections';
import { at, exampleGeneration, settled } from '../../projections/testing/examples.ts';
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

  test('that waits for a catch-up never by itself', () => {
    const behind: Item = {
      ...settled('a', 1),
      state: { kind: 'behind', base: { document: undefined, at: undefined }, cause: { kind: 'window' } },
    };
    expect(pair([behind, reading([orders], shop(9), shop(10))], [item(1), reading([orders], shop(9))])).toBe(
      false,
    );
  });
});
