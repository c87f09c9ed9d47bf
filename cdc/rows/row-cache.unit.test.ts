import { expect, test } from '@jest/globals';
import type { Row } from '../change.ts';
import { rowCache } from './row-cache.ts';

const row = (id: number): Row => ({ id, tags: ['a', { b: [null] }], text: 'x'.repeat(100) });
const text = JSON.stringify(row(1));

test('a row read again is equal to the one kept, and the callers share nothing of it', () => {
  const cache = rowCache(10_000);
  const kept = row(1);
  cache.keep('1', kept, text);
  (kept['tags'] as string[]).push('more');
  const first = cache.get('1');
  expect(first).toEqual(row(1));
  (first?.['tags'] as string[]).pop();
  expect(cache.get('1')).toEqual(row(1));
});

test('rows not asked for longest go when there is no room, and those too large are not kept', () => {
  const cache = rowCache(1_500);
  for (const id of [1, 2]) cache.keep(String(id), row(id), text);
  expect(cache.get('1')).toEqual(row(1));
  cache.keep('3', row(3), text);
  expect([cache.get('1'), cache.get('2'), cache.get('3')]).toEqual([row(1), undefined, row(3)]);
  cache.keep('4', row(4), 'x'.repeat(3_000));
  expect(cache.get('4')).toBeUndefined();
});

test('what changed is forgotten', () => {
  const cache = rowCache(10_000);
  for (const id of [1, 2]) cache.keep(String(id), row(id), text);
  cache.forget('1');
  expect([cache.get('1'), cache.get('2')]).toEqual([undefined, row(2)]);
  cache.clear();
  expect(cache.get('2')).toBeUndefined();
});

test('keeps a column called __proto__', () => {
  const cache = rowCache(10_000);
  const odd = JSON.parse('{"__proto__":{"a":1}}') as Row;
  cache.keep('1', odd, text);
  expect(JSON.stringify(cache.get('1'))).toBe('{"__proto__":{"a":1}}');
});
