import { expect, test } from '@jest/globals';
import type { ChangeLogLine } from 'banyan/cdc';
import { readEvents, type DomainEvent, type EventLogLine } from 'banyan/events';
import { createMemoryViewStore } from 'banyan/projections';
import { canonicalJson, openLogReader, type FileSystem, type JsonObject } from 'banyan/runtime';
import fc from 'fast-check';
import { crashDisk } from '../crash-file-system.ts';
import { seeded } from '../seeded.ts';
import { randomHistory, type Commit } from './history.ts';
import { expectedEvents, inOrder, logTimes, wholeChanges, type ExpectedEvent } from './oracle.ts';
import { live, type Life, type World } from './run.ts';
import { scriptedSource } from './scripted-source.ts';
import { keysOf, link, tellExpected, views } from './shop.ts';

const long = process.env['BANYAN_LONG'] !== undefined;

/*
 * Logs, row state and look-up state, whatever the history and wherever it crashes: G1 (the log is the commits), G2
 * (ids and bytes stay), look-ups as of the transaction, and views that equal the model's.
 */
test('any history, two sources, a translation that lags, any crash point', async () => {
  const end = Date.now() + (long ? 1_500_000 : 120_000);
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer({ min: 1, max: 2 ** 31 }),
        commits: fc.integer({ min: 1, max: 25 }),
        /** The commit from which on the first source's tables have a column more. */
        noteFrom: fc.nat(40),
        /** Disk operations that each life of the process sees. */
        lives: fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 4 }),
        powerFails: fc.boolean(),
      }),
      // What hangs must fail: a time limit of fast-check would interrupt it, and pass.
      async (one) => (Date.now() < end ? run(one) : undefined),
    ),
    { numRuns: long ? 2000 : 40 },
  );
}, 1_800_000);

interface Case {
  readonly seed: number;
  readonly commits: number;
  readonly noteFrom: number;
  readonly lives: readonly number[];
  readonly powerFails: boolean;
}

async function run({ seed, commits, noteFrom, lives, powerFails }: Case): Promise<void> {
  const random = seeded(seed);
  const disk = crashDisk({ random });
  const histories = {
    a: randomHistory(random, commits, noteFrom),
    b: randomHistory(random, 1 + Math.floor(commits / 2)),
  };
  const world: World = {
    sources: [scriptedSource('a', histories.a, random), scriptedSource('b', histories.b, random)],
    stores: new Map(),
    views: createMemoryViewStore(),
    ahead: new Set(),
  };
  const seen = new Map<string, string>();
  for (const operations of lives) {
    const process = disk.process();
    process.killAt(operations);
    const lagging = new Set(random() < 0.5 ? ['beta'] : []);
    // What a killed life was about is no failure; a life that outlasts the history ends all the same.
    const unlessDead = (error: unknown): undefined => {
      if (!process.dead) throw error;
    };
    const alive = await live(world, process, lagging).catch(unlessDead);
    await Promise.race([process.died, alive && drained(alive, histories).catch(unlessDead)]);
    process.kill();
    await alive?.close();
    if (powerFails) disk.crash();
    for (const [at, store] of world.stores) {
      // Without a power failure the stores keep all that was written; either way a dead process's handle is no use.
      world.stores.set(
        at,
        store.crash((unflushed) => (powerFails ? Math.floor(random() * (unflushed + 1)) : 0)),
      );
    }
    await remember(disk.process(), seen);
  }
  const process = disk.process();
  const alive = await live(world, process, new Set());
  try {
    await drained(alive, histories);
    await checkLogs(process, histories, seen);
    await checkViews(world, histories);
    expect([...world.ahead]).toEqual([]);
  } finally {
    await alive.close();
  }
}

type Histories = Readonly<Record<'a' | 'b', readonly Commit[]>>;

/** Waits until the views have everything; throws what stopped any part of the path, and when nothing moves. */
async function drained(alive: Life, histories: Histories): Promise<void> {
  const target = {
    sources: { 'a:alpha@1': { position: histories.a.length }, 'b:gamma@1': { position: histories.b.length } },
    translations: {
      'a:alpha@1': { position: histories.a.length },
      'a:beta@1': { position: histories.a.length },
    },
  };
  const limit = AbortSignal.timeout(60_000);
  const reached = alive.projectors.map((projector) =>
    projector.reached(target[projector.status().projection as keyof typeof target], limit),
  );
  const parts = [...alive.captures, ...alive.translators, ...alive.projectors];
  await Promise.race([Promise.all(reached), ...parts.map(({ ended }) => ended)]);
}

