import { expect, test } from '@jest/globals';
import { isNetworkFailure } from './network-failure.ts';

test.each([
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'ECONNABORTED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EAI_FAIL',
    'ETIMEDOUT',
    'EPIPE',
  ],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'EADDRNOTAVAIL', 'EPROTO'],
  ...['ESOCKETTIMEDOUT', 'ERR_SOCKET_TIMEOUT', 'ERR_SSL_WRONG_VERSION_NUMBER'],
])('%s is one, as a code and within a message', (code) => {
  expect(isNetworkFailure({ code, message: '' })).toBe(true);
  expect(isNetworkFailure(new Error(`write ${code} 140:error`))).toBe(true);
});

test.each([
  'socket hang up',
  'Client network socket disconnected before secure TLS connection was established',
])('a socket that is cut off is one: %s', (message) => {
  expect(isNetworkFailure(new Error(message))).toBe(true);
});

test.each(['DEPTH_ZERO_SELF_SIGNED_CERT', 'CERT_HAS_EXPIRED', 'EMFILE', undefined])('%s is none', (code) => {
  expect(isNetworkFailure({ code, message: 'no' })).toBe(false);
  expect(isNetworkFailure({})).toBe(false);
});
