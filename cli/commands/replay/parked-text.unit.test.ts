import { expect, test } from '@jest/globals';
import { keysAre, parkedLines, parkedViewText } from './parked-text.ts';

const at = (key: string) => ({
  key,
  eventId: 'shop:orders@1:7:0',
  code: 'HANDLER_THREW',
  message: '`apply` of Placed threw: no',
});
const view = { projection: 'order', group: 'orders', live: 1, count: 2, first: [at('a'), at('b')] };

test('the first few keys are told with their event and its error, the others counted', () => {
  expect([keysAre(1), keysAre(1200)]).toEqual(['1 key is', '1,200 keys are']);
  expect(parkedLines({ count: 3, first: [at('a')] })).toEqual([
    '  a  at shop:orders@1:7:0  HANDLER_THREW: `apply` of Placed threw: no',
    '  ... and 2 more: banyan parked list',
  ]);
});

test('what frees them depends on whether the code is another one', () => {
  expect(parkedViewText({ ...view, isFoldedAnew: true })).toBe(`Parked in view order, generation 1
  2 keys are parked, each at an event that cannot be applied:
    a  at shop:orders@1:7:0  HANDLER_THREW: \`apply\` of Placed threw: no
    b  at shop:orders@1:7:0  HANDLER_THREW: \`apply\` of Placed threw: no
  a new generation folds them anew
`);
  const { key: _, ...standsAt } = at('');
  const still = parkedViewText({ ...view, count: 0, first: [], standsAt, isFoldedAnew: false });
  expect(still).toContain('the whole view stands still at shop:orders@1:7:0');
  expect(still).toContain('banyan parked retry order');
});
