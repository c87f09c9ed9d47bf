import { parseArgs } from 'node:util';
import type { SeedSize } from './seed-rows.ts';
import { seed, sizeFor, sizes } from './seeder.ts';

const help = `Fills the old shop's empty database with customers, products and orders.

  seed.js [--size small|medium|large|N] [--seed 1]

  --size   small: 200 orders; medium: 10,000; large: 200,000; or a number of orders. Default small
  --seed   the same number gives the same rows. Default 1

  DATABASE_URL   the Postgres database`;

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: 'small' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
const databaseUrl = process.env['DATABASE_URL'];
const named = Object.entries(sizes).find(([name]) => name === values.size)?.[1];
const size = named ?? (/^[1-9]\d{0,7}$/.test(values.size) ? sizeFor(Number(values.size)) : undefined);

if (values.help) {
  console.log(help);
} else if (databaseUrl === undefined || size === undefined) {
  console.error(
    size === undefined
      ? `--size is "${values.size}": give small, medium, large or a number of orders.`
      : 'DATABASE_URL is not set: give the connection string of a Postgres database.',
  );
  process.exitCode = 2;
} else {
  await fill(databaseUrl, size).catch(fail);
}

async function fill(url: string, wanted: SeedSize): Promise<void> {
  await seed(url, { ...wanted, seed: Number(values.seed) });
  console.log(`seeded ${wanted.customers} customers, ${wanted.products} products, ${wanted.orders} orders`);
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
