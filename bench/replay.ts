import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgresServer } from '../kit/postgres-server.ts';
import { runBench, type Figures } from './bench.ts';
import { CaseBench, type Case } from './replay-case.ts';

const million = 1_000_000;
const cases: readonly Case[] = [
  { keys: 'distinct', events: million, inMemory: true, peer: true, suffix: '' },
  { keys: 'skewed', events: million, inMemory: true, peer: false, suffix: 'Skewed' },
  { keys: 'distinct', events: 10 * million, inMemory: false, peer: false, suffix: 'TenMillion' },
  { keys: 'skewed', events: 10 * million, inMemory: true, peer: false, suffix: 'TenMillionSkewed' },
];

const quickCases = cases.slice(0, 2).map((one) => ({ ...one, events: 50_000 }));

await runBench(
  'Rebuilding a view, beside reading and parsing the same log alone (about 250 bytes an event).',
  async ({ quick }, say) => {
    const directory = await mkdtemp(join(tmpdir(), 'banyan-bench-'));
    const server = await startPostgresServer({ settings: {} });
    try {
      const all: { figures: Figures; peakBytes: number }[] = [];
      for (const one of quick ? quickCases : cases) {
        const bench = new CaseBench(one, join(directory, one.keys), server, say);
        all.push(await bench.run(quick ? one.events / 10 : one.events));
        await rm(join(directory, one.keys), { recursive: true });
      }
      const peakMegabytes = Math.max(...all.map(({ peakBytes }) => peakBytes)) / 2 ** 20;
      const figures = all.flatMap((one) => Object.entries(one.figures));
      return { ...Object.fromEntries(figures), peakMegabytes };
    } finally {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    }
  },
);
