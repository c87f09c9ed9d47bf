import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openFileStore } from './file-store.ts';
import { memoryStore } from './memory-store.ts';
import { describeOrderedStore } from './store.contract.ts';

let root = '';
let made = 0;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'banyan-store-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});
const directory = (): string => join(root, String(made++));

describeOrderedStore('the file store', () => openFileStore({ directory: directory() }));
describeOrderedStore('the file store with tiny tables', () =>
  openFileStore({ directory: directory(), tableBytes: 300, cacheBytes: 10_000 }),
);
describeOrderedStore('the file store for scratch', () =>
  openFileStore({ directory: directory(), purpose: 'scratch', tableBytes: 1000 }),
);
describeOrderedStore('the memory store', memoryStore);

test('a durable store is there after closing; a scratch store is empty', async () => {
  for (const purpose of ['durable', 'scratch'] as const) {
    const options = { directory: directory(), purpose };
    const before = openFileStore(options);
    await before.write([[Buffer.from('a'), Buffer.from('1')]]);
    await before.close();
    const after = openFileStore(options);
    expect(after.get(Buffer.from('a'))?.toString()).toBe(purpose === 'durable' ? '1' : undefined);
    await after.close();
  }
});

test('a directory that cannot be used is told', () => {
  const file = join(root, 'file');
  writeFileSync(file, 'not a directory');
  expect(() => openFileStore({ directory: join(file, 'store') })).toThrow(
    expect.objectContaining({ code: 'STORE_NOT_OPENED', message: expect.stringContaining(file) }),
  );
});

test('a crash of the memory store forgets the newest unflushed writes and nothing else', async () => {
  for (const forgotten of [0, 1, 2]) {
    const store = memoryStore();
    await store.write([[Buffer.from('a'), Buffer.from('kept')]]);
    await store.flush();
    await store.write([[Buffer.from('a'), Buffer.from('1')]]);
    await store.write([
      [Buffer.from('a'), Buffer.from('2')],
      [Buffer.from('b'), Buffer.from('2')],
    ]);
    const after = store.crash((unflushed) => {
      expect(unflushed).toBe(2);
      return forgotten;
    });
    expect(after.get(Buffer.from('a'))?.toString()).toBe(['2', '1', 'kept'][forgotten]);
    expect(after.get(Buffer.from('b'))?.toString()).toBe(forgotten === 0 ? '2' : undefined);
    expect(() => store.get(Buffer.from('a'))).toThrow(expect.objectContaining({ code: 'STORE_CLOSED' }));
  }
});
