import { describe, expect, test } from '@jest/globals';
import { crashDisk, type CrashDisk } from '../../kit/crash-file-system.ts';
import { seeded } from '../../kit/seeded.ts';
import type { FileSystem } from '../file-system.ts';
import { nodeFileSystem } from '../node-file-system.ts';
import type { LogReader } from './log.ts';
import { openLogWriter } from './open-writer.ts';
import { openLogReader } from './reader.ts';

interface Payload {
  readonly text: string;
}

const newDisk = () => crashDisk({ random: seeded(1) });
const openWriter = (disk: CrashDisk, fileSystem: FileSystem = disk.process(), bufferBytes = 4 << 20) =>
  openLogWriter<Payload>({
    ...{
      directory: '/log',
      fileSystem,
      owner: 'the capture of "shop"',
      kind: 'change-log',
      name: 'shop',
      dense: true,
    },
    ...{ bufferBytes, isAlive: () => false },
  });

async function positions(reader: LogReader<Payload>): Promise<number[]> {
  const seen: number[] = [];
  for await (const batch of reader.read({ from: 1 })) seen.push(...batch.map(({ position }) => position));
  return seen;
}

async function withThree(disk: CrashDisk, bufferBytes?: number) {
  const log = await openWriter(disk, disk.process(), bufferBytes);
  for (const position of [1, 2, 3]) log.append(position, { text: `${position}` });
  await log.sync();
  return log;
}

describe('a disk that refuses', () => {
  test.each([
    ['EACCES', 'create', 'LOG_NOT_WRITABLE', 'is not writable'],
    ['EROFS', 'create', 'LOG_NOT_WRITABLE', 'is not writable'],
    ['ENOSPC', 'create', 'LOG_DISK_FULL', 'no space is left'],
    ['EIO', 'syncDirectory', 'LOG_FAILED', 'Check the disk'],
  ] as const)('%s when the log is opened', async (error, operation, code, says) => {
    const disk = newDisk();
    disk.fault = (at) => (at === operation ? error : undefined);
    await expect(openWriter(disk)).rejects.toMatchObject({
      code,
      details: { directory: '/log', code: error },
    });
    await expect(openWriter(disk)).rejects.toThrow(says);
    await expect(openWriter(disk)).rejects.toThrow('the capture of "shop"');
  });

  test('once the log is taken, and lets go of it', async () => {
    const disk = newDisk();
    await (await withThree(disk)).close();
    const process = disk.process();
    let isTaken = false;
    const failing: FileSystem = {
      ...nodeFileSystem,
      makeDirectory: (path) => process.makeDirectory(path),
      list: (path) => process.list(path),
      readWhole: (path) =>
        isTaken ? Promise.reject(Object.assign(new Error('EIO'), { code: 'EIO' })) : process.readWhole(path),
      createExclusive: async (path, content) => (isTaken = await process.createExclusive(path, content)),
      replace: (path, content) => process.replace(path, content),
    };
    await expect(openWriter(disk, failing)).rejects.toMatchObject({ code: 'LOG_FAILED' });
    // As far as can be seen its process still runs.
    const again = await openLogWriter<Payload>({
      ...{ directory: '/log', fileSystem: disk.process(), owner: 'another', dense: true },
      ...{ kind: 'change-log', name: 'shop', isAlive: () => true },
    });
    expect(await positions(again)).toEqual([1, 2, 3]);
    await again.close();
  });

  test.each([
    ['ENOSPC', 'append', 'LOG_DISK_FULL'],
    ['EACCES', 'append', 'LOG_NOT_WRITABLE'],
    ['EIO', 'sync', 'LOG_FAILED'],
  ] as const)(
    '%s when it %ss: the writer refuses everything, what was acknowledged stays',
    async (error, operation, code) => {
      const disk = newDisk();
      const log = await withThree(disk);
      disk.fault = (at) => (at === operation ? error : undefined);
      log.append(4, { text: '4' });
      const [first, second] = [log.sync(), log.sync()];
      await expect(first).rejects.toMatchObject({ code });
      await expect(second).rejects.toMatchObject({ code });
      disk.fault = undefined;
      // An fsync that failed once is never asked again as though all were well.
      await expect(log.sync()).rejects.toMatchObject({ code });
      await expect(log.ready()).rejects.toMatchObject({ code });
      expect(() => log.append(5, { text: '5' })).toThrow();
      expect(() => log.begin(5)).toThrow();
      expect(log.durable).toBe(3);
      expect(await positions(log)).toEqual([1, 2, 3]);
      await log.close();
      const again = await openWriter(disk);
      expect((await positions(again)).slice(0, 3)).toEqual([1, 2, 3]);
      await again.close();
    },
  );

  test('a full disk, and space again', async () => {
    const disk = newDisk();
    const log = await withThree(disk);
    disk.capacity = 0;
    log.append(4, { text: '4' });
    await expect(log.sync()).rejects.toMatchObject({ code: 'LOG_DISK_FULL' });
    await log.close();
    await expect(openWriter(disk)).rejects.toMatchObject({ code: 'LOG_DISK_FULL' });
    disk.capacity = Infinity;
    const again = await openWriter(disk);
    expect(await positions(again)).toEqual([1, 2, 3]);
    await again.close();
  });
});

