import { eventLogName, type EventLogLine, type EventLogRef } from 'banyan/events';
import { nodeFileSystem, openLogWriter } from 'banyan/runtime';
import { seeded } from '../kit/seeded.ts';

/** The log that is rebuilt from. */
export const log: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };

/** How the events' keys are spread. */
export type Keys = 'distinct' | 'skewed';

/** Events of a transaction. */
const together = 3;

/** Writes an event log of about 260 bytes an event. */
export async function writeEventLog(directory: string, events: number, keys: Keys): Promise<void> {
  const name = eventLogName(log);
  const place = { directory, fileSystem: nodeFileSystem, owner: 'a benchmark', kind: 'event-log', name };
  const writer = await openLogWriter<EventLogLine>(place);
  const random = seeded(1);
  // The cube makes a tenth of the keys take half of the events.
  const keyOf = (at: number): number => (keys === 'distinct' ? at : Math.floor(random() ** 3 * (events / 5)));
  for (let at = 0, position = 1; at < events; position += 1) {
    const logTime = new Date(Date.UTC(2026, 0, 1) + position * 10).toISOString().replace('Z', '000Z');
    const some = Array.from({ length: Math.min(together, events - at) }, (_, index) => ({
      id: `${name}:${String(position)}:${String(index)}`,
      type: 'OrderPlaced',
      data: {
        orderId: `o-${String(keyOf(at++)).padStart(9, '0')}`,
        customerId: `c-${String(Math.floor(random() * 1e6))}`,
        total: (random() * 1000).toFixed(2),
        status: 'placed',
        lines: [{ sku: `sku-${String(Math.floor(random() * 1e4))}`, quantity: 1 + Math.floor(random() * 4) }],
      },
    }));
    writer.append(position, { kind: 'events', logTime, committedAt: logTime, first: 0, events: some });
    if (position % 1000 === 0) {
      await writer.sync();
      await writer.ready();
    }
  }
  await writer.sync();
  await writer.close();
}
