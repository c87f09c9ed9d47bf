import { expect, test } from '@jest/globals';
import { createGathering } from './gathering.ts';
import { exampleHistory } from './testing/counters.ts';

const delivery = (events: number) => ({ events: exampleHistory(1, events, 3), progress: {} });
/** Whether a promise is settled once everything that can run has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol();
  const turn = new Promise((resolve) => setImmediate(() => resolve(open)));
  return (await Promise.race([promise.catch(() => undefined), turn])) !== open;
}

test('gathers what comes until it is taken, all at once and in order', async () => {
  const gathering = createGathering({ events: 10, deliveries: 10 });
  const [one, other] = [delivery(2), delivery(3)];
  await gathering.offer(one);
  await gathering.offer(other);
  expect(gathering.waiting).toEqual([one, other]);
  expect(await gathering.take()).toEqual([one, other]);
  const next = gathering.take();
  expect(await isSettled(next)).toBe(false);
  await gathering.offer(one);
  expect(await next).toEqual([one]);
});

test.each([
  [{ events: 4, deliveries: 10 }, 2],
  [{ events: 100, deliveries: 2 }, 2],
])('holds the bus back at %p', async (limits, room) => {
  const gathering = createGathering(limits);
  for (let n = 1; n < room; n += 1) await gathering.offer(delivery(2));
  const held = gathering.offer(delivery(2));
  expect(await isSettled(held)).toBe(false);
  await gathering.take();
  await held;
});

test('its end releases everybody, its failure is told to whoever offers', async () => {
  const ended = createGathering({ events: 1, deliveries: 1 });
  const [held, taker] = [ended.offer(delivery(1)), createGathering({ events: 1, deliveries: 1 })];
  ended.end();
  await held;
  expect(await ended.take()).toBeUndefined();
  expect(ended.waiting).toEqual([]);
  const waiting = taker.take();
  taker.fail(new Error('stopped'));
  expect(await waiting).toBeUndefined();
  await expect(taker.offer(delivery(1))).rejects.toThrow('stopped');
});
