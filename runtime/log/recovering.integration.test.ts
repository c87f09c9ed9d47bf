import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import {
  heldAtNaming,
  heldAtReading,
  heldAtSealing,
  heldAtTelling,
  heldAtTidying,
} from '../../kit/gated-file-system.ts';
import type { FileSystem } from '../file-system.ts';
import { nodeFileSystem } from '../node-file-system.ts';
import type { LogReader, LogWriter } from './log.ts';
import { openLogWriter } from './open-writer.ts';
import { openLogReader, type SegmentLogReader } from './reader.ts';

/*
 * What others see of a log whose writer was killed, while the next one recovers it.
 */
interface Payload {
  readonly text: string;
}

let directory: string;
const opened: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  directory = await mkdtemp(`${tmpdir()}/banyan-recovering-`);
});
afterEach(async () => {
  // Overtaken, most of them.
  for (const one of opened.splice(0).reverse()) await one.close().catch(() => undefined);
  await rm(directory, { recursive: true, force: true });
});

async function openWriter(fileSystem = nodeFileSystem): Promise<LogWriter<Payload>> {
  const log = { owner: 'the test', kind: 'change-log', name: 'shop', dense: true };
  const writer = await openLogWriter<Payload>({ directory, fileSystem, ...log, takeOver: true });
  opened.push(writer);
  return writer;
}

/** Of another process, that does not wait. */
async function openReader(): Promise<SegmentLogReader<Payload>> {
  const reader = await openLogReader<Payload>({ directory, fileSystem: nodeFileSystem, patienceMs: 0 });
  opened.push(reader);
  return reader;
}

/** A writer that was killed, in so far as a process can do that to itself: its log is neither sealed nor closed. */
async function killedWriter(): Promise<LogWriter<Payload>> {
  const writer = await openWriter();
  await append(writer, 1, 2, 3, 4, 5);
  return writer;
}

async function append(writer: LogWriter<Payload>, ...positions: number[]): Promise<void> {
  for (const position of positions) writer.append(position, { text: String(position) });
  await writer.sync();
}

async function positions(reader: LogReader<Payload>, from = 1): Promise<number[]> {
  const seen: number[] = [];
  for await (const batch of reader.read({ from })) seen.push(...batch.map(({ position }) => position));
  return seen;
}

