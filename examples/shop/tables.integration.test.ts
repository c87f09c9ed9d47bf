import { expect, test } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { pullTables } from 'banyan/cdc';
import { testDatabase } from '../../kit/test-database.ts';
import { seed } from './monolith/seeder.ts';

test("the declarations are what `banyan tables pull` writes for the shop's database", async () => {
  const url = await testDatabase('shop_tables');
  await seed(url, { customers: 1, products: 1, orders: 1 });
  const exclude = ['public.accounts', 'public.sessions'];
  const pulled = await pullTables(url, { source: 'shop', exclude });
  expect(await readFile('examples/shop/tables.ts', 'utf8')).toBe(pulled);
});
