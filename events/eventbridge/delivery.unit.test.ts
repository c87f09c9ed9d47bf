import { expect, test } from '@jest/globals';
import { createLogger, silentLogger } from 'banyan/runtime';
import { timeAt } from '../testing/change-entries.ts';
import { eventBridge } from './delivery.ts';
import { faultyEventBridge } from './testing/faulty-eventbridge.ts';
import { logToPublish } from './testing/published-log.ts';

const probe = { subscription: 'one.g1', id: 'p', at: timeAt(1) };
const { signal } = new AbortController();

test('a probe onto a bus that is not there says that it is the bus, though AWS takes it', async () => {
  const bus = faultyEventBridge([]);
  const delivery = eventBridge({ events: bus.client, busName: 'orders' });
  await delivery.probe(probe, { logger: silentLogger, signal });
  expect(bus.taken).toHaveLength(1);
  bus.isThere = false;
  const gone = { code: 'BUS_REFUSED', message: expect.stringContaining('no event bus orders') };
  await expect(delivery.probe(probe, { logger: silentLogger, signal })).rejects.toMatchObject(gone);
});

test.each(['AccessDeniedException', 'ThrottlingException'])(
  'a probe goes onto a bus that may not be, or was not, looked at: %s',
  async (name) => {
    const bus = faultyEventBridge([]);
    bus.failLooks(name);
    const delivery = eventBridge({ events: bus.client, busName: 'orders' });
    await delivery.probe(probe, { logger: silentLogger, signal });
    expect(bus.taken).toHaveLength(1);
  },
);

test('publishing that is begun again and again tells once that the bus may not be looked at', async () => {
  const made = await logToPublish({ source: 'shop', translation: 'orders', version: 1 });
  try {
    const bus = faultyEventBridge([]);
    bus.failLooks('AccessDeniedException');
    const delivery = eventBridge({ events: bus.client, busName: 'orders' });
    const told: string[] = [];
    const logger = createLogger({ write: (line) => told.push(line) });
    for (let time = 0; time < 3; time += 1) {
      const publishing = await delivery.publish(made.log, { logger, signal });
      await publishing.close();
    }
    expect(told).toHaveLength(1);
  } finally {
    await made.close();
  }
});
