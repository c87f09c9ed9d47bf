import { expect, test } from '@jest/globals';
import { bytes, table } from './output.ts';

test('text is aligned left, numbers right', () => {
  expect(
    table(
      ['name', 'count'],
      [
        ['orders', 12_345],
        ['x', 7],
      ],
    ),
  ).toBe('name     count\norders  12,345\nx            7\n');
  expect(table(['name'], [])).toBe('name\n');
});

test('bytes are told in units of a thousand', () => {
  expect([0, 999, 1000, 1_400_000, 2e15].map(bytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '1.4 MB',
    '2000.0 TB',
  ]);
});
