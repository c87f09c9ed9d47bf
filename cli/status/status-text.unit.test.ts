import { expect, test } from '@jest/globals';
import { nothingDelivered } from './delivery-status.ts';
import { statusText } from './status-text.ts';
import type { ViewStatus } from './view-status.ts';

const view: ViewStatus = {
  projection: 'order-summary',
  group: 'orders',
  generation: 2,
  state: 'live',
  bundle: '0123456789abcdef',
  isCode: true,
  documents: 1200,
  positionsBehind: 7,
  secondsBehind: 1.5,
  ...nothingDelivered,
};

const text = (...views: readonly ViewStatus[]): string =>
  statusText({ feeding: 'ordered', sources: [], translations: [], views });

test('a view where all is well has its figures, and nothing else is said', () => {
  const told = text(view);
  expect(told).toMatch(/^order-summary +2 +live +01234567 +this +1,200 +7 +1\.5 s +0 +0$/m);
  expect(told).not.toMatch(/parked list|suspected lost/);
  expect(told.endsWith('0\n')).toBe(true);
});

test('parked keys and keys behind are counted, and the way to them is told', () => {
  const told = text(view, { ...view, projection: 'card', parkedKeys: 3, keysBehind: 12 });
  expect(told).toMatch(/^card .* 3 +12$/m);
  expect(told).toContain('banyan parked list');
});

test('what the bus did not bring is told: healed, late, suspected lost', () => {
  const told = text(view, { ...view, projection: 'card', healed: 1200, late: 1190, suspectedLost: 10 });
  expect(told).toMatch(/^card +2 +1,200 +1,190 +10$/m);
  expect(told).not.toMatch(/^order-summary +2 +0/m);
});

test('a parked view says at which event, and why', () => {
  const parkedAt = { eventId: 'shop:orders@1:9:0', code: 'KEY_INVALID', message: '`key` of X threw: no id' };
  const told = text({ ...view, parkedAt });
  expect(told).toMatch(/live, parked/);
  expect(told).toContain(
    'View order-summary, generation 2, stands still at event shop:orders@1:9:0: `key` of X threw: no id',
  );
  expect(told).toContain('banyan parked list');
});

test('it is told where the store of the views leaves no order', () => {
  const shared = { sources: [], translations: [], views: [view] };
  expect(statusText({ feeding: 'unordered', ...shared })).toContain('as on a bus without order');
  expect(statusText({ feeding: 'ordered', ...shared })).not.toContain('without order');
});
