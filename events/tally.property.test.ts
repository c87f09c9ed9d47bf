import { expect, test } from '@jest/globals';
import { openLogWriter, silentLogger, systemClock, type LogWriter } from 'banyan/runtime';
import fc from 'fast-check';
import { crashDisk, type CrashDisk, type CrashProcess } from '../kit/crash-file-system.ts';
import { eventually } from '../kit/eventually.ts';
import { seeded } from '../kit/seeded.ts';
import { countEvents } from './count-events.ts';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import { startTallyKeeper, type TallyKeeper } from './tally-keeper.ts';
import { tallyFeed } from './tally-feed.ts';
import type { Tally } from './tally.ts';
import { appendEntry } from './testing/append-entry.ts';

const numRuns = process.env['BANYAN_LONG'] ? 2000 : 60;

const ref: EventLogRef = { source: 'shop', translation: 'orders', version: 1 };
const directory = '/translation';

/** A transaction: its distance from the one before, and the event types of each of its lines; none: a tick. */
interface Entry {
  readonly skipped: number;
  readonly parts: readonly (readonly string[])[];
}
const entry: fc.Arbitrary<Entry> = fc.record({
  skipped: fc.nat(2),
  parts: fc.array(fc.array(fc.constantFrom('A', 'B'), { minLength: 1, maxLength: 3 }), { maxLength: 3 }),
});

/** One life of the process that translates and counts. */
interface Life {
  /** Entries that it appends, as far as it lives. */
  readonly entries: readonly Entry[];
  /** It dies in so many disk operations. */
  readonly dieAt: number;
  readonly power: boolean;
  /** The keeper's interval, and its bound of events. */
  readonly everyMs: number;
  readonly everyEvents: number;
}
const life: fc.Arbitrary<Life> = fc.record({
  entries: fc.array(entry, { maxLength: 12 }),
  dieAt: fc.integer({ min: 1, max: 60 }),
  power: fc.boolean(),
  everyMs: fc.nat(3),
  everyEvents: fc.integer({ min: 1, max: 12 }),
});

/** What is known of all lives. */
interface Seen {
  /** Where the event log ended when a keeper was started. */
  readonly starts: Set<number>;
  readonly told: Tally[];
}

interface Running {
  readonly eventLog: LogWriter<EventLogLine>;
  readonly keeper: TallyKeeper;
}

async function start(process: CrashProcess, { everyMs, everyEvents }: Life, seen: Seen): Promise<Running> {
  const name = eventLogName(ref);
  const shared = { fileSystem: process, logger: silentLogger };
  const eventLog = await openLogWriter<EventLogLine>({
    ...shared,
    directory: `${directory}/event-log`,
    owner: 'the test',
    kind: 'event-log',
    name,
    segmentBytes: 1000,
  });
  try {
    seen.starts.add(eventLog.durable);
    const keeper = await startTallyKeeper({
      ...shared,
      ref,
      eventLog,
      directory: `${directory}/tallies`,
      clock: systemClock,
      everyMs,
      everyEvents,
      onTally: (tally) => void seen.told.push(tally),
      signal: new AbortController().signal,
    });
    return { eventLog, keeper };
  } catch (error) {
    await eventLog.close().catch(() => undefined);
    throw error;
  }
}

/** Appends; now and then all that is durable is counted first. */
async function append(
  { eventLog }: Running,
  entries: readonly Entry[],
  below: (n: number) => number,
  isCounted: () => Promise<unknown>,
) {
  for (const { skipped, parts } of entries) {
    const position = eventLog.committed + 1 + skipped;
    await appendEntry(eventLog, ref, position, position * 10, parts);
    if (below(2) === 0) await eventLog.sync();
    if (below(4) === 0) {
      await eventLog.sync();
      await isCounted();
    }
  }
  await eventLog.sync();
}

/** Lives until it dies, or until everything is counted when it is not to die. */
async function live(disk: CrashDisk, one: Life, seen: Seen, below: (n: number) => number): Promise<Tally[]> {
  const process = disk.process();
  process.killAt(one.dieAt);
  let running: Running | undefined;
  let tallies: Tally[] = [];
  try {
    running = await start(process, one, seen);
    const begun = running.eventLog.durable;
    const { died } = process;
    const now = running;
    const isCounted = (): Promise<unknown> => Promise.race([died, counted(now, begun, process)]);
    await append(running, one.entries, below, isCounted);
    await isCounted();
    if (!process.dead) tallies = await checked(running, seen);
  } catch (error) {
    if (!process.dead) throw error;
  }
  if (one.power) disk.crash();
  else process.kill();
  for (const part of running ? [running.keeper, running.eventLog] : [])
    await part.close().catch(() => undefined);
  return tallies;
}

/** Waits until the tallies reach the end of the event log; the first of all begins where it ended then. */
async function counted({ eventLog, keeper }: Running, begun: number, process: CrashProcess): Promise<void> {
  await eventually(async () => {
    if (process.dead) return;
    const end = (await keeper.log.head())?.position ?? begun;
    expect(end).toBe(eventLog.durable);
  });
}

/** The tallies as the feed gives them, each one compared with the event log. */
async function checked({ eventLog, keeper }: Running, { starts }: Seen): Promise<Tally[]> {
  const tallies: Tally[] = [];
  for await (const tally of tallyFeed(() => keeper.log).tallies(ref, 0)) tallies.push(tally);
  const [first] = tallies;
  if (first) expect(starts).toContain(first.after);
  let end = first?.after;
  for (const { after, to, counts, log } of tallies) {
    expect(log).toBe('shop:orders@1');
    expect(after).toBe(end);
    expect(counts).toEqual(await countEvents(eventLog, ref, { position: after }, to));
    end = to;
  }
  return tallies;
}

test('whatever dies whenever, tallies follow one another without a gap and count what the event log has', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(life, { minLength: 1, maxLength: 6 }),
      fc.array(entry, { minLength: 1, maxLength: 12 }),
      fc.integer(),
      async (lives, last, seed) => {
        const random = seeded(seed);
        const below = (n: number): number => Math.floor(random() * n);
        const disk = crashDisk({ random, pageBytes: 64 });
        const seen: Seen = { starts: new Set(), told: [] };
        for (const one of lives) await live(disk, one, seen, below);
        const healthy = { dieAt: Infinity, power: false, everyMs: 1, everyEvents: 5 };
        const tallies = await live(disk, { ...healthy, entries: last }, seen, below);
        expect(tallies.length).toBeGreaterThan(0);
        // What was told was durable: it is there, and was told in order.
        for (const tally of seen.told) expect(tallies).toContainEqual(tally);
        const ends = seen.told.map(({ to }) => to);
        expect(ends).toEqual([...new Set(ends)].sort((one, other) => one - other));
        // Begun again, nothing is counted twice.
        const again = await live(disk, { ...healthy, entries: [] }, seen, below);
        expect(again).toEqual(tallies);
      },
    ),
    { numRuns },
  );
}, 600_000);
