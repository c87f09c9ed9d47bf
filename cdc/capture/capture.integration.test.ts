import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { BanyanError, nodeFileSystem, silentLogger } from 'banyan/runtime';
import { eventually } from '../../kit/eventually.ts';
import type { ChangeLogLine, Row } from '../change.ts';
import type { SourceChange, SourceMessage } from '../source.ts';
import { handSource, type HandSource } from '../testing/hand-source.ts';
import { startCapture } from './start-capture.ts';
import type { Capture } from './capture.ts';

const noon = '2026-01-01T12:00:00.000000Z';
const items = {
  table: 'public.items',
  columns: ['id', 'name', 'body'].map((name) => ({ name, type: 'text' })),
  key: ['id'],
};
const facts = { table: 'public.facts', columns: [{ name: 'what', type: 'text' }], key: [] };

let directory: string;
let source: HandSource;
const started: Capture[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-capture-'));
  source = handSource('shop');
});
afterEach(async () => {
  for (const capture of started.splice(0)) await capture.close();
  await rm(directory, { recursive: true, force: true });
});

async function start(more = {}): Promise<Capture> {
  const logger = silentLogger;
  const capture = await startCapture({
    source,
    directory,
    fileSystem: nodeFileSystem,
    logger,
    retryAfterMs: 1,
    ...more,
  });
  started.push(capture);
  return capture;
}

const insert = (after: Row): SourceChange => ({ op: 'insert', table: items, after });
function transaction(lsn: number, ...changes: SourceChange[]): SourceMessage[] {
  return [
    { kind: 'begin', xid: String(lsn), committedAt: noon },
    ...changes.map((change) => ({ kind: 'change', change }) as const),
    { kind: 'commit', cursor: source.cursorAt(lsn) },
  ];
}

async function durable(capture: Capture, position: number): Promise<void> {
  await eventually(() => {
    expect(capture.status().durable).toBe(position);
  });
}

async function linesOf(capture: Capture): Promise<ChangeLogLine[]> {
  const lines: ChangeLogLine[] = [];
  for await (const batch of capture.changeLog.read({ from: 1 })) {
    for (const entry of batch) lines.push(...(entry.single ? [entry.single] : entry.lines()));
  }
  return lines;
}

async function changesOf(capture: Capture): Promise<unknown[]> {
  const lines = await linesOf(capture);
  return lines.flatMap((line) => (line.kind === 'transaction' ? line.changes : []));
}

test('rows become whole, before and after, and shapes are told once', async () => {
  const capture = await start();
  source.send(transaction(1, insert({ id: '1', name: 'tea', body: 'long' })));
  source.send(
    transaction(
      2,
      { op: 'update', table: items, after: { id: '1', name: 'coffee' }, unchanged: ['body'] },
      { op: 'update', table: items, old: { id: '1' }, after: { id: '2', name: 'coffee', body: 'b' } },
      { op: 'delete', table: items, old: { id: '2' } },
      { op: 'insert', table: facts, after: { what: 'sold' } },
    ),
  );
  await durable(capture, 2);
  const place = { table: 'public.items', schema: 1 };
  expect(await changesOf(capture)).toEqual([
    { op: 'insert', ...place, after: { id: '1', name: 'tea', body: 'long' } },
    {
      op: 'update',
      ...place,
      before: { id: '1', name: 'tea', body: 'long' },
      after: { id: '1', name: 'coffee', body: 'long' },
    },
    {
      op: 'update',
      ...place,
      before: { id: '1', name: 'coffee', body: 'long' },
      after: { id: '2', name: 'coffee', body: 'b' },
    },
    { op: 'delete', ...place, before: { id: '2', name: 'coffee', body: 'b' } },
    { op: 'insert', table: 'public.facts', schema: 1, after: { what: 'sold' } },
  ]);
  const told = (await linesOf(capture)).map((line) =>
    line.kind === 'transaction' ? line.schemas?.map(({ table, version }) => [table, version]) : undefined,
  );
  expect(told).toEqual([[['public.items', 1]], [['public.facts', 1]]]);
});

test('what cannot be known is listed as unknown, not made up', async () => {
  const capture = await start();
  source.send(
    transaction(
      1,
      { op: 'update', table: items, after: { id: '9', name: 'x' }, unchanged: ['body'] },
      { op: 'delete', table: items, old: { id: '8' } },
    ),
  );
  await durable(capture, 1);
  const place = { table: 'public.items', schema: 1 };
  expect(await changesOf(capture)).toEqual([
    {
      op: 'update',
      ...place,
      before: { id: '9' },
      after: { id: '9', name: 'x' },
      unknownBefore: ['name', 'body'],
      unknownAfter: ['body'],
    },
    { op: 'delete', ...place, before: { id: '8' }, unknownBefore: ['name', 'body'] },
  ]);
});

