import { describe, expect, test } from '@jest/globals';
import { keyConverter } from './convert-key.ts';

const uuid = '0b1f8e6a-3c55-4a86-9d6a-0d3a4f5b6c7d';

describe('a key of another type has the form that the cast gives it', () => {
  test.each([
    ['int4', 'int8', 1, '1'],
    ['int2', 'int4', -7, -7],
    ['int4', 'text', 12, '12'],
    ['int8', 'int4', '12', 12],
    ['int8', 'varchar', '9007199254740993', '9007199254740993'],
    ['text', 'int8', ' +007 ', '7'],
    ['text', 'int4', '-05', -5],
    ['numeric', 'int8', '12.00', '12'],
    ['numeric', 'text', '1.50', '1.50'],
    ['varchar', 'text', ' a', ' a'],
    ['text', 'uuid', uuid.toUpperCase(), uuid],
    ['uuid', 'text', uuid, uuid],
    // A column that was altered earlier has values of the form before.
    ['int8', 'int8', 5, '5'],
    ['int4', 'int4', '5', 5],
    ['date', 'date', '2026-01-01', '2026-01-01'],
  ])('%s to %s: %j is %j', (from, to, value, form) => {
    expect(keyConverter(from, to)?.(value)).toBe(form);
  });

  test.each([
    ['numeric', 'int4', '1.50'],
    ['text', 'int4', 'x1'],
    ['text', 'uuid', 'x'],
    ['numeric', 'numeric', 5],
  ])('%s to %s: %j has none', (from, to, value) => {
    expect(keyConverter(from, to)?.(value)).toBeUndefined();
  });

  test.each([
    ['int4', 'numeric'],
    ['timestamp', 'text'],
    ['int4', 'uuid'],
    ['int4', 'constructor'],
  ])('nothing is converted from %s to %s', (from, to) => {
    expect(keyConverter(from, to)).toBeUndefined();
  });
});
