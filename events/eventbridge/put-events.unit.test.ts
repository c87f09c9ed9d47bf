import { expect, test } from '@jest/globals';
import { createLogger, silentLogger, type BanyanError, type Logger } from 'banyan/runtime';
import { createBackoff } from './backoff.ts';
import { putEvents, type Put } from './put-events.ts';
import { faultyEventBridge, type CallFate } from './testing/faulty-eventbridge.ts';

const limits = { entries: 10, bytes: 200 };
const put = (type: string, size = 5): Put => ({
  entry: { Source: 'banyan.shop', DetailType: type, Detail: 'x'.repeat(size) },
});

interface Given {
  readonly logger?: Logger;
  readonly first?: Put;
  readonly second?: Put;
}

/** Puts A, B and C. */
function putAll(
  fates: readonly CallFate[],
  { logger = silentLogger, first = put('A'), second = put('B') }: Given = {},
) {
  const bus = faultyEventBridge(fates);
  const { signal } = new AbortController();
  const options = { client: bus.client, busName: 'orders', limits, logger, signal };
  const done = putEvents({ ...options, backoff: createBackoff({ firstMs: 0 }) }, [first, second, put('C')]);
  return { ...bus, done };
}

const failing = (...codes: (string | undefined)[]): CallFate => ({ kind: 'partial', failing: codes });

test('only what failed is put again', async () => {
  const { calls, done } = putAll([failing(undefined, 'ThrottlingException'), failing('InternalFailure')]);
  await done;
  expect(calls.map((call) => call.map(({ DetailType }) => DetailType))).toEqual([
    ['A', 'B', 'C'],
    ['B'],
    ['B'],
  ]);
});

const typesOf = (calls: readonly (readonly { DetailType?: string | undefined }[])[]) =>
  calls.map((call) => call.map(({ DetailType }) => DetailType));

test.each(['AccessDeniedException', 'MalformedDetail', 'NotAuthorizedForSourceException', 'SomethingNew'])(
  'an entry that is refused with %s is not put again, and ends it',
  async (code) => {
    const { calls, done } = putAll([failing('ThrottlingException', code)]);
    const details = { busName: 'orders', source: 'banyan.shop', type: 'B', error: code };
    await expect(done).rejects.toMatchObject({ code: 'BUS_REFUSED', retryable: false, details });
    expect(calls).toHaveLength(1);
  },
);

test('what is put in the place of an entry goes with what else is missing, in order; the rest is not put again', async () => {
  const second = { ...put('B'), otherwise: () => put('B as a reference', 170) };
  const fates = [failing('ThrottlingException', 'MalformedDetail', 'ThrottlingException')];
  const { calls, taken, done } = putAll(fates, { second });
  await done;
  // It is larger, so that the call is split.
  expect(typesOf(calls)).toEqual([['A', 'B', 'C'], ['A'], ['B as a reference'], ['C']]);
  expect(taken).toHaveLength(3);
});

test('an entry that is left out holds up nothing', async () => {
  const left: BanyanError[] = [];
  const leaveOut = (refused: BanyanError): void => void left.push(refused);
  const second = { ...put('B'), otherwise: () => ({ ...put('B2'), leaveOut }) };
  const { calls, taken, done } = putAll([failing(undefined, 'MalformedDetail'), failing('InvalidArgument')], {
    second,
  });
  await done;
  expect(typesOf(calls)).toEqual([['A', 'B', 'C'], ['B2']]);
  expect(typesOf([taken])).toEqual([['A', 'C']]);
  expect(left).toMatchObject([{ code: 'BUS_REFUSED', details: { type: 'B2', error: 'InvalidArgument' } }]);
  expect(left[0]?.message).toContain('InvalidArgument: made up. Correct what it names');
});

test.each(['AccessDeniedException', 'NotAuthorizedForDetailTypeException', 'InvalidAccountIdException'])(
  'with %s nothing is put in its place, nor left out: it would be the same for all',
  async (code) => {
    const never = (): never => {
      throw new Error('It is not asked.');
    };
    const { calls, done } = putAll([failing(undefined, code)], {
      second: { ...put('B'), otherwise: never, leaveOut: never },
    });
    await expect(done).rejects.toMatchObject({ code: 'BUS_REFUSED', details: { error: code } });
    expect(calls).toHaveLength(1);
  },
);

test('an entry over the limit is refused before anything is put', async () => {
  const { calls, done } = putAll([], { first: put('A', 190) });
  await expect(done).rejects.toMatchObject({ code: 'ENTRY_TOO_LARGE', details: { size: 202, limit: 200 } });
  expect(calls).toHaveLength(0);
});

test('what is tried for long is told at the first time and each time that it is twice as bad', async () => {
  const lines: string[] = [];
  const logger = createLogger({ write: (line) => void lines.push(line) });
  const fates = Array.from({ length: 9 }, (): CallFate => ({ kind: 'throttled' }));
  await putAll(fates, { logger }).done;
  const told = lines.map((line) => JSON.parse(line) as { attempt: number; why: string; missing: number });
  expect(told.map(({ attempt }) => attempt)).toEqual([1, 2, 4, 8]);
  expect(told[0]).toMatchObject({ why: 'ThrottlingException: Rate exceeded', missing: 3, busName: 'orders' });
});