test('a truncate is the deletion of every row', async () => {
  const capture = await start();
  source.send(
    transaction(1, insert({ id: '1', name: 'a', body: '' }), insert({ id: '2', name: 'b', body: '' })),
  );
  source.send(transaction(2, { op: 'truncate', table: items }, insert({ id: '1', name: 'c', body: '' })));
  await durable(capture, 2);
  const place = { table: 'public.items', schema: 1 };
  expect((await changesOf(capture)).slice(2)).toEqual([
    { op: 'delete', ...place, before: { id: '1', name: 'a', body: '' }, truncated: true },
    { op: 'delete', ...place, before: { id: '2', name: 'b', body: '' }, truncated: true },
    { op: 'insert', ...place, after: { id: '1', name: 'c', body: '' } },
  ]);
});

test('a new shape is a new version; an older shape is its old version again', async () => {
  const capture = await start();
  const wider = { ...items, columns: [...items.columns, { name: 'price', type: 'numeric' }] };
  source.send(transaction(1, insert({ id: '1', name: 'a', body: '' })));
  source.send(
    transaction(2, { op: 'update', table: wider, after: { id: '1', name: 'a', body: '', price: null } }),
  );
  source.send(
    transaction(3, { op: 'update', table: { ...items }, after: { id: '1', name: 'a', body: 'x' } }),
  );
  await durable(capture, 3);
  expect(await changesOf(capture)).toMatchObject([
    { schema: 1 },
    { schema: 2, before: { id: '1' }, unknownBefore: ['price'], after: { price: null } },
    { schema: 1, before: { id: '1', name: 'a', body: '' } },
  ]);
});

test('a row is existing once: read again, it is logged where it differs; nothing new is a transaction too', async () => {
  const capture = await start();
  const read = (after: Row): SourceChange => ({ op: 'existing', table: items, after });
  const row = { id: '1', name: 'a', body: '' };
  source.send(transaction(1, read(row)));
  source.send(transaction(2, read(row)));
  source.send(transaction(3, read({ ...row, name: 'b' }), read({ id: '2', name: 'c', body: '' })));
  await durable(capture, 3);
  const place = { table: 'public.items', schema: 1 };
  const [first, second, third] = await linesOf(capture);
  expect(first).toMatchObject({ changes: [{ op: 'existing', ...place, after: row }] });
  expect(second).toMatchObject({ kind: 'transaction', xid: '2', changes: [] });
  expect(third).toMatchObject({
    changes: [
      { op: 'update', ...place, before: row, after: { ...row, name: 'b' } },
      { op: 'existing', ...place, after: { id: '2', name: 'c', body: '' } },
    ],
  });
  await eventually(() => {
    expect(source.acknowledged).toEqual(source.cursorAt(3));
  });
});

test('a row that is read again tells a column that was unknown', async () => {
  const capture = await start();
  const wider = { ...items, columns: [...items.columns, { name: 'price', type: 'numeric' }] };
  source.send(transaction(1, insert({ id: '1', name: 'a', body: '' })));
  const after = { id: '1', name: 'a', body: '', price: '1.50' };
  source.send(transaction(2, { op: 'existing', table: wider, after }));
  await durable(capture, 2);
  expect((await changesOf(capture)).at(-1)).toEqual({
    op: 'update',
    table: 'public.items',
    schema: 2,
    before: { id: '1', name: 'a', body: '' },
    unknownBefore: ['price'],
    after,
  });
});

test('an insert of a key that is known is logged as the end of the row before, and a new one', async () => {
  const capture = await start();
  source.send(transaction(1, insert({ id: '1', name: 'a', body: '' })));
  source.send(
    transaction(
      2,
      insert({ id: '1', name: 'b', body: '' }),
      // Its key tells that the row above is meant, and that there is none below: the one before went unseen.
      { op: 'delete', table: items, old: { id: '1' } },
    ),
  );
  await durable(capture, 2);
  const place = { table: 'public.items', schema: 1 };
  expect((await changesOf(capture)).slice(1)).toEqual([
    { op: 'delete', ...place, before: { id: '1', name: 'a', body: '' } },
    { op: 'insert', ...place, after: { id: '1', name: 'b', body: '' } },
    { op: 'delete', ...place, before: { id: '1', name: 'b', body: '' } },
  ]);
});

