import { inspect } from 'node:util';
import { expect, test } from '@jest/globals';
import { BanyanError, isBanyanError } from 'banyan/runtime';
import { toldError } from './told-error.ts';

function parserError(): unknown {
  try {
    return JSON.parse('DE00 1234');
  } catch (error) {
    return error;
  }
}

test.each([
  ['a parser', parserError()],
  ['what failed of it', new Error('it failed', { cause: parserError() })],
  [
    'what was made of that',
    new BanyanError('ITEM_BROKEN', 'an item', {
      cause: new Error('it failed', { cause: parserError() }),
      ...{ details: { key: 'a' }, retryable: true },
    }),
  ],
])('the error of %s is told without what was parsed', (_, error) => {
  expect(inspect(error)).toContain('DE00');
  const told = toldError(error);
  expect(inspect(told)).not.toContain('DE00');
  if (isBanyanError(error))
    expect(told).toMatchObject({ code: 'ITEM_BROKEN', retryable: true, details: { key: 'a' } });
});

test('another error is told as it is', () => {
  const error = new BanyanError('VIEW_STORE_FAILED', 'no', { cause: new Error('no room') });
  expect(toldError(error)).toBe(error);
  expect(toldError('no').message).toBe('no');
});
