import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createReadStream, openSync, readSync, writeSync, closeSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import zlib from 'node:zlib';
import { eventually } from '../../kit/eventually.ts';
import type { FileSystem } from '../file-system.ts';
import { nodeFileSystem } from '../node-file-system.ts';
import type { LogEntry, LogReader } from './log.ts';
import { openLogWriter, type LogWriterOptions } from './open-writer.ts';
import { openLogReader } from './reader.ts';

interface Payload {
  readonly text: string;
}

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(`${tmpdir()}/banyan-log-`);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const fileSystem = nodeFileSystem;
const openWriter = (more: Partial<LogWriterOptions> = {}) =>
  openLogWriter<Payload>({
    ...{ directory, fileSystem, owner: 'the test', kind: 'change-log', name: 'shop', dense: true },
    ...more,
  });
const openReader = () => openLogReader<Payload>({ directory, fileSystem, kind: 'change-log', name: 'shop' });
const payload = (position: number): Payload => ({ text: `${position} ${'é'.repeat(position % 50)}` });

async function readAll(
  reader: LogReader<Payload>,
  from = 1,
  batchBytes = 1000,
): Promise<LogEntry<Payload>[]> {
  const entries: LogEntry<Payload>[] = [];
  for await (const batch of reader.read({ from, batchBytes })) entries.push(...batch);
  return entries;
}

/** Appends `count` entries, each tenth of them of 30 lines, a sync after each. */
async function fill(log: Awaited<ReturnType<typeof openWriter>>, count: number): Promise<void> {
  for (let position = log.committed + 1, end = position + count; position < end; position++) {
    if (position % 10 === 0) {
      const entry = log.begin(position);
      for (let line = 1; line < 30; line++) await entry.write(payload(position));
      await entry.commit(payload(position));
    } else log.append(position, payload(position));
    await log.sync();
  }
}

const sealedFiles = async (ending: string) =>
  (await fileSystem.list(directory)).filter((name) => name.endsWith(ending));