describe('a key that has changed', () => {
  const numbered = (type: string, key: readonly string[] = ['id']): SourceChange['table'] => ({
    table: 'public.numbered',
    columns: [
      { name: 'id', type },
      { name: 'name', type: 'text' },
    ],
    key,
  });

  test('moves the rows, a few at a time, and logs those whose key has another form', async () => {
    const capture = await start({ rowLimits: { memoryBytes: 5000, flushBytes: 1000 }, lineBytes: 2000 });
    const ids = Array.from({ length: 300 }, (_, id) => id);
    const rows = ids.map((id): SourceChange => ({
      op: 'insert',
      table: numbered('int4'),
      after: { id, name: 'n' },
    }));
    source.send(transaction(1, ...rows));
    const after = { id: '7', name: 'seven' };
    source.send(transaction(2, { op: 'update', table: numbered('int8'), after }));
    source.send(transaction(3, { op: 'delete', table: numbered('int8'), old: { id: '8' } }));
    await durable(capture, 3);
    const changes = (await changesOf(capture)).slice(300);
    const place = { table: 'public.numbered', schema: 2 };
    expect(changes.slice(0, 300)).toEqual(
      ids.map((id) => ({
        op: 'update',
        ...place,
        before: { id, name: 'n' },
        after: { id: String(id), name: 'n' },
      })),
    );
    expect(changes.slice(300)).toEqual([
      { op: 'update', ...place, before: { id: '7', name: 'n' }, after },
      { op: 'delete', ...place, before: { id: '8', name: 'n' } },
    ]);
  });

  test.each([
    ['whose values cannot be told', numbered('uuid'), 'what a int4 becomes as uuid cannot be told'],
    ['that two rows would have', numbered('int4', ['name']), 'two rows would have the same key'],
    [
      'of a column that was added',
      { ...numbered('int4', ['no']), columns: [...numbered('int4').columns, { name: 'no', type: 'int4' }] },
      '"no" is unknown for rows of before',
    ],
  ])('to one %s stops capture, and says what to do', async (_, table, why) => {
    const capture = await start();
    const insertAs = (shape: SourceChange['table'], id: number): SourceChange => ({
      op: 'insert',
      table: shape,
      after: { id, name: 'n', no: id },
    });
    source.send(transaction(1, insertAs(numbered('int4'), 1), insertAs(numbered('int4'), 2)));
    await durable(capture, 1);
    source.send(transaction(2, insertAs(table, 3)));
    await expect(capture.ended).rejects.toMatchObject({
      code: 'CAPTURE_KEY_CHANGED',
      message: expect.stringContaining(why) as unknown,
    });
    expect(capture.status().durable).toBe(1);
  });
});

describe('it acknowledges', () => {
  test('what is durable, and no more', async () => {
    const acknowledged: (string | undefined)[] = [];
    const capture = await start({ onDurable: () => acknowledged.push(source.acknowledged?.lsn) });
    source.send(transaction(1, insert({ id: '1', name: 'a', body: '' })));
    await durable(capture, 1);
    source.send(transaction(2, insert({ id: '2', name: 'a', body: '' })).slice(0, 2));
    source.send([]);
    await eventually(() => {
      expect(source.isDrained).toBe(true);
    });
    expect(source.acknowledged).toEqual(source.cursorAt(1));
    expect(acknowledged).toEqual(['0/1']);
  });

  test('idle time by ticks, at most one in a while', async () => {
    const now = { at: 5000 };
    const hour = 3_600_000;
    const capture = await start({ clock: { now: () => now.at }, tickEveryMs: hour });
    const idle = (lsn: number, second: number): SourceMessage => ({
      kind: 'idle',
      cursor: source.cursorAt(lsn),
      at: `2026-01-01T12:00:0${String(second)}.000000Z`,
    });
    source.send([idle(1, 1)]);
    await durable(capture, 1);
    source.send([idle(2, 2), idle(3, 3)]);
    await eventually(() => {
      expect(source.isDrained).toBe(true);
    });
    expect(source.acknowledged).toEqual(source.cursorAt(1));
    now.at += hour;
    source.send([idle(4, 4)]);
    await durable(capture, 2);
    expect(source.acknowledged).toEqual(source.cursorAt(4));
    expect((await linesOf(capture)).map(({ kind, logTime }) => [kind, logTime])).toEqual([
      ['tick', '2026-01-01T12:00:01.000000Z'],
      ['tick', '2026-01-01T12:00:04.000000Z'],
    ]);
  });

  test('idle time that came too early, though the source tells no more', async () => {
    const capture = await start({ tickEveryMs: 50 });
    source.send(transaction(1, insert({ id: '1', name: 'a', body: '' })));
    source.send([{ kind: 'idle', cursor: source.cursorAt(2), at: noon }]);
    await durable(capture, 2);
    expect(source.acknowledged).toEqual(source.cursorAt(2));
  });
});

