import { expect, test } from '@jest/globals';
import { crashDisk } from '../../kit/crash-file-system.ts';
import { seeded } from '../../kit/seeded.ts';
import { openFileStore } from './file-store.ts';
import { filterOver, hashKey, keyFilter } from './key-filter.ts';
import type { StoreWrite } from './ordered-store.ts';
import { tablesToMerge } from './table-levels.ts';

const put = (at: number): StoreWrite => [
  Buffer.from(`key ${String(at)}`),
  Buffer.from(`value ${String(at)}`),
];

async function fullStore(): Promise<ReturnType<typeof crashDisk>> {
  const disk = crashDisk({ random: seeded(1) });
  const store = openFileStore({ directory: '/store', fileSystem: disk.process(), tableBytes: 2000 });
  for (let at = 0; at < 200; at++) await store.write([put(at)]);
  await store.close();
  return disk;
}

test('tables are merged so that there are few, and a byte is written a few times only', () => {
  let sizes: number[] = [];
  let written = 0;
  let most = 0;
  for (let table = 0; table < 1000; table++) {
    sizes = [1, ...sizes];
    written++;
    for (let count = tablesToMerge(sizes); count > 0; count = tablesToMerge(sizes)) {
      const merged = sizes.slice(0, count).reduce((a, b) => a + b);
      written += merged;
      sizes = [merged, ...sizes.slice(count)];
    }
    most = Math.max(most, sizes.length);
  }
  expect(most).toBeLessThanOrEqual(16);
  expect(written / 1000).toBeLessThanOrEqual(8);
});

test('a filter has every key that was added, and few others', () => {
  const filter = keyFilter(1000);
  for (let at = 0; at < 1000; at++) filter.add(hashKey(`key ${String(at)}`));
  const again = filterOver(Uint8Array.from(filter.bytes));
  const had = (from: number): number =>
    Array.from({ length: 1000 }, (_, at) => again.mayHave(hashKey(`key ${String(from + at)}`))).filter(
      Boolean,
    ).length;
  expect(had(0)).toBe(1000);
  expect(had(5000)).toBeLessThan(40);
});

test('files that are not of the store any more are removed', async () => {
  const disk = await fullStore();
  const process = disk.process();
  await (await process.openAppend('/store/table-999999')).append(Buffer.from('cut off'));
  const store = openFileStore({ directory: '/store', fileSystem: process });
  await store.write([put(1)]);
  await store.flush();
  const names = await process.list('/store');
  expect(names).not.toContain('table-999999');
  expect(names.length).toBeLessThan(18);
  await store.close();
});

test('a damaged file is told, wherever the damage is', async () => {
  const disk = await fullStore();
  const process = disk.process();
  const [table = ''] = (await process.list('/store')).filter((name) => name.startsWith('table-'));
  const whole = await process.readWhole(`/store/${table}`);
  for (const at of [3, whole.length >> 1, whole.length - 30, whole.length - 2]) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    await process.replace(`/store/${table}`, damaged);
    const read = async (): Promise<void> => {
      const store = openFileStore({ directory: '/store', fileSystem: process });
      try {
        for (let key = 0; key < 200; key++) store.get(put(key)[0]);
      } finally {
        await store.close();
      }
    };
    await expect(read()).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining(table),
    });
  }
});

test('a damaged list of tables is told', async () => {
  const disk = await fullStore();
  const process = disk.process();
  for (const content of ['{"format":1,"tab', '{"format":2}']) {
    await process.replace('/store/tables.json', content);
    expect(() => openFileStore({ directory: '/store', fileSystem: process })).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT' }),
    );
  }
});

test.each([
  ['ENOSPC', 'STORE_DISK_FULL', true],
  ['EACCES', 'STORE_WRITE_FAILED', false],
])('%s is told as %s; the store reads on, and takes no more writes', async (fault, code, retryable) => {
  const disk = crashDisk({ random: seeded(1) });
  const store = openFileStore({ directory: '/store', fileSystem: disk.process() });
  await store.write([put(1)]);
  disk.fault = (operation) => (operation === 'append' ? fault : undefined);
  await expect(store.flush()).rejects.toMatchObject({ code, retryable, details: { directory: '/store' } });
  disk.fault = undefined;
  expect(store.get(put(1)[0])?.toString()).toBe('value 1');
  await expect(store.write([put(2)])).rejects.toMatchObject({ code });
  await store.close();
});
