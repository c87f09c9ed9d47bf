import { parseArgs } from 'node:util';
import { startMonolith } from './server.ts';

const help = `Runs the old shop.

  main.js [--port 8080]

  DATABASE_URL   its Postgres database; the tables are created when it is empty
  JWKS_URL       where the company's issuer publishes its keys; optional`;

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8080' }, help: { type: 'boolean', default: false } },
});
const databaseUrl = process.env['DATABASE_URL'];
const jwksUrl = process.env['JWKS_URL'];

if (values.help) {
  console.log(help);
} else if (databaseUrl === undefined) {
  console.error('DATABASE_URL is not set: give the connection string of a Postgres database.');
  process.exitCode = 2;
} else {
  const shop = await startMonolith({
    databaseUrl,
    port: Number(values.port),
    ...(jwksUrl !== undefined && { jwksUrl }),
    onFailure: (error) => console.error(error),
  });
  console.log(`the shop is open at ${shop.url}`);
  process.once('SIGINT', () => void shop.close());
  process.once('SIGTERM', () => void shop.close());
}
