import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { nodeFileSystem } from 'banyan/runtime';
import { openChangeLog, type ChangeLog } from './change-log.ts';
import type { Change, ChangeLogLine, Cursor } from './change.ts';

let directory: string;
let log: ChangeLog;

const open = (): Promise<ChangeLog> =>
  openChangeLog({ directory, fileSystem: nodeFileSystem, source: 'shop', lineBytes: 500 });
const at = (lsn: string, system = '1'): Cursor => ({ system, timeline: 1, lsn: `0/${lsn}` });
const insert = (id: number): Change => ({ op: 'insert', table: 'public.t', schema: 1, after: { id } });
const noon = '2026-01-01T12:00:00.000000Z';
const before = '2026-01-01T11:59:59.999999Z';
const after = '2026-01-01T12:00:00.000001Z';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-change-log-'));
  log = await open();
});
afterEach(async () => {
  await log.close();
  await rm(directory, { recursive: true, force: true });
});

async function commit(cursor: Cursor, committedAt: string, changes: readonly Change[]): Promise<string> {
  const append = log.begin('7', committedAt);
  for (const change of changes) await append.add(change);
  const outcome = await append.commit(cursor);
  await log.sync();
  return outcome;
}

async function linesOf(reader: ChangeLog): Promise<ChangeLogLine[]> {
  const lines: ChangeLogLine[] = [];
  for await (const batch of reader.read({ from: 1 })) {
    for (const entry of batch) lines.push(...(entry.single ? [entry.single] : entry.lines()));
  }
  return lines;
}

test('positions are dense, and what was logged is there after opening again', async () => {
  await commit(at('10'), noon, [insert(1)]);
  log.tick(after, at('18'));
  await commit(at('20'), after, [insert(2)]);
  await log.close();
  log = await open();
  expect({ position: log.position, durable: log.durable, cursor: log.cursor, logTime: log.logTime }).toEqual({
    position: 3,
    durable: 3,
    cursor: at('20'),
    logTime: after,
  });
  expect((await linesOf(log)).map(({ kind }) => kind)).toEqual(['transaction', 'tick', 'transaction']);
});

test('a transaction that the log has already is skipped, small or large', async () => {
  await commit(at('10'), noon, [insert(1)]);
  await commit(at('A0'), noon, [insert(2)]);
  const many = Array.from({ length: 50 }, (_, id) => insert(id));
  expect(await commit(at('A0'), noon, [insert(2)])).toBe('skipped');
  expect(await commit(at('20'), noon, many)).toBe('skipped');
  expect(await commit(at('1F0'), noon, [insert(3)])).toBe('logged');
  expect(log.position).toBe(3);
  expect(await linesOf(log)).toHaveLength(3);
});

test('log time does not go back when the clock of the source does', async () => {
  await commit(at('10'), noon, [insert(1)]);
  await commit(at('20'), before, [insert(2)]);
  log.tick(before, at('28'));
  await commit(at('30'), after, [insert(3)]);
  const lines = await linesOf(log);
  expect(lines.map(({ logTime }) => logTime)).toEqual([noon, noon, noon, after]);
  expect(lines[1]).toMatchObject({ committedAt: before });
});

test('a large transaction is several lines of bounded size, and its shapes are told once', async () => {
  const schema = { table: 'public.t', version: 1, columns: [{ name: 'id', type: 'int4' }], key: ['id'] };
  const append = log.begin('8', noon);
  for (let id = 0; id < 50; id++) await append.add(insert(id), id === 20 ? schema : undefined);
  expect(await append.commit(at('10'))).toBe('logged');
  await log.sync();
  const lines = await linesOf(log);
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) expect(JSON.stringify(line).length).toBeLessThan(1100);
  expect(lines.flatMap((line) => (line.kind === 'transaction' ? line.changes : []))).toHaveLength(50);
  expect(lines.flatMap((line) => (line.kind === 'transaction' ? (line.schemas ?? []) : []))).toEqual([
    schema,
  ]);
  expect(lines.at(-1)?.cursor).toEqual(at('10'));
  expect(log.position).toBe(1);
});

test('a transaction that is aborted was never there', async () => {
  const append = log.begin('8', noon);
  for (let id = 0; id < 50; id++) await append.add(insert(id));
  await append.abort();
  expect(await commit(at('10'), noon, [insert(1)])).toBe('logged');
  expect(await linesOf(log)).toHaveLength(1);
});

test('another database cluster is not taken for the same history', async () => {
  await commit(at('10'), noon, [insert(1)]);
  await expect(commit(at('20', '2'), noon, [insert(1)])).rejects.toMatchObject({
    code: 'SOURCE_HISTORY_BROKEN',
  });
});
