import { expect, test } from '@jest/globals';
import { BanyanError } from 'banyan/runtime';
import { mayPass } from './may-pass.ts';

const named = (name: string, more: object = {}): Error =>
  Object.assign(new Error('it failed'), { name, ...more });

test.each([
  ['an error that may be tried again', new BanyanError('BUSY', 'later', { retryable: true })],
  ['a socket', named('Error', { code: 'ECONNREFUSED' })],
  ['a name that nobody knows for now', named('Error', { code: 'EAI_AGAIN' })],
  ['fetch without a network', named('TypeError', { cause: named('Error', { code: 'ENOTFOUND' }) })],
  ['a time-out of the SDK', named('TimeoutError')],
  ['throttling', named('ThrottlingException', { $metadata: { httpStatusCode: 400 } })],
  ['a fault of the service', named('Whatever', { $metadata: { httpStatusCode: 503 } })],
])('%s may pass', (_, error) => {
  expect(mayPass(error)).toBe(true);
});

test.each([
  [
    'a bus that refuses, whatever came before',
    new BanyanError('BUS_REFUSED', 'gone', { cause: named('Error', { code: 'ECONNRESET' }) }),
  ],
  ['no right to it', named('AccessDeniedException', { $metadata: { httpStatusCode: 400 } })],
  ['a fault of the program', new TypeError('x is not a function')],
  ['what is no error', 'no'],
  ['nothing', undefined],
])('%s does not pass', (_, error) => {
  expect(mayPass(error)).toBe(false);
});
