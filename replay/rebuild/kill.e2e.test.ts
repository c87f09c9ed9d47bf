import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ViewStore } from 'banyan/projections';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { clientConfig } from '../../kit/aws/client-config.ts';
import { describeWith, emulator } from '../../kit/aws/emulators.ts';
import { uniqueName } from '../../kit/aws/test-names.ts';
import { seeded } from '../../kit/seeded.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { counters, expectedCounters } from '../../projections/testing/counters.ts';
import { runSource } from './testing/source-process.ts';
import { viewsAt, type ViewsPlace } from './testing/store-module.ts';
import { customers, makeWorld, orders, timeAt, type World } from './testing/world.ts';

const script = new URL('./testing/killed-rebuild.ts', import.meta.url);
const dynamodb = await emulator('dynamodb');
const long = process.env['BANYAN_LONG'] !== undefined;

/** What a run said, or that it was killed. */
interface Run {
  readonly lines: readonly string[];
  readonly code: number | null;
  readonly milliseconds: number;
}

/** Small reads, little memory, and checkpoints all the time, so that a kill meets anything. */
const options = { batchBytes: 20_000, memoryBytes: 1, checkpointEveryMs: 0, rate: 40_000, partitions: 2 };
const inThisThread = ['in one thread', { workers: 0 }] as const;
const byWorkers = ['by two workers', { workers: 2 }] as const;

let world: World;
let store: ViewStore;
let place: ViewsPlace;

/** Makes the store, and logs of so many events. */
async function begin(at: ViewsPlace, length: number): Promise<void> {
  place = at;
  store = viewsAt(place);
  await store.prepare();
  world = await makeWorld();
  const random = seeded(11);
  const key = (): string => `k${String(Math.floor((random() * length) / 2))}`;
  for (let time = 1; time <= length / 20; time += 1) {
    const said = Array.from({ length: 20 }, () => ({
      type: random() < 0.1 ? 'Cleared' : 'Counted',
      data: { keys: [key(), key()] },
    }));
    await world.append(time % 3 === 0 ? customers : orders, timeAt(time), said);
  }
  for (const log of [orders, customers]) await world.append(log, timeAt(length), []);
}

async function end(): Promise<void> {
  await world.close();
  await store.close();
}

/** Rebuilds in a process of its own, and kills it so long after it began. */
async function run(given: object, killAfter?: number, at: ViewsPlace = place): Promise<Run> {
  const env = { BANYAN_TEST_VIEWS: JSON.stringify(at) };
  const child = runSource(script, [world.directory, JSON.stringify({ ...options, ...given })], env);
  const lines: string[] = [];
  let began = 0;
  if (!child.stdout || !child.stderr) throw new Error('no pipes');
  child.stderr.pipe(process.stderr);
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (line !== 'began') return;
    began = performance.now();
    if (killAfter !== undefined) void wait(killAfter).then(() => child.kill('SIGKILL'));
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { lines, code, milliseconds: performance.now() - began };
}

/** What a run said at its end. */
function figuresOf({ lines }: Run): { readonly generation: number; readonly throttled: number } {
  return JSON.parse(lines.at(-1) ?? '') as { generation: number; throttled: number };
}

async function expectDocuments(generation: number, seed?: number): Promise<void> {
  const id = { projection: counters.name, number: generation };
  expect({ seed, documents: await world.documents(id, store) }).toEqual({
    seed,
    documents: expectedCounters(world.events()),
  });
}

function endsAsIfNeverKilled(given: { readonly workers: number }, kills: number): void {
  test('that is killed again and again ends with the same documents', async () => {
    const seed = Date.now() % 100_000;
    const random = seeded(seed);
    const whole = await run(given);
    expect(whole.lines.at(-1)).toMatch(/"generation":/);
    let last: Run = whole;
    for (let kill = 0; kill < (long ? 30 : kills); kill += 1)
      last = await run(given, random() * whole.milliseconds);
    if (last.code !== 0) last = await run(given);
    await expectDocuments(figuresOf(last).generation, seed);
    const generations = await store.generations(counters.name);
    expect(generations.filter(({ state }) => state.kind === 'building')).toEqual([]);
  }, 120_000);
}

describe('into Postgres', () => {
  beforeAll(async () => {
    const connectionString = await testDatabase('killed_rebuild');
    await begin({ kind: 'postgres', connectionString }, 6000);
  });
  afterAll(end);

  describe.each([inThisThread, byWorkers])('a rebuild %s', (_, given) => endsAsIfNeverKilled(given, 5));

  test('of two rebuilds at once one is refused', async () => {
    const both = await Promise.all([run({ workers: 0 }), run({ workers: 0 })]);
    const said = both.map(({ lines }) => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>);
    expect(said.map(({ code }) => code).filter((code) => code !== undefined)).toEqual(['REPLAY_RUNNING']);
  });
});

describeWith([dynamodb], 'into DynamoDB', () => {
  beforeAll(() => begin({ kind: 'dynamodb', config: clientConfig(dynamodb), prefix: uniqueName() }, 400));
  afterAll(end);

  describe.each([byWorkers])('a rebuild %s', (_, given) => {
    endsAsIfNeverKilled(given, 3);

    test('that is throttled says so, and writes all the same', async () => {
      const first = await run({ ...given, memoryBytes: 2 ** 28 }, undefined, {
        ...place,
        throttled: 20,
      } as ViewsPlace);
      const { generation, throttled } = figuresOf(first);
      // In each of the two threads, the attempts of the client itself included.
      expect(throttled).toBe(40);
      await expectDocuments(generation);
    }, 120_000);
  });
});
