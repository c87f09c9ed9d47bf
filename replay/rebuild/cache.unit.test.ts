import { describe, expect, test } from '@jest/globals';
import { EntryCache } from './cache.ts';
import { partitionOf, SeenKeys } from './seen-keys.ts';

const keys = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => `key-${String(from + at).padStart(6, '0')}`);

describe('the cache', () => {
  test('keeps what is used again, while keys that are used once pass through', () => {
    const cache = new EntryCache(100_000, true);
    const hot = keys(0, 50);
    for (const key of hot) cache.add(key);
    for (const key of keys(1000, 9000)) {
      cache.add(key).stored = 1;
      for (const one of hot) cache.use(one);
      cache.evict(1000);
    }
    expect(hot.every((key) => cache.use(key) !== undefined)).toBe(true);
    expect(cache.bytes).toBeLessThanOrEqual(100_000);
    expect(cache.use('key-001000')).toBeUndefined();
    expect(cache.mayBeStored('key-001000')).toBe(true);
  });

  test('gives dirty ones to be written, and forgets them when they are', () => {
    const cache = new EntryCache(0, true);
    const entry = cache.add('a');
    entry.dirty = true;
    expect(cache.evict(10)).toEqual([entry]);
    expect(cache.use('a')).toBe(entry);
    expect(entry.leaving).toBe(false);
    cache.evict(10);
    entry.dirty = false;
    entry.stored = 5;
    cache.forget(entry);
    expect([cache.size, cache.bytes, cache.use('a')]).toEqual([0, 0, undefined]);
  });

  test('reads no key of a new generation that was never written', () => {
    expect(new EntryCache(0, true).mayBeStored('a')).toBe(false);
    expect(new EntryCache(0, false).mayBeStored('a')).toBe(true);
  });
});

test('seen keys are all known, and few others seem to be', () => {
  const seen = new SeenKeys();
  for (const key of keys(0, 80_000)) seen.add(key);
  expect(keys(0, 80_000).every((key) => seen.mayHave(key))).toBe(true);
  expect(keys(200_000, 210_000).filter((key) => seen.mayHave(key)).length).toBeLessThan(500);
});

test('partitions are about equal', () => {
  const counts = [0, 0, 0];
  for (const key of keys(0, 30_000)) counts[partitionOf(key, 3)] = (counts[partitionOf(key, 3)] ?? 0) + 1;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(700);
});
