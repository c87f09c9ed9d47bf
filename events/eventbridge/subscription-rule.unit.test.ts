import { expect, test } from '@jest/globals';
import { ensureRule, ensureTarget, removeRule } from './subscription-rule.ts';
import { ruleEventBridge } from './testing/rule-eventbridge.ts';

const pattern = '{"source":["banyan.shop"],"detail":{"kind":["event"]}}';
const queue = 'arn:aws:sqs:eu-west-1:1:orders-one';

function made() {
  const bus = ruleEventBridge();
  return { bus, place: { events: bus.client, bus: 'orders', name: 'one' } };
}

test('a rule that is not there is made, and is on', async () => {
  const { bus, place } = made();
  const { arn, isOff } = await ensureRule(place, pattern);
  expect({ arn, isOff }).toEqual({ arn: expect.stringContaining(':rule/orders/one'), isOff: false });
  expect(bus.rule).toEqual({ Name: 'one', EventBusName: 'orders', EventPattern: pattern, State: 'ENABLED' });
});

test.each(['DISABLED', 'ENABLED'] as const)(
  'with another pattern a rule keeps its state (%s), its description and its role',
  async (State) => {
    const { bus, place } = made();
    const kept = { Description: 'Held.', RoleArn: 'arn:aws:iam::1:role/r', State };
    bus.rule = { Name: 'one', EventBusName: 'orders', EventPattern: '{"source":["x"]}', ...kept };
    expect(await ensureRule(place, pattern)).toMatchObject({ isOff: State === 'DISABLED' });
    expect(bus.rule).toEqual({ Name: 'one', EventBusName: 'orders', EventPattern: pattern, ...kept });
  },
);

test('the same pattern in another order, or with other white space, is not written', async () => {
  const { bus, place } = made();
  const EventPattern = '{ "detail": {"kind": ["event"]}, "source": ["banyan.shop"] }';
  const rule = { Name: 'one', EventPattern };
  bus.rule = rule;
  await ensureRule(place, pattern);
  expect(bus.rule).toBe(rule);
});

test('our target gets another queue and keeps the rest; other targets stay, and are removed with the rule', async () => {
  const { bus, place } = made();
  await ensureRule(place, pattern);
  const others = ['audit', 'lake'].map((Id) => ({ Id, Arn: `arn:aws:sqs:eu-west-1:1:${Id}` }));
  const ours = { Id: 'queue', Arn: 'arn:old', RetryPolicy: { MaximumRetryAttempts: 5 } };
  bus.targets = [...others, ours];
  await ensureTarget(place, queue);
  expect(bus.targets).toEqual([...others, { ...ours, Arn: queue }]);
  await removeRule(place);
  expect(bus).toMatchObject({ rule: undefined, targets: [] });
  await expect(removeRule(place)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