describe('while a new writer recovers a log', () => {
  test('others see all of it, and go on so when it dies', async () => {
    await killedWriter();
    const { fileSystem, reached } = heldAtSealing();
    // It never goes on.
    void openWriter(fileSystem);
    await reached;
    const reader = await openReader();
    expect(await reader.head()).toMatchObject({ position: 5, text: '5' });
    expect(await positions(reader)).toEqual([1, 2, 3, 4, 5]);
    expect(await positions(await openReader(), 5)).toEqual([5]);
    expect(await reader.stats()).toMatchObject({ entries: 5, last: 5 });
    // The one after it, too, and the log goes on.
    const next = await openWriter();
    await append(next, 6);
    for (const one of [reader, await openReader()]) expect(await positions(one)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test.each([
    ['has found out where it ends', heldAtReading],
    ['has told where it ends', heldAtTelling],
  ])('others wait until it %s, and are refused when that takes too long', async (_, gateOf) => {
    await killedWriter();
    const knowing = await openReader();
    expect(await positions(knowing)).toEqual([1, 2, 3, 4, 5]);
    const { fileSystem, reached, open } = gateOf();
    const recovering = openWriter(fileSystem);
    await reached;
    const refused = { code: 'LOG_UNSETTLED', retryable: true, details: { directory } };
    for (const reader of [knowing, await openReader()]) {
      await expect(reader.head()).rejects.toMatchObject(refused);
      await expect(positions(reader)).rejects.toMatchObject(refused);
      await expect(reader.stats()).rejects.toMatchObject(refused);
      await expect(reader.verify()[Symbol.asyncIterator]().next()).rejects.toMatchObject(refused);
    }
    const patient = await openLogReader<Payload>({ directory, fileSystem: nodeFileSystem });
    opened.push(patient);
    const head = patient.head();
    open();
    expect(await head).toMatchObject({ position: 5 });
    await recovering;
    expect(await positions(knowing)).toEqual([1, 2, 3, 4, 5]);
  });

  test('whoever follows has what it can have, and the rest when it is there', async () => {
    await killedWriter();
    const reader = await openReader();
    const following = reader.read({ from: 1, follow: true, batchBytes: 1 })[Symbol.asyncIterator]();
    expect((await following.next()).value).toMatchObject([{ position: 1 }]);
    const { fileSystem, reached, open } = heldAtReading();
    const recovering = openWriter(fileSystem);
    await reached;
    for (const position of [2, 3, 4, 5]) expect((await following.next()).value).toMatchObject([{ position }]);
    const sixth = following.next();
    open();
    await append(await recovering, 6);
    expect((await sixth).value).toMatchObject([{ position: 6 }]);
    await following.return?.();
  });

  test('others see nothing that an overtaken writer still appends', async () => {
    const old = await killedWriter();
    const { fileSystem, reached, open } = heldAtSealing();
    const recovering = openWriter(fileSystem);
    await reached;
    await expect(append(old, 6)).rejects.toMatchObject({ code: 'LOG_FENCED' });
    expect(await (await openReader()).head()).toMatchObject({ position: 5 });
    open();
    expect((await recovering).committed).toBe(5);
  });

  test('one that gives up before it changed anything leaves all of it to others', async () => {
    await killedWriter();
    const failing: FileSystem = {
      ...nodeFileSystem,
      openRead: () => Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })),
    };
    await expect(openWriter(failing)).rejects.toMatchObject({ code: 'LOG_FAILED' });
    expect(await positions(await openReader())).toEqual([1, 2, 3, 4, 5]);
  });

  test('one that is killed before it told anything leaves all of it to others', async () => {
    await killedWriter();
    const urlOf = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
    const script = `
      const { openLogWriter } = await import(${urlOf('open-writer.ts')});
      const { nodeFileSystem } = await import(${urlOf('../node-file-system.ts')});
      const openRead = () => { process.stdout.write('reading'); return new Promise(() => setInterval(() => {}, 1e6)); };
      await openLogWriter({ directory: process.argv[1], fileSystem: { ...nodeFileSystem, openRead }, takeOver: true,
        owner: 'the child', kind: 'change-log', name: 'shop', dense: true });`;
    const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await once(child.stdout, 'data');
    const reader = await openReader();
    await expect(reader.head()).rejects.toMatchObject({ code: 'LOG_UNSETTLED' });
    child.kill('SIGKILL');
    await ended;
    expect(await positions(reader)).toEqual([1, 2, 3, 4, 5]);
    expect((await openWriter()).committed).toBe(5);
  });

  test('a log that was closed in order is seen whole at once', async () => {
    await (await killedWriter()).close();
    const { fileSystem, reached, open } = heldAtReading();
    const recovering = openWriter(fileSystem);
    await reached;
    expect(await positions(await openReader())).toEqual([1, 2, 3, 4, 5]);
    open();
    await recovering;
  });
});

describe('a writer that takes a log from one that recovers it', () => {
  test('keeps what that one told that it keeps, and no more', async () => {
    const old = await killedWriter();
    const { fileSystem, reached, open } = heldAtSealing();
    const overtaken = openWriter(fileSystem).catch((error: unknown) => error);
    await reached;
    await expect(append(old, 6)).rejects.toMatchObject({ code: 'LOG_FENCED' });
    // The first one seals without it, now or later.
    const next = await openWriter();
    expect(next.committed).toBe(5);
    open();
    await overtaken;
    await append(next, 6);
    expect(await positions(await openReader())).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await positions(await openWriter())).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('leaves it the index of what it is about to seal', async () => {
    await killedWriter();
    const [naming, tidying] = [heldAtNaming(), heldAtTidying()];
    const overtaken = openWriter(naming.fileSystem).catch((error: unknown) => error);
    await naming.reached;
    const next = openWriter(tidying.fileSystem);
    await tidying.reached;
    naming.open();
    await overtaken;
    tidying.open();
    expect((await next).committed).toBe(5);
    expect(await positions(await openReader())).toEqual([1, 2, 3, 4, 5]);
  });

  test('is not touched by it when it goes on late', async () => {
    await killedWriter();
    const { fileSystem, reached, open } = heldAtNaming();
    const overtaken = openWriter(fileSystem);
    await reached;
    const next = await openWriter();
    await append(next, 6);
    open();
    await expect(overtaken).rejects.toMatchObject({ code: 'LOG_FENCED' });
    await append(next, 7);
    expect(await positions(await openReader())).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  test('stops it if it has not told that yet', async () => {
    const old = await killedWriter();
    const { fileSystem, reached, open } = heldAtTelling();
    const overtaken = openWriter(fileSystem);
    await reached;
    await expect(append(old, 6)).rejects.toMatchObject({ code: 'LOG_FENCED' });
    const next = await openWriter();
    // Nobody was told of the sixth, and nobody that it is not there.
    expect(next.committed).toBe(6);
    open();
    await expect(overtaken).rejects.toMatchObject({ code: 'LOG_FENCED' });
    await append(next, 7);
    expect(await positions(await openReader())).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });
});
