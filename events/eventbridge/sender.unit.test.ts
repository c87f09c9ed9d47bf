import { expect, test } from '@jest/globals';
import { eventAt } from '../event-log.ts';
import { timeAt } from '../testing/change-entries.ts';
import { createEventSender } from './sender.ts';
import { faultyEventBridge } from './testing/faulty-eventbridge.ts';

const log = { source: 'shop', translation: 'orders', version: 1 };
const event = eventAt(
  log,
  { position: 1, index: 0, logTime: timeAt(1), committedAt: timeAt(1) },
  { type: 'A', data: {} },
);

/** Throttled for as long as it is asked; tells when it was asked first. */
function throttled() {
  let asked = (): void => undefined;
  const isAsked = new Promise<void>((resolve) => (asked = resolve));
  const fates = Array.from({ length: 1000 }, () => ({ kind: 'throttled' as const }));
  const bus = faultyEventBridge(fates, () => asked());
  // Nobody waits for so long: only what stops it can end it.
  const sender = createEventSender({
    events: bus.client,
    busName: 'orders',
    backoff: { firstMs: 3_600_000, mostMs: 3_600_000 },
  });
  return { ...bus, sender, isAsked };
}

test('closing stops what is being put; the signal of a publishing stops it alone', async () => {
  const { sender, isAsked, taken } = throttled();
  const one = new AbortController();
  const publishing = [sender.publish([event], one.signal), sender.publish([event])];
  await isAsked;
  one.abort();
  await expect(publishing[0]).rejects.toMatchObject({ code: 'PUBLISHING_STOPPED', retryable: true });
  await sender.close();
  await expect(publishing[1]).rejects.toMatchObject({ code: 'PUBLISHING_STOPPED' });
  await expect(sender.publish([event])).rejects.toMatchObject({ code: 'PUBLISHING_STOPPED' });
  expect(taken).toEqual([]);
});

test('events, tallies and probes are put onto the bus', async () => {
  const { client, taken } = faultyEventBridge([]);
  const sender = createEventSender({ events: client, busName: 'orders' });
  const tally = {
    log: 'shop:orders@1',
    after: 0,
    to: 1,
    logTime: timeAt(1),
    at: timeAt(1),
    counts: { A: 1 },
  };
  await sender.publish([event]);
  await sender.publishTally(log, tally);
  await sender.publishProbe({ subscription: 'one.g1', id: 'p', at: timeAt(1) });
  const types = taken.map(({ DetailType, EventBusName }) => [DetailType, EventBusName]);
  expect(types).toEqual([
    ['A', 'orders'],
    ['banyan.tally', 'orders'],
    ['banyan.probe', 'orders'],
  ]);
});
