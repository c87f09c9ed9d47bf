import { expect, test } from '@jest/globals';
import { testDatabase } from '../../kit/test-database.ts';
import { isClean } from 'banyan/replay';
import { runGroups } from '../../replay/verify/testing/running-groups.ts';
import catalogue from './catalogue/group.ts';
import customers from './customers/group.ts';
import { openDatabase } from './monolith/database.ts';
import { startLoad } from './monolith/load-generator.ts';
import { seed } from './monolith/seeder.ts';
import { startMonolith } from './monolith/server.ts';
import orders from './orders/group.ts';

test("the views are what the shop's books say, while it sells; a changed book is told", async () => {
  const [url, viewsUrl] = [await testDatabase('reconciled'), await testDatabase('reconciled_views')];
  await seed(url, { customers: 20, products: 15, orders: 120 });
  const shop = await startMonolith({ databaseUrl: url, port: 0 });
  const groups = [orders, customers, catalogue];
  const tables = ['public.*', 'billing.*', 'warehouse.*'];
  const running = await runGroups({ source: 'shop', groups, url, viewsUrl, tables });
  try {
    const load = await startLoad({ url: shop.url, concurrency: 4, rate: 60, knownCustomers: 20, seed: 3 });
    const names = groups.flatMap(({ projections }) => projections.map(({ name }) => name));
    for (const name of names) {
      const { differences, ...result } = await running.verify(name);
      expect({ name, differences, clean: isClean({ ...result, differences }) }).toEqual({
        name,
        differences: [],
        clean: true,
      });
    }
    await load.close();
    expect((await load.ended).failed).toBe(0);

    // What no event tells: somebody mends the books by hand.
    const db = openDatabase(url, 1);
    await db.query('UPDATE orders SET total = 0.01 WHERE id = 1');
    await db.end();
    const { differences } = await running.verify('order-summary');
    expect(differences).toEqual([
      {
        key: '1',
        kind: 'different',
        fields: [{ path: 'total', view: expect.any(String), database: '0.01' }],
      },
    ]);
  } finally {
    await running.close();
    await shop.close();
  }
}, 180_000);