describe('a reader in another process', () => {
  test('does not trust what it cannot make durable', async () => {
    const disk = newDisk();
    // A small buffer: lines are written before they are synced.
    const log = await withThree(disk, 400);
    for (let position = 4; position < 20; position++) {
      log.append(position, { text: 'x'.repeat(50) });
      await log.ready();
    }
    const reader = await openLogReader<Payload>({ directory: '/log', fileSystem: disk.process() });
    disk.fault = (operation) => (operation === 'sync' ? 'EIO' : undefined);
    await expect(positions(reader)).rejects.toMatchObject({ code: 'EIO' });
    disk.fault = undefined;
    const seen = await positions(reader);
    expect(seen.length).toBeGreaterThan(3);
    disk.crash();
    const again = await openWriter(disk);
    expect((await positions(again)).slice(0, seen.length)).toEqual(seen);
  });

  test('does not trust a writer that is overtaken while it looks', async () => {
    const disk = newDisk();
    await withThree(disk);
    const process = disk.process();
    let overtaken = 0;
    const racing: FileSystem = Object.assign(Object.create(process) as FileSystem, {
      makeDirectory: process.makeDirectory.bind(process),
      list: process.list.bind(process),
      listSync: process.listSync.bind(process),
      size: process.size.bind(process),
      readWhole: process.readWhole.bind(process),
      syncDirectory: process.syncDirectory.bind(process),
      openRead: async (path: string) => {
        const file = await process.openRead(path);
        return {
          ...file,
          sync: async () => {
            await file.sync();
            overtaken++;
            const fence = {
              host: 'other',
              pid: 1,
              token: '',
              owner: 'other',
              recovered: false,
              released: false,
            };
            await process.createExclusive('/log/fences/00000002.json', JSON.stringify(fence));
          },
        };
      },
    });
    const reader = await openLogReader<Payload>({ directory: '/log', fileSystem: racing, patienceMs: 0 });
    await expect(positions(reader)).rejects.toMatchObject({ code: 'LOG_UNSETTLED' });
    expect(overtaken).toBe(1);
  });
});

test('a log of another host is taken only when told to', async () => {
  const disk = newDisk();
  const process = disk.process();
  await process.makeDirectory('/log/fences');
  const fence = { host: 'elsewhere', pid: 7, token: 't', owner: 'another', recovered: true, released: false };
  await process.replace('/log/fences/00000004.json', JSON.stringify(fence));
  await expect(openWriter(disk)).rejects.toMatchObject({
    code: 'LOG_IN_USE',
    details: { host: 'elsewhere', pid: 7 },
  });
  await expect(openWriter(disk)).rejects.toThrow('takeOver');
  await process.replace('/log/fences/00000004.json', JSON.stringify({ ...fence, released: true }));
  await (await openWriter(disk)).close();
  expect(await process.list('/log/fences')).toEqual(['00000005.json']);
});
