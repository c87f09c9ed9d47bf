import { parseArgs } from 'node:util';
import { startLoad } from './load-generator.ts';

const help = `Drives the old shop over HTTP: orders, payments, shipments, cancellations, renamings, price changes.

  load.js [--url http://127.0.0.1:8080] [--rate 50] [--seconds 30] [--concurrency 4] [--customers 50] [--seed 1]

  --rate         actions a second; 0: as fast as the shop answers. Default 50
  --seconds      ends after that time. Default 30
  --concurrency  shoppers at work at the same time. Default 4
  --customers    how many seeded customers to act upon besides those who sign up. Default 0
  --seed         the same number gives the same choices. Default 1`;

const text = (value: string) => ({ type: 'string', default: value }) as const;
const { values } = parseArgs({
  options: {
    url: text('http://127.0.0.1:8080'),
    rate: text('50'),
    seconds: text('30'),
    concurrency: text('4'),
    customers: text('0'),
    seed: text('1'),
    help: { type: 'boolean', default: false },
  },
});
const { url, rate, seconds, concurrency, customers, seed } = values;
const numbers = { rate, seconds, concurrency, customers, seed };
const wrong = Object.entries(numbers).find(([, value]) => !/^\d+(\.\d+)?$/.test(value));

if (values.help) {
  console.log(help);
} else if (wrong) {
  console.error(`--${wrong[0]} is "${wrong[1]}": give a number.`);
  process.exitCode = 2;
} else {
  await drive().catch(fail);
}

async function drive(): Promise<void> {
  const load = await startLoad({
    url,
    concurrency: Number(concurrency),
    knownCustomers: Number(customers),
    seed: Number(seed),
    signal: AbortSignal.timeout(Number(seconds) * 1000),
    ...(Number(rate) > 0 && { rate: Number(rate) }),
  });
  const report = await load.ended;
  console.log(JSON.stringify(report));
  process.exitCode = report.failed > 0 ? 1 : 0;
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
