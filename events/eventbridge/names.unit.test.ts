import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { queueName, ruleName } from './names.ts';

const name = 'order-summary.g3';

test('a rule is called as its subscription where AWS allows it, a queue as bus and subscription with a hash', () => {
  expect(ruleName(name)).toBe(name);
  expect(ruleName('größe')).toMatch(/^gr__e-[0-9a-f]{12}$/);
  expect(ruleName('x'.repeat(64))).toBe('x'.repeat(64));
  expect(ruleName('x'.repeat(65))).toMatch(/^x{51}-[0-9a-f]{12}$/);
  expect(queueName('orders', name)).toMatch(/^orders-order-summary_g3-[0-9a-f]{12}$/);
  const arn = 'arn:aws:events:eu-west-1:123456789012:event-bus/orders';
  expect(queueName(arn, name)).toBe(queueName('orders', name));
});

test('where a bus ends and its subscription begins makes a difference, and so does what is cut off or replaced', () => {
  expect(queueName('shop', `eu-${name}`)).not.toBe(queueName('shop-eu', name));
  expect(queueName('o', 'a.b')).not.toBe(queueName('o', 'a_b'));
  expect(ruleName('a/b')).not.toBe(ruleName('a:b'));
  // One that is called as the hashed name of another.
  expect(ruleName(ruleName('a/b'))).not.toBe(ruleName('a/b'));
});

test('no two subscriptions share a rule or a queue, and AWS takes all names', () => {
  const part = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', '-', '.', '_', 'é'), minLength: 1, maxLength: 5 }),
    fc.constantFrom('x'.repeat(90), `${'x'.repeat(90)}y`),
  );
  fc.assert(
    fc.property(part, part, part, part, (bus, one, otherBus, other) => {
      const isSame = bus === otherBus && one === other;
      expect(queueName(bus, one) === queueName(otherBus, other)).toBe(isSame);
      expect(ruleName(one) === ruleName(other)).toBe(one === other);
      expect(queueName(bus, one)).toMatch(/^[-_A-Za-z0-9]{1,80}$/);
      expect(ruleName(one)).toMatch(/^[.\-_A-Za-z0-9]{1,64}$/);
    }),
    { numRuns: 500 },
  );
});
