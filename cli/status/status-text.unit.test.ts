import { expect, test } from '@jest/globals';
import { nothingDelivered } from './delivery-status.ts';
import type { ProjectStatus } from './project-status.ts';
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

const nothing: ProjectStatus = {
  ...{ feeding: 'ordered', runs: 'dev', publishes: false },
  ...{ sources: [], translations: [], views: [], ahead: [] },
};

const text = (...views: readonly ViewStatus[]): string => statusText({ ...nothing, views });

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
  expect(statusText({ ...nothing, feeding: 'unordered' })).toContain('as on a bus without order');
  expect(statusText({ ...nothing, feeding: 'ordered' })).not.toContain('without order');
});

test('it is told what runs, and not that banyan dev does where banyan run does', () => {
  const run = statusText({ ...nothing, feeding: 'unordered', runs: 'run', publishes: true });
  expect(run).toContain('banyan run captures, translates and publishes');
  expect(run).not.toContain('banyan dev feeds');
  const none = { ...nothing, feeding: 'unordered', runs: 'none' } as const;
  expect(statusText({ ...none, publishes: true })).toContain('Neither banyan run nor banyan dev answers');
  expect(statusText(none)).not.toMatch(/banyan dev/);
});

test('what was published of an event log is told where there is a bus, and how much was not', () => {
  const translations = [
    {
      name: 'shop:orders@1',
      position: 1200,
      positionsBehind: 0,
      secondsBehind: 0,
      published: 200,
      unpublished: 1000,
    },
    { name: 'shop:orders@2', position: 7, positionsBehind: 0, secondsBehind: 0 },
  ];
  const told = statusText({ ...nothing, translations, publishes: true });
  expect(told).toMatch(/^shop:orders@1 .* 200 +1,000$/m);
  expect(told).toMatch(/^shop:orders@2 .* nothing yet$/m);
  expect(statusText({ ...nothing, translations })).not.toContain('published');
});

test('the next step for a view is told, and that views are ahead of their log', () => {
  const todo = { why: 'View card is not built yet', next: 'banyan replay start card' };
  expect(text(view, { ...view, todo })).toContain(
    'View card is not built yet; next: banyan replay start card\n',
  );
  const one = { projection: 'card', number: 2, log: 'shop:orders@1', source: 'shop', watermark: 9, end: 3 };
  const told = statusText({ ...nothing, ahead: [one] });
  expect(told).toContain(
    'card.g2 is complete up to position 9 of shop:orders@1, and the change log of shop ends at 3.',
  );
  expect(told).toContain('Restore the directory');
  expect(text(view)).not.toContain('next:');
});
