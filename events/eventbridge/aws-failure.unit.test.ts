import { expect, test } from '@jest/globals';
import { EventBridgeServiceException } from '@aws-sdk/client-eventbridge';
import { BanyanError } from 'banyan/runtime';
import { adviceFor, isPassing, reasonOf, refusedByAws } from './aws-failure.ts';

const answered = (name: string, httpStatusCode: number, message = ''): Error =>
  new EventBridgeServiceException({ name, $fault: 'client', message, $metadata: { httpStatusCode } });
const named = (name: string, code?: string, message = 'x'): Error =>
  Object.assign(new Error(message), { name, code });

test.each([
  answered('ThrottlingException', 400),
  answered('TooManyRequestsException', 429),
  answered('InternalException', 500),
  answered('ServiceUnavailable', 503),
  ...['TimeoutError', 'RequestTimeout', 'RequestTimeoutException', 'NetworkingError'].map((name) =>
    named(name),
  ),
  ...['ECONNRESET', 'ECONNREFUSED', 'ENOTFOUND', 'ENETUNREACH', 'EHOSTUNREACH', 'EAI_AGAIN', 'EPROTO'].map(
    (code) => named('Error', code),
  ),
  // Of another realm, as under a test runner: the SDK passes it on without its code.
  named('Error', undefined, 'getaddrinfo ENOTFOUND events.eu-west-1.amazonaws.com'),
  new BanyanError('BUS_REFUSED', 'x', { retryable: true }),
])('a failure that passes: %s', (error) => {
  expect(isPassing(error)).toBe(true);
});

test.each([
  answered('ValidationException', 400),
  answered('AccessDeniedException', 400),
  answered('ResourceNotFoundException', 400),
  answered('ExpiredTokenException', 400),
  named('CredentialsProviderError', undefined, 'connect ECONNREFUSED 169.254.169.254:80'),
  named('AbortError', undefined, 'Request aborted'),
  named('TypeError'),
  new Error('Region is missing'),
  new BanyanError('BUS_REFUSED', 'ECONNRESET'),
  'thrown',
])('a failure that stays: %s', (error) => {
  expect(isPassing(error)).toBe(false);
});

test.each([
  [named('AggregateError', 'ECONNREFUSED', ''), 'ECONNREFUSED'],
  [
    named('Error', 'ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'),
    'ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1',
  ],
  [answered('ThrottlingException', 400, 'Rate exceeded.'), 'ThrottlingException: Rate exceeded'],
  [new Error('no'), 'Error: no'],
])('why a call failed is told by name or code, and message: %s', (error, reason) => {
  expect(reasonOf(error)).toBe(reason);
});

test('what was refused says what to do; the right that lacks is the one that AWS names, or else the one of the call', () => {
  const refused = answered(
    'AccessDeniedException',
    400,
    'User: x is not authorized to perform: events:DescribeEventBus on resource: y because no policy allows it',
  );
  expect(adviceFor(refused, 'events:PutEvents')).toContain('Allow events:DescribeEventBus on it');
  expect(adviceFor(answered('AccessDeniedException', 400), 'events:PutEvents')).toContain(
    'Allow events:PutEvents',
  );
  const advice = (error: Error): string => refusedByAws('BUS_REFUSED', 'No', error, 'x').message;
  expect(advice(new Error('Region is missing'))).toBe(
    'No: Error: Region is missing. Set AWS_REGION, or give the client its `region`.',
  );
  expect(advice(answered('ExpiredTokenException', 400, 'It is expired.'))).toBe(
    'No: ExpiredTokenException: It is expired. Give this process valid credentials.',
  );
  expect(advice(new BanyanError('AWS_REGION_MISSING', 'The region is missing. Set it.'))).toBe(
    'No: AWS_REGION_MISSING: The region is missing. Set it.',
  );
  expect(advice(answered('QueueDoesNotExist', 400))).toMatch(/Create it/);
  expect(advice(answered('ValidationException', 400))).toMatch(
    /Correct what it names: the same call would be/,
  );
});
