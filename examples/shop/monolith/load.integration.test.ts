import { expect, test } from '@jest/globals';
import { testDatabase } from '../../../kit/test-database.ts';
import { inconsistencies, piecesEverHeld } from './books.ts';
import { openDatabase } from './database.ts';
import { startLoad } from './load-generator.ts';
import { seed } from './seeder.ts';
import { startMonolith } from './server.ts';

test('a load of every kind of action leaves the books right', async () => {
  const databaseUrl = await testDatabase('shop_load');
  await seed(databaseUrl, { customers: 5, products: 6, orders: 10 });
  await emptyShelves(databaseUrl);
  const failures: unknown[] = [];
  const shop = await startMonolith({ databaseUrl, port: 0, onFailure: (error) => failures.push(error) });
  try {
    const options = { url: shop.url, concurrency: 8, actions: 600, knownCustomers: 5, seed: 7 };
    const load = await startLoad(options);
    const report = await load.ended;
    expect(report).toMatchObject({ done: 600, failed: 0, lastFailure: undefined });
    expect(Object.values(report.actions).every((count) => count > 0)).toBe(true);
    // Six products, few of each: some orders could not be filled.
    expect(report.refused).toBeGreaterThan(0);
    expect(failures).toEqual([]);
    expect(await inconsistencies(databaseUrl)).toEqual([]);
  } finally {
    await shop.close();
  }
});

/** Leaves a few pieces of each product, so that the load comes to the end of them. */
async function emptyShelves(databaseUrl: string): Promise<void> {
  const db = openDatabase(databaseUrl, 1);
  await db.query('UPDATE warehouse.stock SET quantity = quantity % 10');
  await db.end();
}

test('orders placed and cancelled at the same time neither lose nor make a piece', async () => {
  const databaseUrl = await testDatabase('shop_pieces');
  await seed(databaseUrl, { customers: 3, products: 2, orders: 1 });
  const before = await piecesEverHeld(databaseUrl);
  const shop = await startMonolith({ databaseUrl, port: 0 });
  try {
    const load = await startLoad({
      url: shop.url,
      concurrency: 6,
      actions: 200,
      weights: { place: 3, cancel: 2 },
    });
    expect((await load.ended).failed).toBe(0);
    expect(await piecesEverHeld(databaseUrl)).toBe(before);
  } finally {
    await shop.close();
  }
});

test('a load ends when it is closed, and says why it cannot begin', async () => {
  const databaseUrl = await testDatabase('shop_close');
  const shop = await startMonolith({ databaseUrl, port: 0 });
  try {
    const early = await startLoad({ url: shop.url });
    await expect(early.ended).rejects.toThrow('seed the shop first');
    await seed(databaseUrl, { customers: 2, products: 4, orders: 1 });
    const load = await startLoad({ url: shop.url, rate: 100 });
    await load.close();
    await load.close();
    expect(load.report().failed).toBe(0);
  } finally {
    await shop.close();
  }
});
