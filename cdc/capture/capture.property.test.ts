import { expect, test } from '@jest/globals';
import { canonicalJson, openLogReader, silentLogger, type FileSystem } from 'banyan/runtime';
import fc from 'fast-check';
import { crashDisk, type CrashProcess } from '../../kit/crash-file-system.ts';
import { eventually } from '../../kit/eventually.ts';
import { seeded } from '../../kit/seeded.ts';
import { randomHistory } from '../../kit/whole-path/history.ts';
import { wholeChanges } from '../../kit/whole-path/oracle.ts';
import { scriptedSource, type ScriptedSource } from '../../kit/whole-path/scripted-source.ts';
import type { ChangeLogLine } from '../change.ts';
import { startCapture } from './start-capture.ts';

const numRuns = process.env['BANYAN_LONG'] ? 1000 : 30;

/*
 * G1: the log is the commits, each once and whole, whenever the process dies or the power fails. Row state lies in
 * real files on the disk that crashes, with bounds so small that it is written, moved to scratch and cut off all the
 * time. (The whole path, with translations and views, is in `kit/whole-path`.)
 */
test('the log is the commits, wherever capture dies', async () => {
  const deaths = fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 40 }), deaths, async (seed, length, lives) => {
      const random = seeded(seed);
      const commits = randomHistory(random, length);
      const source = scriptedSource('shop', commits, random);
      const disk = crashDisk({ random });
      for (const operations of lives) {
        const process = disk.process();
        process.killAt(operations);
        await live(source, process, random, length);
        if (random() < 0.5) disk.crash();
      }
      const last = disk.process();
      await live(source, last, random, length);
      const expected = wholeChanges(commits).map((changes) => changes.map((change) => canonicalJson(change)));
      const found = await transactionsOf(last);
      expect(found.map(({ xid }) => xid)).toEqual(commits.map(({ xid }) => xid));
      expect(found.map(({ changes }) => changes)).toEqual(expected);
    }),
    { numRuns },
  );
}, 900_000);

/** Captures until the process dies, or the log has every commit. */
async function live(
  source: ScriptedSource,
  process: CrashProcess,
  random: () => number,
  commits: number,
): Promise<void> {
  const capture = await startCapture({
    source,
    directory: '/capture',
    fileSystem: process,
    logger: silentLogger,
    rowLimits: {
      flushChanges: 1 + Math.floor(random() * 5),
      writeChanges: 2,
      memoryBytes: 300 + Math.floor(random() * 2000),
    },
    lineBytes: 300,
    retryAfterMs: 1,
  }).catch((error: unknown) => {
    if (process.dead) return undefined;
    throw error;
  });
  if (!capture) return;
  const finished = eventually(() => {
    if (process.dead) return;
    const { state } = capture.status();
    if (state.kind === 'failed') throw state.error;
    expect(source.acknowledged).toBe(commits);
  });
  await Promise.race([finished, capture.ended.catch(() => undefined)]);
  if (!process.dead) expect(capture.status().state).toMatchObject({ kind: 'streaming' });
  await capture.close().catch((error: unknown) => {
    if (!process.dead) throw error;
  });
}

async function transactionsOf(fileSystem: FileSystem): Promise<{ xid: string; changes: string[] }[]> {
  const reader = await openLogReader<ChangeLogLine>({ directory: '/capture/change-log', fileSystem });
  const found: { xid: string; changes: string[] }[] = [];
  for await (const batch of reader.read({ from: 1 })) {
    for (const entry of batch) {
      const lines = [...entry.lines()].filter((line) => line.kind === 'transaction');
      const changes = lines.flatMap((line) =>
        line.changes.map(({ schema: _, ...change }) => canonicalJson(change)),
      );
      if (lines[0]) found.push({ xid: lines[0].xid, changes });
    }
  }
  await reader.close();
  return found;
}
