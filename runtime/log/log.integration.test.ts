import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { nodeFileSystem } from '../node-file-system.ts';
import { openLogWriter, type LogWriterOptions } from './open-writer.ts';
import { openLogReader } from './reader.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(`${tmpdir()}/banyan-log-`);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const options = (): LogWriterOptions => ({
  directory,
  fileSystem: nodeFileSystem,
  owner: 'the test',
  kind: 'change-log',
  name: 'shop',
  dense: true,
  segmentBytes: 2000,
});

describe('smoke', () => {
  test('a', async () => {
    const log = await openLogWriter<{ n: number; s: string }>(options());
    for (let p = 1; p <= 200; p++) {
      if (p % 50 === 0) {
        const e = log.begin(p);
        for (let i = 0; i < 40; i++) {
          await e.write({ n: i, s: 'é'.repeat(50) });
          if (i % 10 === 0) await log.sync();
        }
        if (p === 100) {
          await e.abort();
          log.append(p, { n: p, s: 'x' });
        } else await e.commit({ n: 40, s: 'end' });
      } else log.append(p, { n: p, s: 'x'.repeat(30) });
      if (p % 7 === 0) await log.sync();
    }
    await log.sync();
    const reader = await openLogReader<{ n: number; s: string }>({ directory, fileSystem: nodeFileSystem });
    for (const r of [log, reader]) {
      const seen: number[] = [];
      for await (const batch of r.read({ from: 33, to: 180 }))
        for (const e of batch) {
          seen.push(e.position);
          expect([...e.lines()].length).toBe(e.position % 50 || e.position === 100 ? 1 : 41);
        }
      expect(seen).toEqual(Array.from({ length: 148 }, (_, i) => i + 33));
    }
    expect(await reader.head()).toMatchObject({ position: 200, part: 40, s: 'end' });
    console.log(await reader.stats());
    await log.close();
    const again = await openLogWriter<{ n: number; s: string }>(options());
    expect(again.committed).toBe(200);
    again.append(201, { n: 1, s: '' });
    await again.sync();
    for await (const step of reader.verify()) if (step.kind !== 'segment') console.log(step);
    console.log(await reader.stats());
    console.log(await nodeFileSystem.list(directory));
    await again.close();
    await reader.close();
  });
});
