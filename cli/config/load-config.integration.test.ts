import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadConfig } from './load-config.ts';

const rooms = `
import { postgres } from 'banyan/cdc';
import { group } from 'banyan/catalog';
import { postgresViews } from 'banyan/projections';
import { defineConfig } from 'banyan';
import { owner } from './owner.ts';
`;
const good = `${rooms}
export default defineConfig({
  sources: { shop: postgres({ connectionString: 'postgres://127.0.0.1/shop', tables: ['public.*'] }) },
  groups: [group('orders', { owner })],
  views: postgresViews({ connectionString: 'postgres://127.0.0.1/views' }),
});
`;

let directory: string;
beforeEach(async () => {
  // Within the project, so that "banyan/..." means this package.
  await mkdir(resolve('.banyan'), { recursive: true });
  directory = await mkdtemp(resolve('.banyan', 'config-test-'));
  await writeFile(
    join(directory, 'owner.ts'),
    `export const owner = { team: 'checkout', contact: '#checkout' };`,
  );
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const write = (text: string): Promise<void> => writeFile(join(directory, 'banyan.config.ts'), text);
const load = (typeCheck = false) => loadConfig({ cwd: directory, typeCheck });

describe('a configuration', () => {
  test('is found from a folder below, and what it imports from the project comes with it', async () => {
    await write(good);
    await mkdir(join(directory, 'deep', 'down'), { recursive: true });
    const loaded = await loadConfig({ cwd: join(directory, 'deep', 'down'), typeCheck: false });
    expect(loaded.directory).toBe(join(directory, '.banyan'));
    expect(loaded.config.groups.map(({ name, owner }) => [name, owner.team])).toEqual([
      ['orders', 'checkout'],
    ]);
  });

  test('with a type error is refused: the file, the line, and what is wrong', async () => {
    await write(good.replace(`tables: ['public.*']`, `tables: 7`));
    await expect(load(true)).rejects.toMatchObject({
      code: 'CONFIG_TYPE_ERROR',
      message: expect.stringMatching(/banyan\.config\.ts:\d+:\d+: .*number.*--no-type-check/s),
    });
  });

  test('with sound types passes the check', async () => {
    await write(good);
    await expect(load(true)).resolves.toMatchObject({ file: join(directory, 'banyan.config.ts') });
  });

  test('that does not parse is refused with the place', async () => {
    await write('export default {');
    await expect(load()).rejects.toMatchObject({
      code: 'CONFIG_BROKEN',
      message: expect.stringMatching(/banyan\.config\.ts:1:/),
    });
  });

  test('that throws is refused with what it said', async () => {
    await write(`throw new Error('DATABASE_URL is not set'); export default {};`);
    await expect(load()).rejects.toMatchObject({
      code: 'CONFIG_BROKEN',
      message: expect.stringContaining('DATABASE_URL is not set'),
    });
  });

  test('of the wrong shape is refused field by field', async () => {
    await write(`export default { sources: {}, group: [] };`);
    await expect(load()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/sources: at least one source.*groups:.*views:/s),
    });
  });

  test('that is nowhere is asked for', async () => {
    await expect(loadConfig({ cwd: '/', typeCheck: false })).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
    });
    await expect(loadConfig({ cwd: directory, file: 'other.ts', typeCheck: false })).rejects.toMatchObject({
      code: 'CONFIG_NOT_FOUND',
    });
  });
});
