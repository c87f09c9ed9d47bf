import { expect, test } from '@jest/globals';
import { memoryStore } from 'banyan/runtime';
import type { TableShape } from '../source.ts';
import { schemaVersions } from './schema-versions.ts';

const shape = (...columns: string[]): TableShape => ({
  table: 'public.t',
  columns: columns.map((name) => ({ name, type: 'text' })),
  key: ['id'],
});

test('a shape is new once; an equal one has its version, a changed one the next', () => {
  const versions = schemaVersions(memoryStore());
  const first = shape('id', 'a');
  expect(versions.versionOf(first)).toEqual({ schema: { ...first, version: 1 }, isNew: true });
  expect(versions.versionOf(first).isNew).toBe(false);
  expect(versions.versionOf(shape('id', 'a'))).toEqual({ schema: { ...first, version: 1 }, isNew: false });
  expect(versions.versionOf(shape('id', 'a', 'b'))).toMatchObject({ schema: { version: 2 }, isNew: true });
  expect(versions.versionOf({ ...first, key: ['a'] })).toMatchObject({ schema: { version: 3 }, isNew: true });
});

test('versions count within a table', () => {
  const versions = schemaVersions(memoryStore());
  versions.versionOf(shape('id'));
  expect(versions.versionOf({ ...shape('id'), table: 'public.u' })).toMatchObject({
    schema: { version: 1 },
    isNew: true,
  });
});

test('what an aborted transaction told is told again; what a committed one told is not', () => {
  const versions = schemaVersions(memoryStore());
  const [kept, changed] = [shape('id'), shape('id', 'a')];
  versions.versionOf(kept);
  versions.commit();
  versions.versionOf(changed);
  versions.abort();
  expect(versions.find('public.t', 2)).toBeUndefined();
  expect(versions.versionOf(kept).isNew).toBe(false);
  expect(versions.versionOf(changed)).toMatchObject({ schema: { version: 2 }, isNew: true });
});

test('versions of the log and of the store are known', async () => {
  const store = memoryStore();
  const versions = schemaVersions(store);
  versions.learn({ ...shape('id'), version: 1 });
  versions.commit();
  await versions.keep();
  versions.versionOf(shape('id', 'a'));
  versions.commit();
  // Committed, and not kept.
  const again = schemaVersions(store);
  expect(again.versionOf(shape('id'))).toMatchObject({ schema: { version: 1 }, isNew: false });
  expect(again.versionOf(shape('id', 'a'))).toMatchObject({ schema: { version: 2 }, isNew: true });
});
