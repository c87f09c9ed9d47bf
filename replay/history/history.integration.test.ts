import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { historyFile } from '../places.ts';
import { runSource } from '../rebuild/testing/source-process.ts';
import type { HistoryEntry } from './entry.ts';
import { appendHistory, operator, readHistory, type HistoryProblem } from './history.ts';

const child = new URL('../testing/appending.ts', import.meta.url);

let parent: string;
let directory: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'banyan-history-'));
});
afterAll(() => rm(parent, { recursive: true }));
beforeEach(async () => {
  directory = await mkdtemp(join(parent, 'h-'));
});

const entry: HistoryEntry = {
  at: '2026-03-01T00:00:00.000Z',
  who: 'ann@shop',
  action: 'promote',
  group: 'orders',
  projections: [{ name: 'order-summary', from: 1, to: 2, bundle: 'b2' }],
  why: 'a coupon was forgotten',
  epoch: 2,
  figures: { 'order-summary': { changed: 12 } },
};

describe('the history', () => {
  test('is empty at first, and gives what was written in its order', async () => {
    expect(await readHistory(directory)).toEqual([]);
    const other = {
      ...entry,
      action: 'retire',
      group: 'customers',
      projections: [{ name: 'card', from: 1, bundle: '' }],
    } as const;
    for (const one of [entry, other, { ...entry, epoch: 3 }]) await appendHistory(directory, one);
    expect(await readHistory(directory)).toEqual([entry, other, { ...entry, epoch: 3 }]);
    expect(await readHistory(directory, { limit: 1 })).toEqual([{ ...entry, epoch: 3 }]);
    expect(await readHistory(directory, { limit: 0 })).toEqual([]);
    expect(await readHistory(directory, { group: 'customers' })).toEqual([other]);
    expect(await readHistory(directory, { projection: 'order-summary', limit: 1 })).toEqual([
      { ...entry, epoch: 3 },
    ]);
  });

  test('knows who and when by itself', async () => {
    const { at: _, who: __, ...short } = entry;
    await appendHistory(directory, short);
    const [told] = await readHistory(directory);
    expect(told).toMatchObject({ ...short, who: operator() });
    expect(operator()).toMatch(/.+/);
  });

  test('refuses what is no entry', async () => {
    const wrong = { ...entry, action: 'undo' } as unknown as HistoryEntry;
    await expect(appendHistory(directory, wrong)).rejects.toMatchObject({ code: 'HISTORY_INVALID' });
    expect(await readHistory(directory)).toEqual([]);
  });

  test('is read over a torn line, which is told and spoils no other', async () => {
    await appendHistory(directory, entry);
    await appendFile(historyFile(directory), '{"at":"2026-03-01T00:00:0');
    const problems: HistoryProblem[] = [];
    const question = { onProblem: (problem: HistoryProblem) => void problems.push(problem) };
    expect(await readHistory(directory, question)).toEqual([entry]);
    await appendHistory(directory, { ...entry, epoch: 3 });
    expect(await readHistory(directory, question)).toEqual([entry, { ...entry, epoch: 3 }]);
    expect(problems.map(({ file, line }) => [file, line])).toEqual([
      [historyFile(directory), 2],
      [historyFile(directory), 2],
    ]);
  });

  test('does not tell twice what was completed for one who was only slow', async () => {
    const completed = { ...entry, who: 'bob@shop', completed: true };
    for (const one of [completed, entry, { ...completed, epoch: 5 }, { ...completed, epoch: 5 }])
      await appendHistory(directory, one);
    expect((await readHistory(directory)).map(({ who, epoch }) => [who, epoch])).toEqual([
      ['ann@shop', 2],
      ['bob@shop', 5],
    ]);
  });

  test('loses and mixes nothing when several processes write at once', async () => {
    const lines = 200;
    const writing = ['ann', 'bob', 'eve'].map(async (who) => {
      const running = runSource(child, [directory, who, String(lines)], {});
      running.stderr?.pipe(process.stderr, { end: false });
      return new Promise((resolve, reject) => running.once('error', reject).once('close', resolve));
    });
    expect(await Promise.all(writing)).toEqual([0, 0, 0]);
    const problems: HistoryProblem[] = [];
    const told = await readHistory(directory, { onProblem: (problem) => void problems.push(problem) });
    expect(problems).toEqual([]);
    for (const who of ['ann', 'bob', 'eve']) {
      const own = told.filter((one) => one.who === who).map(({ epoch }) => epoch);
      expect(own).toEqual(Array.from({ length: lines }, (_, n) => n + 1));
    }
    // Whoever meets a line that is just being written ends it once more: a blank line, and no entry.
    const text = await readFile(historyFile(directory), 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    expect(text.split('\n').filter((line) => line !== '')).toHaveLength(3 * lines);
  });
});
