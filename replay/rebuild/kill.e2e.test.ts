import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { postgresViews, type AtomicViewStore } from 'banyan/projections';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { seeded } from '../../kit/seeded.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { counters, expectedCounters } from '../../projections/testing/counters.ts';
import { runSource } from './testing/source-process.ts';
import { customers, makeWorld, orders, timeAt, type World } from './testing/world.ts';

const script = new URL('./testing/killed-rebuild.ts', import.meta.url);

/** What a run said, or that it was killed. */
interface Run {
  readonly lines: readonly string[];
  readonly code: number | null;
  readonly milliseconds: number;
}

const length = 6_000;
/** Small reads, little memory, and checkpoints all the time, so that a kill meets anything. */
const options = { batchBytes: 20_000, memoryBytes: 1, checkpointEveryMs: 0, rate: 40_000, partitions: 2 };
let world: World;
let store: AtomicViewStore;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  const connectionString = await testDatabase('killed_rebuild');
  env = { BANYAN_TEST_VIEWS: connectionString };
  store = postgresViews({ connectionString });
  await store.prepare();
  world = await makeWorld({ store });
  const random = seeded(11);
  const key = (): string => `k${String(Math.floor(random() * 3000))}`;
  for (let time = 1; time <= length / 20; time += 1) {
    const said = Array.from({ length: 20 }, () => ({
      type: random() < 0.1 ? 'Cleared' : 'Counted',
      data: { keys: [key(), key()] },
    }));
    await world.append(time % 3 === 0 ? customers : orders, timeAt(time), said);
  }
  for (const log of [orders, customers]) await world.append(log, timeAt(length), []);
});

afterAll(async () => {
  await world.close();
  await store.close();
});

/** Rebuilds in a process of its own, and kills it so long after it began. */
async function run(given: object, killAfter?: number): Promise<Run> {
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

describe.each([
  ['in one thread', { workers: 0 }],
  ['by two workers', { workers: 2 }],
])('a rebuild %s', (_, given) => {
  test('that is killed again and again ends with the same documents', async () => {
    const kills = process.env['BANYAN_LONG'] === undefined ? 5 : 30;
    const seed = Date.now() % 100_000;
    const random = seeded(seed);
    const whole = await run(given);
    expect(whole.lines.at(-1)).toMatch(/"generation":/);
    let last: Run = whole;
    for (let kill = 0; kill < kills; kill += 1) last = await run(given, random() * whole.milliseconds);
    if (last.code !== 0) last = await run(given);
    const end = JSON.parse(last.lines.at(-1) ?? '') as { generation: number };
    const id = { projection: counters.name, number: end.generation };
    expect({ seed, documents: await world.documents(id) }).toEqual({
      seed,
      documents: expectedCounters(world.events()),
    });
    const generations = await store.generations(counters.name);
    expect(generations.filter(({ state }) => state.kind === 'building')).toEqual([]);
  });
});

test('of two rebuilds at once one is refused', async () => {
  const both = await Promise.all([run({ workers: 0 }), run({ workers: 0 })]);
  const said = both.map(({ lines }) => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>);
  expect(said.map(({ code }) => code).filter((code) => code !== undefined)).toEqual(['REPLAY_RUNNING']);
});