describe('a log on disk', () => {
  test('is read by its writer and by others, from any position, across segments', async () => {
    const log = await openWriter({ segmentBytes: 3000 });
    await fill(log, 100);
    const reader = await openReader();
    for (const one of [log, reader]) {
      for (const from of [1, 2, 10, 11, 57, 100, 101]) {
        const entries = await readAll(one, from);
        expect(entries.map(({ position }) => position)).toEqual(
          Array.from({ length: 101 - from }, (_, n) => from + n),
        );
        for (const entry of entries) {
          const lines = [...entry.lines()];
          expect(lines.map(({ text }) => text)).toEqual(
            Array<string>(entry.position % 10 === 0 ? 30 : 1).fill(payload(entry.position).text),
          );
          expect(lines[0]).toEqual({
            ...{ position: entry.position, previous: entry.position - 1, part: 0, last: lines.length === 1 },
            ...payload(entry.position),
          });
        }
      }
    }
    const within: number[] = [];
    for await (const batch of reader.read({ from: 20, to: 40 }))
      within.push(...batch.map(({ position }) => position));
    expect(within).toEqual(Array.from({ length: 21 }, (_, n) => n + 20));
    expect(await reader.head()).toEqual(await log.head());
    expect(await reader.stats()).toMatchObject({ entries: 100, lines: 390, first: 1, last: 100 });
    await log.close();
    await reader.close();
  });

  test.each([
    ['zst' as const, zlib.createZstdDecompress],
    ['gz' as const, zlib.createGunzip],
  ])('a sealed segment is a plain %s file of JSON lines', async (codec, decompressor) => {
    const log = await openWriter({ codec, segmentBytes: 3000 });
    await fill(log, 60);
    await log.close();
    const texts: string[] = [];
    for (const name of await sealedFiles(`.ndjson.${codec}`)) {
      const lines = createInterface({ input: createReadStream(`${directory}/${name}`).pipe(decompressor()) });
      for await (const line of lines) texts.push((JSON.parse(line) as Payload).text);
    }
    expect(texts.length).toBeGreaterThan(100);
    expect(texts[0]).toBe(payload(1).text);
  });

  test('an entry far larger than its buffer goes over many segments and is read back by blocks', async () => {
    const log = await openWriter({ segmentBytes: 2 << 20, bufferBytes: 1 << 20 });
    log.append(1, payload(1));
    const entry = log.begin(2);
    const text = 'x'.repeat(1000);
    for (let line = 0; line < 20_000; line++) await entry.write({ text });
    await entry.commit({ text: 'end' });
    log.append(3, payload(3));
    await log.sync();
    const reader = await openReader();
    for (const one of [log, reader]) {
      const [, long, after] = await readAll(one);
      let lines = 0;
      let last = '';
      for (const line of long?.lines() ?? []) [lines, last] = [lines + 1, line.text];
      expect([long?.single, lines, last, after?.position]).toEqual([undefined, 20_001, 'end', 3]);
    }
    await eventually(async () => expect((await sealedFiles('.ndjson.zst')).length).toBeGreaterThan(5));
    // Held since before it was sealed.
    const [, long] = await readAll(log);
    await log.close();
    await (await openWriter()).close();
    expect([...(long?.lines() ?? [])]).toHaveLength(20_001);
  });

  test('a follower in this process and one by the directory see all, once, as it becomes durable', async () => {
    const log = await openWriter({ segmentBytes: 3000 });
    const reader = await openReader();
    const stopping = new AbortController();
    const follow = async (one: LogReader<Payload>) => {
      const seen: number[] = [];
      for await (const batch of one.read({ from: 1, follow: true, signal: stopping.signal })) {
        for (const { position } of batch) seen.push(position);
        if (seen.at(-1) === 200) break;
      }
      return seen;
    };
    const followers = [follow(log), follow(reader), follow(reader)];
    await fill(log, 200);
    const all = Array.from({ length: 200 }, (_, n) => n + 1);
    expect(await Promise.all(followers)).toEqual([all, all, all]);
    const waiting = log.read({ from: 201, follow: true })[Symbol.asyncIterator]().next();
    await log.close();
    expect(await waiting).toMatchObject({ done: true });
    await reader.close();
  });
});

describe('a writer that is killed', () => {
  const script = `
    const { openLogWriter } = await import(${JSON.stringify(new URL('open-writer.ts', import.meta.url).href)});
    const { nodeFileSystem } = await import(${JSON.stringify(new URL('../node-file-system.ts', import.meta.url).href)});
    const log = await openLogWriter({ directory: process.argv[1], fileSystem: nodeFileSystem, owner: 'the child',
      kind: 'change-log', name: 'shop', dense: true, segmentBytes: 20000 });
    log.onDurable((durable) => process.stdout.write(durable + '\\n'));
    for (;;) {
      const position = log.committed + 1;
      if (position % 10 === 0) {
        const entry = log.begin(position);
        for (let line = 0; line < 50; line++) await entry.write({ text: position + ' ' + 'z'.repeat(100) });
        await entry.commit({ text: position + ' ' });
      } else log.append(position, { text: position + ' ' + 'z'.repeat(position % 500) });
      if (position % 3 === 0) await log.sync();
    }`;

  /** Runs the child until it told of so many syncs, kills it, and gives the last position that it called durable. */
  async function runAndKill(syncs: number): Promise<number> {
    const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let [told, count] = [0, 0];
    for await (const line of createInterface({ input: child.stdout })) {
      told = Number(line);
      if (++count === syncs) child.kill('SIGKILL');
    }
    return told;
  }

  test('leaves every entry that it was told is durable, once; a follower goes on through it all', async () => {
    const log = await openWriter();
    const reader = await openReader();
    await log.close();
    const seen: number[] = [];
    const stopping = new AbortController();
    const following = (async () => {
      for await (const batch of reader.read({ from: 1, follow: true, signal: stopping.signal })) {
        for (const entry of batch) {
          seen.push(entry.position);
          expect([...entry.lines()]).toHaveLength(entry.position % 10 === 0 ? 51 : 1);
        }
      }
    })();
    let told = 0;
    for (const syncs of [1, 30, 7, 55, 80]) told = Math.max(told, await runAndKill(syncs));
    const again = await openWriter();
    expect(again.committed).toBeGreaterThanOrEqual(told);
    const entries = await readAll(again);
    expect(entries.map(({ position }) => position)).toEqual(entries.map((_, n) => n + 1));
    await eventually(() => expect(seen).toHaveLength(again.committed));
    expect(seen).toEqual(entries.map(({ position }) => position));
    stopping.abort();
    await following;
    await again.close();
    await reader.close();
  });
});

