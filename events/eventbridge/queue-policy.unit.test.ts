import { expect, test } from '@jest/globals';
import { policyAllowing } from './queue-policy.ts';

const queue = 'arn:aws:sqs:eu-west-1:1:orders-one';
const rule = 'arn:aws:events:eu-west-1:1:rule/orders/one';
const ours = {
  Sid: 'BanyanRule',
  Effect: 'Allow',
  Principal: { Service: 'events.amazonaws.com' },
  Action: 'sqs:SendMessage',
  Resource: queue,
  Condition: { ArnEquals: { 'aws:SourceArn': rule } },
};
const theirs = { Sid: 'Backup', Effect: 'Allow', Principal: { AWS: '2' }, Action: 'sqs:*', Resource: queue };
const unnamed = { Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: queue };

const merged = (policy?: object): unknown => {
  const text = policyAllowing(policy && JSON.stringify(policy), { queue, rule });
  return text === undefined ? undefined : JSON.parse(text);
};

test.each([
  ['none', undefined, { Version: '2012-10-17', Statement: [ours] }],
  ['one without statements', {}, { Version: '2012-10-17', Statement: [ours] }],
  [
    'statements of others',
    { Version: '2008-10-17', Id: 'x', Statement: [theirs, unnamed] },
    { Version: '2008-10-17', Id: 'x', Statement: [theirs, unnamed, ours] },
  ],
  [
    'a single statement',
    { Version: '2012-10-17', Statement: theirs },
    { Version: '2012-10-17', Statement: [theirs, ours] },
  ],
  [
    'the right of another rule',
    { Version: '2012-10-17', Statement: [{ ...ours, Condition: {} }, theirs] },
    { Version: '2012-10-17', Statement: [theirs, ours] },
  ],
  ['the right already', { Statement: [theirs, { ...ours }] }, undefined],
  ['the right alone', { Statement: ours }, undefined],
])('onto a policy with %s', (_, policy, wanted) => {
  expect(merged(policy)).toEqual(wanted);
});

test('a policy that was taken away is none; one that is no JSON is told', () => {
  expect(JSON.parse(policyAllowing('', { queue, rule }) ?? '')).toMatchObject({ Statement: [ours] });
  expect(() => policyAllowing('{', { queue, rule })).toThrow(
    expect.objectContaining({ code: 'SUBSCRIPTION_REFUSED', message: expect.stringContaining(queue) }),
  );
});
