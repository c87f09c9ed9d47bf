import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { translationDirectory } from './places.ts';
import { changeTranslation, registeredTranslations, registerTranslation } from './translations.ts';

const orders = (version: number) => ({ source: 'shop', translation: 'orders', version });

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'banyan-translations-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('versions are registered once, and listed in their order', async () => {
  expect(await registeredTranslations(directory)).toEqual([]);
  for (const version of [10, 2]) {
    await registerTranslation(directory, {
      ref: orders(version),
      bundle: `b${String(version)}`,
      state: 'running',
    });
  }
  const stock = { source: 'shop', translation: 'stock', version: 1 };
  await registerTranslation(directory, { ref: stock, bundle: 's', state: 'building' });
  // Whoever comes second gets what is there.
  const second = await registerTranslation(directory, {
    ref: orders(2),
    bundle: 'other',
    state: 'building',
  });
  expect(second).toMatchObject({ ref: orders(2), bundle: 'b2', state: 'running' });
  const listed = (await registeredTranslations(directory)).map(({ ref, state }) => [
    ref.translation,
    ref.version,
    state,
  ]);
  expect(listed).toEqual([
    ['orders', 2, 'running'],
    ['orders', 10, 'running'],
    ['stock', 1, 'building'],
  ]);
  expect(await registeredTranslations(directory, 'stock')).toHaveLength(1);
});

test('a state is changed only from the one that was expected', async () => {
  await registerTranslation(directory, { ref: orders(1), bundle: 'b', state: 'building' });
  await changeTranslation(directory, orders(1), 'building', 'running');
  await expect(changeTranslation(directory, orders(1), 'building', 'running')).rejects.toMatchObject({
    code: 'TRANSLATION_CONFLICT',
  });
  await expect(changeTranslation(directory, orders(2), 'running', 'retired')).rejects.toMatchObject({
    code: 'TRANSLATION_UNKNOWN',
  });
  await changeTranslation(directory, orders(1), 'running', 'retired');
  expect(await registeredTranslations(directory)).toMatchObject([{ bundle: 'b', state: 'retired' }]);
});

test('what cannot be read is told with its file', async () => {
  await registerTranslation(directory, { ref: orders(1), bundle: 'b', state: 'building' });
  const file = join(translationDirectory(directory, orders(1)), 'translation.json');
  await writeFile(file, '{ "ref":');
  await expect(registeredTranslations(directory)).rejects.toMatchObject({
    code: 'REGISTRY_BROKEN',
    message: expect.stringContaining(file),
  });
});
