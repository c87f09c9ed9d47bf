import { describe, expect, test } from '@jest/globals';
import type { EventLogRef } from 'banyan/events';
import { exampleGeneration } from '../projections/testing/examples.ts';
import { hasAllOf, reaches, wantedOf } from './coverage.ts';

const orders = { source: 'shop', translation: 'orders', version: 1 };
const second = { ...orders, version: 2 };
const customers = { source: 'shop', translation: 'customers', version: 1 };
const contacts = { source: 'crm', translation: 'contacts', version: 1 };
const reading = (...logs: EventLogRef[]) => exampleGeneration({ logs });
const live = { generation: reading(orders), progress: { 'shop:orders@1': { position: 7, index: 3 } } };

describe('what a generation must have', () => {
  test('of the same log is the same place in it', () => {
    expect(wantedOf(reading(orders), live)).toEqual(live.progress);
    expect(hasAllOf({ ...live, progress: { 'shop:orders@1': { position: 7, index: 2 } } }, live)).toBe(false);
    expect(hasAllOf({ ...live, progress: { 'shop:orders@1': { position: 7 } } }, live)).toBe(true);
  });

  test('of another version is the whole transaction', () => {
    expect(wantedOf(reading(second), live)).toEqual({ 'shop:orders@2': { position: 7 } });
  });

  test('of a log that only it reads is the furthest place in the source, of another source nothing', () => {
    expect(wantedOf(reading(orders, customers, contacts), live)).toEqual({
      'shop:orders@1': { position: 7, index: 3 },
      'shop:customers@1': { position: 7 },
    });
    expect(wantedOf(reading(orders), { generation: reading(orders), progress: {} })).toEqual({});
  });
});

test('a log gives no more than it holds', async () => {
  const [logs, wanted] = [[orders], { 'shop:orders@1': { position: 9 } }];
  const at = (position: number) => ({ 'shop:orders@1': { position } });
  const heads = (head: number) => async () => head;
  expect(await reaches(logs, at(9), wanted, undefined)).toBe(true);
  expect(await reaches(logs, at(8), wanted, undefined)).toBe(false);
  expect(await reaches(logs, at(8), wanted, heads(8))).toBe(true);
  expect(await reaches(logs, at(7), wanted, heads(8))).toBe(false);
  expect(await reaches(logs, {}, wanted, heads(0))).toBe(true);
  const within = { 'shop:orders@1': { position: 8, index: 1 } };
  expect(await reaches(logs, within, wanted, heads(8))).toBe(false);
});
