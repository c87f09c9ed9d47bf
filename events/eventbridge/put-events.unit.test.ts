import { expect, test } from '@jest/globals';
import { EventBridgeServiceException } from '@aws-sdk/client-eventbridge';
import { createLogger, silentLogger, type Logger } from 'banyan/runtime';
import { createBackoff } from './backoff.ts';
import { isPassing } from './aws-failure.ts';
import { putEvents } from './put-events.ts';
import { faultyEventBridge, type CallFate } from './testing/faulty-eventbridge.ts';

const limits = { entries: 10, bytes: 200 };
const entry = (type: string, size = 5) => ({
  Source: 'banyan.shop',
  DetailType: type,
  Detail: 'x'.repeat(size),
});

/** Puts A, B and C. */
function put(fates: readonly CallFate[], logger: Logger = silentLogger, first = entry('A')) {
  const bus = faultyEventBridge(fates);
  const { signal } = new AbortController();
  const options = { client: bus.client, busName: 'orders', limits, logger, signal };
  const done = putEvents({ ...options, backoff: createBackoff({ firstMs: 0 }) }, [
    first,
    entry('B'),
    entry('C'),
  ]);
  return { ...bus, done };
}

const failing = (...codes: (string | undefined)[]): CallFate => ({ kind: 'partial', failing: codes });

test('only what failed is put again', async () => {
  const { calls, done } = put([failing(undefined, 'ThrottlingException'), failing('InternalFailure')]);
  await done;
  expect(calls.map((call) => call.map(({ DetailType }) => DetailType))).toEqual([
    ['A', 'B', 'C'],
    ['B'],
    ['B'],
  ]);
});

test.each(['AccessDeniedException', 'MalformedDetail', 'NotAuthorizedForSourceException', 'SomethingNew'])(
  'an entry that is refused with %s is not put again',
  async (code) => {
    const { calls, done } = put([failing('ThrottlingException', code)]);
    const details = { busName: 'orders', source: 'banyan.shop', type: 'B', error: code };
    await expect(done).rejects.toMatchObject({ code: 'BUS_REFUSED', retryable: false, details });
    expect(calls).toHaveLength(1);
  },
);

test('an entry over the limit is refused before anything is put', async () => {
  const { calls, done } = put([], silentLogger, entry('A', 190));
  await expect(done).rejects.toMatchObject({ code: 'ENTRY_TOO_LARGE', details: { size: 202, limit: 200 } });
  expect(calls).toHaveLength(0);
});

test('what is tried for long is told at the first time and each time that it is twice as bad', async () => {
  const lines: string[] = [];
  const logger = createLogger({ write: (line) => void lines.push(line) });
  const fates = Array.from({ length: 9 }, (): CallFate => ({ kind: 'throttled' }));
  await put(fates, logger).done;
  const told = lines.map((line) => JSON.parse(line) as { attempt: number; why: string; missing: number });
  expect(told.map(({ attempt }) => attempt)).toEqual([1, 2, 4, 8]);
  expect(told[0]).toMatchObject({ why: 'ThrottlingException', missing: 3, busName: 'orders' });
});

test('failures of AWS that pass are told from those that stay', () => {
  const answered = (name: string, httpStatusCode: number) =>
    new EventBridgeServiceException({ name, $fault: 'client', message: '', $metadata: { httpStatusCode } });
  const named = (name: string, code?: string) => Object.assign(new Error('x'), { name, code });
  const passing = [
    answered('ThrottlingException', 400),
    answered('TooManyRequestsException', 429),
    answered('InternalException', 500),
    answered('ServiceUnavailable', 503),
    named('TimeoutError'),
    named('Error', 'ECONNRESET'),
    named('Error', 'ECONNREFUSED'),
  ];
  const staying = [
    answered('ValidationException', 400),
    answered('AccessDeniedException', 400),
    answered('ResourceNotFoundException', 400),
    named('CredentialsProviderError'),
    named('TypeError'),
  ];
  expect(passing.filter((error) => !isPassing(error))).toEqual([]);
  expect(staying.filter((error) => isPassing(error))).toEqual([]);
});
