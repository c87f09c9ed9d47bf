import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { testDatabase } from '../kit/test-database.ts';
import { postgresViews } from './postgres/postgres-views.ts';
import { exampleHistory, expectedCounters } from './testing/counters.ts';
import { allPages, newGeneration } from './testing/examples.ts';

const child = fileURLToPath(new URL('./testing/killed-projector.ts', import.meta.url));
/** Rooms by their names, from the sources: a child knows nothing of jest. */
const rooms = `import { registerHooks } from 'node:module';
registerHooks({ resolve: (name, context, next) => {
  const room = /^banyan\\/(.*)$/.exec(name);
  return next(room ? new URL(room[1] + '/index.ts', '${pathToFileURL(process.cwd()).href}/').href : name, context);
} });`;

/** Runs the child; kills it after so many commits, unless it ends before. Gives its exit code, null when killed. */
async function projecting(args: readonly string[], killAfter: number): Promise<number | null> {
  const flags = [
    '--disable-warning=ExperimentalWarning',
    '--import',
    `data:text/javascript,${encodeURIComponent(rooms)}`,
  ];
  const running = spawn(process.execPath, [...flags, child, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  createInterface({ input: running.stdout }).on('line', (commits) => {
    if (Number(commits) === killAfter) running.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    running.once('error', reject).once('close', (code) => resolve(code));
  });
}

test('a projector that is killed again and again applies each event exactly once', async () => {
  const connectionString = await testDatabase('killed');
  const store = postgresViews({ connectionString });
  await store.prepare();
  const generation = await newGeneration(store);
  const [seed, length, keys] = [Date.now() % 100_000, 20_000, 60];
  const args = [connectionString, generation.projection, ...[seed, length, keys, 40].map(String)];
  const kills = process.env['BANYAN_LONG'] ? 40 : 6;
  for (let kill = 0; kill < kills; kill += 1) await projecting(args, 1 + ((seed + kill * 7) % 11));
  expect(await projecting(args, Infinity)).toBe(0);
  const items = await allPages((after) =>
    store.scan(generation, { limit: 100, ...(after !== undefined && { after }) }),
  );
  const documents = new Map(items.flatMap(({ key, document }) => (document ? [[key, document]] : [])));
  // The seed is told with the failure.
  expect({ seed, documents }).toEqual({
    seed,
    documents: expectedCounters(exampleHistory(seed, length, keys)),
  });
  expect(await store.progress(generation)).toEqual({ 'shop:orders@1': { position: length } });
  await store.close();
});