describe('a lost source', () => {
  const lost = (): BanyanError => new BanyanError('SOURCE_DISCONNECTED', 'gone', { retryable: true });

  test('is opened again behind the log; the transaction that was cut off comes again whole', async () => {
    const capture = await start();
    source.send(transaction(1, insert({ id: '1', name: 'a', body: '' })));
    source.send(transaction(2, insert({ id: '2', name: 'b', body: '' })).slice(0, 2));
    source.fail(lost());
    await eventually(() => {
      expect(source.opened.at(-1)).toEqual(source.cursorAt(1));
    });
    source.send(transaction(2, insert({ id: '2', name: 'c', body: '' })));
    source.send(
      transaction(3, { op: 'update', table: items, after: { id: '2', name: 'd' }, unchanged: ['body'] }),
    );
    await durable(capture, 3);
    expect((await changesOf(capture)).slice(1)).toMatchObject([
      { op: 'insert', after: { id: '2', name: 'c' } },
      { op: 'update', before: { name: 'c', body: '' }, after: { name: 'd', body: '' } },
    ]);
  });

  test('may tell again what the log has', async () => {
    const capture = await start();
    const first = transaction(1, insert({ id: '1', name: 'a', body: '' }));
    source.send(first);
    source.send(transaction(2, { op: 'delete', table: items, old: { id: '1' } }));
    await durable(capture, 2);
    source.fail(lost());
    source.send(first);
    source.send(transaction(2, { op: 'delete', table: items, old: { id: '1' } }));
    source.send(transaction(3, { op: 'delete', table: items, old: { id: '1' } }));
    await durable(capture, 3);
    expect((await changesOf(capture)).at(-1)).toMatchObject({ unknownBefore: ['name', 'body'] });
    expect(await linesOf(capture)).toHaveLength(3);
  });

  test('that cannot come back stops it with what was wrong', async () => {
    const capture = await start();
    source.send(transaction(1, insert({ id: '1', name: 'a', body: '' })));
    source.fail(new BanyanError('SOURCE_WAL_LEVEL', 'wal_level is replica'));
    await expect(capture.ended).rejects.toMatchObject({ code: 'SOURCE_WAL_LEVEL' });
    expect(capture.status()).toMatchObject({ state: { kind: 'failed' }, durable: 1 });
    expect(await changesOf(capture)).toHaveLength(1);
  });
});

describe('started again', () => {
  const more = (): SourceMessage[] =>
    transaction(2, { op: 'update', table: items, after: { id: '1', name: 'b' }, unchanged: ['body'] });

  test.each([
    ['it goes on behind its log, with its rows', undefined],
    ['it makes its rows again from the log when they are lost', 'rows'],
  ])('%s', async (_, removed) => {
    const first = await start();
    source.send(transaction(1, insert({ id: '1', name: 'a', body: 'long' })));
    await durable(first, 1);
    await first.close();
    if (removed) await rm(join(directory, removed), { recursive: true });
    const second = await start();
    source.send(more());
    await durable(second, 2);
    expect(source.opened.at(-1)).toEqual(source.cursorAt(1));
    expect((await changesOf(second)).at(-1)).toMatchObject({
      before: { id: '1', name: 'a', body: 'long' },
      after: { id: '1', name: 'b', body: 'long' },
      schema: 1,
    });
    expect(
      (await linesOf(second)).filter((line) => line.kind === 'transaction' && line.schemas),
    ).toHaveLength(1);
  });

  test('it goes on where a tick ended its log', async () => {
    const first = await start();
    source.send(transaction(1, insert({ id: '1', name: 'a', body: 'long' })));
    await durable(first, 1);
    await first.close();
    const second = await start({ tickEveryMs: 0 });
    source.send([{ kind: 'idle', cursor: source.cursorAt(5), at: noon }]);
    await durable(second, 2);
    await second.close();
    await start();
    await eventually(() => {
      expect(source.opened.at(-1)).toEqual(source.cursorAt(5));
    });
  });
});

test('a large transaction is several lines; a second capture of the log is refused', async () => {
  const capture = await start({ lineBytes: 2000 });
  const rows = Array.from({ length: 500 }, (_, id) => insert({ id: String(id), name: 'n', body: 'b' }));
  source.send(transaction(1, ...rows));
  await durable(capture, 1);
  expect((await linesOf(capture)).length).toBeGreaterThan(10);
  expect(capture.status()).toMatchObject({ transactions: 1, changes: 500, state: { kind: 'streaming' } });
  await expect(start()).rejects.toMatchObject({ code: 'LOG_IN_USE' });
});
