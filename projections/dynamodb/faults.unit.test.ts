import { expect, test } from '@jest/globals';
import { faultOf } from './faults.ts';

function withCode(code: string, message = `write ${code}`): Error {
  return Object.assign(new Error(message), { code });
}

test.each([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER'],
])('an error of a socket or of TLS passes: %s', (code) => {
  expect(faultOf(withCode(code, ''))).toBe('passing');
  // As the SDK has one of another realm.
  expect(faultOf(new Error(`write ${code} 140:error`))).toBe('passing');
});

test('a socket that is cut off passes', () => {
  for (const message of [
    'socket hang up',
    'Client network socket disconnected before secure TLS connection was established',
  ])
    expect(faultOf(new Error(message))).toBe('passing');
});

test('what no second try would find better does not pass', () => {
  expect(faultOf(withCode('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'))).toBe('failed');
  expect(faultOf(withCode('CERT_HAS_EXPIRED', 'certificate has expired'))).toBe('failed');
  expect(faultOf(Object.assign(new Error('no'), { name: 'AccessDeniedException' }))).toBe('refused');
});

test.each([
  ...['ThrottlingException', 'Throttling', 'ProvisionedThroughputExceededException', 'RequestLimitExceeded'],
  // As transactions have them.
  ...['ThrottlingError', 'ProvisionedThroughputExceeded'],
])('of what is asked too much, less is taken for a while: %s', (name) => {
  expect(faultOf(Object.assign(new Error('no'), { name }))).toBe('throttled');
  expect(faultOf(name)).toBe('throttled');
});

test.each(['TransactionConflictException', 'TransactionInProgressException', 'TransactionConflict'])(
  'of two who are at an item one gives way for a while: %s',
  (name) => {
    expect(faultOf(Object.assign(new Error('no'), { name }))).toBe('contended');
    expect(faultOf(name)).toBe('contended');
  },
);

test.each(['TimeoutError', 'InternalServerError', 'ServiceUnavailable', 'RequestTimeout', 'NetworkingError'])(
  'an answer that was not heard may come another time: %s',
  (name) => expect(faultOf(Object.assign(new Error('no'), { name }))).toBe('passing'),
);

test('a service that fails, in whatever way, may do it another time', () => {
  const failing = (httpStatusCode: number): Error =>
    Object.assign(new Error('no'), { name: 'Unheard', $metadata: { httpStatusCode } });
  expect(faultOf(failing(503))).toBe('passing');
  expect(faultOf(failing(400))).toBe('failed');
});
