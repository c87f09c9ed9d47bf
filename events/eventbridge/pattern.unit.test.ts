import { expect, test } from '@jest/globals';
import { subscriptionPattern, tallyPattern } from './pattern.ts';

const orders = { source: 'shop', translation: 'orders', version: 2 };
const people = { source: 'shop', translation: 'people', version: 1 };
const name = 'order-summary.g3';

test('a pattern names sources, types, translations with their versions, and the probes of its subscription', () => {
  const pattern = subscriptionPattern({ name, logs: [orders, people], types: ['Placed', 'Paid', 'Paid'] });
  const events = {
    source: ['banyan.shop'],
    'detail-type': ['Placed', 'Paid'],
    detail: { kind: ['event', 'reference'], log: ['shop:orders@2', 'shop:people@1'] },
  };
  const probes = { source: ['banyan'], 'detail-type': ['banyan.probe'], detail: { subscription: [name] } };
  expect(JSON.parse(pattern)).toEqual({ $or: [events, probes] });
  for (const none of [
    { name, logs: [], types: ['A'] },
    { name, logs: [orders], types: [] },
  ]) {
    expect(JSON.parse(subscriptionPattern(none))).toEqual(probes);
  }
  expect(JSON.parse(tallyPattern([orders]))).toEqual({
    source: ['banyan.shop'],
    'detail-type': ['banyan.tally'],
    detail: { kind: ['tally'], log: ['shop:orders@2'] },
  });
});

test('a pattern over the quota is refused, and may have more where the account has', () => {
  const types = Array.from({ length: 80 }, (_, at) => `SomethingHappenedHere${String(at)}`);
  const subscription = { name, logs: [orders], types };
  const size = subscriptionPattern(subscription, 4096).length;
  expect(size).toBeGreaterThan(2048);
  expect(() => subscriptionPattern(subscription)).toThrow(
    expect.objectContaining({
      code: 'PATTERN_TOO_LARGE',
      details: { subscription: name, size, limit: 2048 },
    }),
  );
  expect(subscriptionPattern(subscription, size)).toHaveLength(size);
});
