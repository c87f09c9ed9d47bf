import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openFileStore } from 'banyan/runtime';
import { build } from 'esbuild';
import { seeded } from '../../kit/seeded.ts';
import { applyHistory } from '../testing/row-history.ts';
import { openRowStore } from './open-row-store.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-rows-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** Goes through the history for ever, writing all the time. */
const child = `
import { openFileStore } from 'banyan/runtime';
import { openRowStore } from './open-row-store.ts';
import { applyHistory } from '../testing/row-history.ts';
const at = process.argv[2];
const rows = await openRowStore({
  store: openFileStore({ directory: at + '/main', tableBytes: 20000 }),
  scratch: openFileStore({ directory: at + '/scratch', purpose: 'scratch' }),
  indexes: { 'public.orders': [['customer']] },
  limits: { flushBytes: 5000, memoryBytes: 20000, writeChanges: 10 },
});
for (let position = rows.position + 1; ; position++) {
  applyHistory(rows, position);
  rows.settle(position);
  if (rows.full) await rows.ready();
  if (position % 10 === 0) {
    process.stdout.write(position + '\\n');
    await new Promise(setImmediate);
  }
}`;

/** Runs the child until it has gone on for so many lines, and kills it. */
async function runAndKill(script: string, lines: number): Promise<void> {
  const running = spawn(process.execPath, [script, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => running.once('close', resolve));
  createInterface({ input: running.stdout }).on('line', () => {
    if (--lines === 0) running.kill('SIGKILL');
  });
  await ended;
}

test('killed in the middle of writing, again and again, the rows are those of the history', async () => {
  const script = join(directory, 'child.mjs');
  await build({
    stdin: { contents: child, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const random = seeded(7);
  let written = 0;
  for (let kill = 0; kill < (process.env['BANYAN_LONG'] ? 30 : 6); kill++) {
    await runAndKill(script, 1 + Math.floor(random() * 60));
    const rows = await openRowStore({
      store: openFileStore({ directory: join(directory, 'main') }),
      indexes: { 'public.orders': [['customer']] },
    });
    expect(rows.position).toBeGreaterThanOrEqual(written);
    written = rows.position;
    const upTo = rows.recovering ?? rows.position;
    for (let position = rows.position + 1; position <= upTo; position++) applyHistory(rows, position);
    expect([...rows.rows('public.orders')]).toEqual(modelAt(upTo));
    for (const customer of ['0', '5']) {
      const found = [...rows.byIndex('public.orders', ['customer'], [customer])];
      expect(found).toEqual(modelAt(upTo).filter((row) => row.customer === customer));
    }
    await rows.close();
  }
}, 600_000);

interface Order {
  readonly id: number;
  readonly customer: string;
}

function modelAt(upTo: number): Order[] {
  const orders = new Map<number, Order>();
  const model = {
    begin: () => undefined,
    commit: () => undefined,
    put: (_table: string, [id]: readonly unknown[], row: unknown) =>
      void orders.set(id as number, row as Order),
    remove: (_table: string, [id]: readonly unknown[]) => void orders.delete(id as number),
  };
  for (let position = 1; position <= upTo; position++) applyHistory(model, position);
  return [...orders.values()].sort((a, b) => a.id - b.id);
}
