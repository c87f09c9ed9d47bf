import { expect, test } from '@jest/globals';
import { openLogWriter, silentLogger, type LogWriter } from 'banyan/runtime';
import fc from 'fast-check';
import { crashDisk, type CrashDisk, type CrashProcess } from '../../kit/crash-file-system.ts';
import { eventually } from '../../kit/eventually.ts';
import { seeded } from '../../kit/seeded.ts';
import { eventLogName, type DomainEvent, type EventLogRef } from '../domain-event.ts';
import type { EventLogLine } from '../event-log.ts';
import { readEvents } from '../read-events.ts';
import { appendEntry } from '../testing/append-entry.ts';
import { filePublishCursor } from './publish-cursor.ts';
import { startPublisher } from './publisher.ts';

const numRuns = process.env['BANYAN_LONG'] ? 2000 : 60;
const ref: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };

/** A transaction: its distance from the one before, and the event types of each of its lines; none: a tick. */
const entry = fc.record({
  skipped: fc.nat(2),
  parts: fc.array(fc.array(fc.constantFrom('A', 'B'), { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
});
const life = fc.record({
  entries: fc.array(entry, { maxLength: 8 }),
  /** The process dies in so many disk operations. */
  dieAt: fc.integer({ min: 1, max: 40 }),
  power: fc.boolean(),
  /** Events of one publishing that get in before the process dies there; absent: it does not die there. */
  cutAt: fc.option(fc.nat(10), { nil: undefined }),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

function openLog(process: CrashProcess): Promise<LogWriter<EventLogLine>> {
  const where = { directory: '/event-log', fileSystem: process, logger: silentLogger };
  const what = { owner: 'the test', kind: 'event-log', name: eventLogName(ref) };
  return openLogWriter<EventLogLine>({ ...where, ...what, segmentBytes: 1000 });
}

/** One life of a translator's process: appends and publishes until it dies, or until all is published. */
async function live(disk: CrashDisk, one: Life, published: DomainEvent[]): Promise<void> {
  const process = disk.process();
  process.killAt(one.dieAt);
  let { cutAt } = one;
  const publish = (events: readonly DomainEvent[]): Promise<void> => {
    for (const event of events) {
      if (cutAt !== undefined && cutAt-- <= 0) process.kill();
      if (process.dead) return new Promise(() => undefined);
      published.push(event);
    }
    return Promise.resolve();
  };
  const opened: { close(): Promise<void> }[] = [];
  try {
    const eventLog = await openLog(process);
    opened.push(eventLog);
    const cursor = filePublishCursor({ directory: '/publisher', fileSystem: process });
    const { signal } = new AbortController();
    const parts = { ref, eventLog, cursor, logger: silentLogger, signal, batchBytes: 200 };
    const publisher = await startPublisher({ ...parts, bus: { publish } });
    // A publishing that hangs in a dead process does not end.
    opened.push({ close: () => Promise.race([publisher.close(), process.died]) });
    for (const { skipped, parts: lines } of one.entries) {
      const position = eventLog.committed + 1 + skipped;
      await appendEntry(eventLog, ref, position, position * 10, lines);
      await eventLog.sync();
    }
    await eventually(() => {
      if (!process.dead) expect(publisher.published.position).toBe(eventLog.durable);
    });
  } catch (error) {
    if (!process.dead) throw error;
  }
  if (one.power) disk.crash();
  else process.kill();
  for (const part of opened.reverse()) await part.close().catch(() => undefined);
}

test('killed at any point, it publishes every event at least once, in order of first publication, from durable ones only', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), fc.integer(), async (lives, seed) => {
      const disk = crashDisk({ random: seeded(seed), pageBytes: 64 });
      const published: DomainEvent[] = [];
      for (const one of lives) await live(disk, one, published);
      const end: Life['entries'][number] = { skipped: 0, parts: [['A']] };
      await live(disk, { entries: [end], dieAt: Infinity, power: false, cutAt: undefined }, published);
      const log = await openLog(disk.process());
      const logged: DomainEvent[] = [];
      for await (const { events } of readEvents(log, ref)) logged.push(...events);
      await log.close();
      const firsts = [...new Set(published.map(({ id }) => id))];
      expect(firsts).toEqual(logged.map(({ id }) => id));
      for (const event of published) expect(logged).toContainEqual(event);
    }),
    { numRuns },
  );
}, 600_000);