test('a segment that was begun and has no entry yet hides no head', async () => {
  const first = await openWriter();
  await fill(first, 9);
  await first.close();
  let begun = (): void => undefined;
  const isBegun = new Promise<void>((resolve) => (begun = resolve));
  let goOn = (): void => undefined;
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  // The segment's file is there, and nothing of it is written: so a writer may be killed.
  const openAppend: FileSystem['openAppend'] = async (path) => {
    const file = await fileSystem.openAppend(path);
    if (!path.endsWith('.ndjson')) return file;
    const append: typeof file.append = async (bytes) => {
      begun();
      await gate;
      await file.append(bytes);
    };
    return { append, sync: () => file.sync(), close: () => file.close() };
  };
  const second = await openWriter({ fileSystem: { ...fileSystem, openAppend } });
  second.append(10, payload(10));
  const synced = second.sync();
  await isBegun;
  const reader = await openReader();
  for (const one of [second, reader]) {
    expect(await one.head()).toMatchObject({ position: 9 });
    expect((await readAll(one, 9)).map(({ position }) => position)).toEqual([9]);
    expect(await readAll(one, 10)).toEqual([]);
  }
  goOn();
  await synced;
  for (const one of [second, reader]) {
    expect(await one.head()).toMatchObject({ position: 10 });
    expect((await readAll(one, 10)).map(({ position }) => position)).toEqual([10]);
  }
  await second.close();
  await reader.close();
});

describe('damage is refused, and told where it is', () => {
  /** Flips a bit of a file. */
  function damage(name: string, offset: number): void {
    const file = openSync(`${directory}/${name}`, 'r+');
    const byte = Buffer.alloc(1);
    readSync(file, byte, 0, 1, offset);
    byte[0] = (byte[0] ?? 0) ^ 4;
    writeSync(file, byte, 0, 1, offset);
    closeSync(file);
  }

  async function damages(): Promise<string[]> {
    const reader = await openReader();
    const found: string[] = [];
    for await (const step of reader.verify()) if (step.kind === 'damage') found.push(step.error.message);
    await reader.close();
    return found;
  }

  test('in a sealed segment', async () => {
    const log = await openWriter({ segmentBytes: 3000 });
    await fill(log, 60);
    await eventually(async () => expect((await sealedFiles('.ndjson.zst')).length).toBeGreaterThan(2));
    await log.close();
    expect(await damages()).toEqual([]);
    const [, name = ''] = await sealedFiles('.ndjson.zst');
    damage(name, 100);
    const found = await damages();
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(name);
    const reader = await openReader();
    await expect(readAll(reader)).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    expect(await readAll(reader, 50)).toHaveLength(11);
    await reader.close();
  });

  test('in a raw segment, where what is damaged was durable', async () => {
    const log = await openWriter();
    await fill(log, 30);
    await log.close();
    const [name = ''] = await sealedFiles('.ndjson');
    const text = await readFile(`${directory}/${name}`, 'utf8');
    const offset = Buffer.byteLength(text.slice(0, text.indexOf('"position":7'))) + 60;
    damage(name, offset);
    await expect(openWriter()).rejects.toMatchObject({ code: 'LOG_CORRUPT', details: { position: 7 } });
    expect(await readFile(`${directory}/${name}`)).toHaveLength(Buffer.byteLength(text));
    const reader = await openReader();
    await expect(readAll(reader)).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    expect(await damages()).toHaveLength(1);
    await reader.close();
  });

  test('at the end of a log that was closed in order', async () => {
    const log = await openWriter();
    await fill(log, 5);
    await log.close();
    const [name = ''] = await sealedFiles('.ndjson');
    damage(name, ((await fileSystem.size(`${directory}/${name}`)) ?? 0) - 10);
    await expect(openWriter()).rejects.toThrow(
      'it ended at position 5 when it was closed, and ends at position 4 now',
    );
  });

  test('where a segment is missing', async () => {
    const log = await openWriter({ segmentBytes: 3000 });
    await fill(log, 60);
    await log.close();
    await (await openWriter()).close();
    const [first = '', second = ''] = await sealedFiles('.ndjson.zst');
    await fileSystem.remove(`${directory}/${second}`);
    const reader = await openReader();
    await expect(readAll(reader)).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    await fileSystem.remove(`${directory}/${first}`);
    await expect(readAll(reader)).rejects.toMatchObject({ code: 'LOG_CORRUPT' });
    expect(await damages()).not.toEqual([]);
    await reader.close();
  });
});

