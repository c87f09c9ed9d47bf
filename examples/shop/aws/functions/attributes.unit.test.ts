import { expect, test } from '@jest/globals';
import { numbersIn } from './attributes.ts';

test('a log line has the numbers of an event, and nothing of a person', () => {
  const data = { orderId: '7', customerId: '3', name: 'A. Person', total: '9.50', lines: [] };
  expect(numbersIn(data)).toEqual({ orderId: '7', customerId: '3' });
  expect(numbersIn({ sku: 12, stars: 3 })).toEqual({});
});