const logs = [
  { source: 'a', translation: 'alpha', version: 1 },
  { source: 'a', translation: 'beta', version: 1 },
  { source: 'b', translation: 'gamma', version: 1 },
] as const;

async function eventsOf(fileSystem: FileSystem, ref: (typeof logs)[number]): Promise<DomainEvent[]> {
  const directory = `/${ref.translation}/event-log`;
  if ((await fileSystem.size(`${directory}/log.json`)) === undefined) return [];
  const reader = await openLogReader<EventLogLine>({ directory, fileSystem });
  try {
    const found: DomainEvent[] = [];
    for await (const chunk of readEvents(reader, ref)) found.push(...chunk.events);
    return found;
  } finally {
    await reader.close();
  }
}

/** What a reader saw once must be there, to the byte, for ever. */
async function remember(fileSystem: FileSystem, seen: Map<string, string>): Promise<void> {
  for (const ref of logs) {
    for (const event of await eventsOf(fileSystem, ref)) seen.set(event.id, JSON.stringify(event));
  }
}

async function checkLogs(
  fileSystem: FileSystem,
  histories: Histories,
  seen: Map<string, string>,
): Promise<void> {
  for (const source of ['a', 'b'] as const) await checkChangeLog(fileSystem, source, histories[source]);
  for (const ref of logs) {
    const found = await eventsOf(fileSystem, ref);
    const expected = expectedEvents(ref.source, ref.translation, histories[ref.source], tellExpected);
    expect(found.map(({ id, data }) => ({ id, data: canonicalJson(data) }))).toEqual(
      expected.map(({ id, data }) => ({ id, data: canonicalJson(data) })),
    );
    for (const event of found) {
      const before = seen.get(event.id);
      if (before !== undefined) expect(JSON.stringify(event)).toBe(before);
      seen.delete(event.id);
    }
  }
  expect([...seen.keys()]).toEqual([]);
}

async function checkChangeLog(
  fileSystem: FileSystem,
  source: string,
  commits: readonly Commit[],
): Promise<void> {
  const reader = await openLogReader<ChangeLogLine>({ directory: `/${source}/change-log`, fileSystem });
  const found: unknown[] = [];
  for await (const batch of reader.read({ from: 1, to: commits.length })) {
    for (const entry of batch) {
      const lines = [...entry.lines()].flatMap((line) => (line.kind === 'transaction' ? [line] : []));
      const changes = lines.flatMap((line) =>
        line.changes.map(({ schema: _, ...change }) => canonicalJson(change)),
      );
      found.push({ position: entry.position, xid: lines[0]?.xid, logTime: lines[0]?.logTime, changes });
    }
  }
  await reader.close();
  const times = logTimes(commits);
  expect(found).toEqual(
    wholeChanges(commits).map((changes, n) => ({
      position: n + 1,
      xid: commits[n]?.xid,
      logTime: times[n],
      changes: changes.map((change) => canonicalJson(change)),
    })),
  );
}

async function checkViews(world: World, histories: Histories): Promise<void> {
  const of = (source: 'a' | 'b', name: string): ExpectedEvent[] =>
    expectedEvents(source, name, histories[source], tellExpected);
  const alpha = of('a', 'alpha');
  const expected = { sources: [...alpha, ...of('b', 'gamma')], translations: [...alpha, ...of('a', 'beta')] };
  for (const name of Object.keys(views) as (keyof typeof views)[]) {
    const documents = new Map<string, ReturnType<typeof link>>();
    for (const { id, data } of inOrder(expected[name])) {
      for (const key of keysOf(data as JsonObject & { table: string; key: string })) {
        documents.set(key, link(documents.get(key), id));
      }
    }
    const page = await world.views.scan({ projection: name, number: 1 }, { limit: 1000 });
    expect(Object.fromEntries(page.items.map(({ key, document }) => [key, document]))).toEqual(
      Object.fromEntries(documents),
    );
  }
}
