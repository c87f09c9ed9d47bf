import { describe, expect, test } from '@jest/globals';
import { crashDisk } from './crash-file-system.ts';
import { eventually } from './eventually.ts';
import { seeded } from './seeded.ts';

const text = async (disk: ReturnType<typeof crashDisk>, path: string) =>
  (await disk.process().readWhole(path)).toString();

describe('a disk that forgets', () => {
  test('what was synced, file and name, survives every power failure', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const disk = crashDisk({ random: seeded(seed), pageBytes: 4 });
      const process = disk.process();
      await process.makeDirectory('/d');
      const file = await process.openAppend('/d/a');
      await file.append(Buffer.from('durable'));
      await file.sync();
      await process.syncDirectory('/d');
      await file.append(Buffer.from(' and not'));
      disk.crash();
      const found = await text(disk, '/d/a');
      expect(found.slice(0, 7)).toBe('durable');
      expect(found.length).toBeLessThanOrEqual(15);
    }
  });

  test('later pages may survive without earlier ones, which read as zeros; names may be lost', async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 400; seed++) {
      const disk = crashDisk({ random: seeded(seed), pageBytes: 4 });
      const process = disk.process();
      await process.makeDirectory('/d');
      const file = await process.openAppend('/d/a');
      await file.append(Buffer.from('aaaabbbb'));
      disk.crash();
      const survivor = disk.process();
      found.add((await survivor.list('/d')).length === 0 ? 'no file' : await text(disk, '/d/a'));
    }
    for (const state of ['no file', '', 'aaaabbbb', '\0\0\0\0bbbb', 'aaaa\0\0\0\0'])
      expect(found).toContain(state);
  });

  test('renames and removals that were not synced survive in any combination', async () => {
    const found = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const disk = crashDisk({ random: seeded(seed) });
      const process = disk.process();
      await process.makeDirectory('/d');
      await process.replace('/d/a', 'a');
      await process.replace('/d/b', 'b');
      await process.rename('/d/a', '/d/c');
      await process.remove('/d/b');
      disk.crash();
      found.add((await disk.process().list('/d')).join());
    }
    expect(found).toEqual(new Set(['a,b', 'a', 'b,c', 'c']));
  });

  test('a process dies at the operation asked for, and does nothing afterwards', async () => {
    const disk = crashDisk({ random: seeded(1) });
    const process = disk.process();
    await process.makeDirectory('/d');
    const file = await process.openAppend('/d/a');
    process.killAt(2);
    await file.append(Buffer.from('one'));
    await expect(file.append(Buffer.from('two'))).rejects.toMatchObject({ code: 'EKILLED' });
    await process.died;
    await expect(file.sync()).rejects.toMatchObject({ code: 'EKILLED' });
    expect(() => process.openReadSync('/d/a')).toThrow('EKILLED');
    const read = disk.process().openReadSync('/d/a').read(0, 100).toString();
    expect('onetwo'.startsWith(read) && read.startsWith('one')).toBe(true);
  });

  test('a full disk takes what still fits; a fault is what was asked for', async () => {
    const disk = crashDisk({ random: seeded(1) });
    const process = disk.process();
    await process.makeDirectory('/d');
    const file = await process.openAppend('/d/a');
    disk.capacity = 4;
    await expect(file.append(Buffer.from('123456'))).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await text(disk, '/d/a')).toBe('1234');
    disk.fault = (operation) => (operation === 'sync' ? 'EIO' : undefined);
    await expect(file.sync()).rejects.toMatchObject({ code: 'EIO' });
  });

  test('another process is told of a change', async () => {
    const disk = crashDisk({ random: seeded(1) });
    await disk.process().makeDirectory('/d');
    let told = 0;
    const watch = disk.process().watch('/d', () => told++);
    expect(await disk.process().createExclusive('/d/a', 'x')).toBe(true);
    expect(await disk.process().createExclusive('/d/a', 'y')).toBe(false);
    await eventually(() => expect(told).toBeGreaterThan(0));
    watch.close();
  });
});