describe('what cannot be opened is told', () => {
  test('a log that has a writer, until that one closes it', async () => {
    const log = await openWriter();
    await expect(openWriter()).rejects.toMatchObject({ code: 'LOG_IN_USE', details: { pid: process.pid } });
    await expect(openWriter()).rejects.toThrow(directory);
    await log.close();
    await (await openWriter()).close();
  });

  test('a writer that was overtaken', async () => {
    const log = await openWriter();
    await fill(log, 3);
    const other = await openWriter({ takeOver: true });
    log.append(4, payload(4));
    await expect(log.sync()).rejects.toMatchObject({ code: 'LOG_FENCED' });
    await expect(log.sync()).rejects.toMatchObject({ code: 'LOG_FENCED' });
    expect(() => log.append(5, payload(5))).toThrow('no longer holds the log');
    await log.close();
    other.append(4, { text: 'other' });
    await other.sync();
    expect((await readAll(other)).at(-1)?.single).toMatchObject({ position: 4, text: 'other' });
    await other.close();
  });

  test('whoever reads up to an end, and whose log is closed before, is told; whoever follows ends', async () => {
    const log = await openWriter();
    await fill(log, 60);
    const upTo = log.read({ from: 1, batchBytes: 100 })[Symbol.asyncIterator]();
    const following = log.read({ from: 1, follow: true, batchBytes: 100 })[Symbol.asyncIterator]();
    expect((await upTo.next()).done).toBe(false);
    expect((await following.next()).done).toBe(false);
    await log.close();
    await expect(upTo.next()).rejects.toMatchObject({ code: 'LOG_CLOSED' });
    expect((await following.next()).done).toBe(true);
    await expect(readAll(log)).rejects.toMatchObject({ code: 'LOG_CLOSED' });
  });

  test('another log, no log, an unknown format, a wrong position', async () => {
    await expect(openReader()).rejects.toMatchObject({ code: 'LOG_NOT_FOUND' });
    const log = await openWriter();
    expect(() => log.append(2, payload(2))).toThrow('must be 1, not 2');
    const entry = log.begin(1);
    expect(() => log.append(1, payload(1))).toThrow('under way');
    await entry.abort();
    await log.close();
    expect(() => log.append(1, payload(1))).toThrow('has closed its log');
    await expect(openWriter({ name: 'crm' })).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
    await expect(openWriter({ dense: false })).rejects.toMatchObject({ code: 'LOG_MISMATCH' });
    await fileSystem.replace(`${directory}/log.json`, '{"format":9}');
    await expect(openReader()).rejects.toMatchObject({ code: 'LOG_FORMAT_UNKNOWN' });
  });
});
