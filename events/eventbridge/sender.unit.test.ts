import { expect, test } from '@jest/globals';
import { createLogger } from 'banyan/runtime';
import { eventAt } from '../event-log.ts';
import { timeAt } from '../testing/change-entries.ts';
import { createEventSender } from './sender.ts';
import { fromDetail } from './from-detail.ts';
import { faultyEventBridge, type CallFate } from './testing/faulty-eventbridge.ts';

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

/** Publishes two events; the calls of the bus meet these fates. */
function publishing(fates: readonly CallFate[]) {
  const told: Record<string, unknown>[] = [];
  const logger = createLogger({ write: (line) => told.push(JSON.parse(line) as Record<string, unknown>) });
  const bus = faultyEventBridge(fates);
  const sender = createEventSender({ events: bus.client, busName: 'orders', logger });
  const place = { position: 2, index: 0, logTime: timeAt(2), committedAt: timeAt(2) };
  const done = sender.publish([event, eventAt(log, place, { type: 'B', data: {} })]);
  const kinds = () => bus.taken.map(({ DetailType, Detail }) => [DetailType, fromDetail(Detail).kind]);
  return { ...bus, sender, told, done, kinds };
}

const refusing = (code: string): CallFate => ({ kind: 'partial', failing: [code] });

test('an event that the bus refuses for good goes as a reference', async () => {
  const { done, kinds, told, sender } = publishing([refusing('MalformedDetail')]);
  await done;
  expect(kinds()).toEqual([
    ['B', 'event'],
    ['A', 'reference'],
  ]);
  expect(told).toMatchObject([{ level: 40, event: event.id }]);
  expect(sender.figures()).toEqual({ referred: 1, leftOut: 0 });
});

test('where its reference is refused too, it is left out, counted and told with its id; the others go on', async () => {
  const { done, kinds, told, sender } = publishing([
    refusing('MalformedDetail'),
    refusing('InvalidArgument'),
  ]);
  await done;
  expect(kinds()).toEqual([['B', 'event']]);
  expect(told.at(-1)).toMatchObject({ level: 50, event: event.id, code: 'InvalidArgument', leftOut: 1 });
  expect(told.at(-1)?.['err']).toMatchObject({ message: expect.stringContaining('Correct what it names') });
  expect(sender.figures()).toEqual({ referred: 1, leftOut: 1 });
});

test('what went as a reference at once is not put as one again', async () => {
  const large = { ...event, data: { text: '\uffff' } };
  const { client, calls } = faultyEventBridge([refusing('MalformedDetail')]);
  const sender = createEventSender({ events: client, busName: 'orders' });
  await sender.publish([large]);
  expect(calls).toHaveLength(1);
  expect(sender.figures()).toEqual({ referred: 0, leftOut: 1 });
});

test('a tally and a probe that are refused are told to who publishes them', async () => {
  const { client } = faultyEventBridge([refusing('MalformedDetail')]);
  const sender = createEventSender({ events: client, busName: 'orders' });
  const probing = sender.publishProbe({ subscription: 'one.g1', id: 'p', at: timeAt(1) });
  await expect(probing).rejects.toMatchObject({ code: 'BUS_REFUSED' });
});
