import { isOnAccount } from './aws/account.ts';
import { startBroker, type Broker } from './aws/broker.ts';
import { newRun } from './aws/test-names.ts';
import { startPostgresServer, type PostgresServer } from './postgres-server.ts';

declare global {
  var banyanTestServer: PostgresServer | undefined;
  var banyanTestBroker: Broker | undefined;
}

/**
 * One Postgres server for the whole run, where each test file makes databases of its own (`kit/test-database.ts`), and
 * the broker of the AWS emulators, which start when a test file asks for them (`kit/aws/emulators.ts`).
 */
export default async function setup(): Promise<void> {
  process.env['BANYAN_TEST_RUN'] = newRun(Date.now());
  if (isOnAccount) await openAccount();
  const server = await startPostgresServer();
  globalThis.banyanTestServer = server;
  process.env['BANYAN_TEST_POSTGRES'] = String(server.port);
  const broker = await startBroker();
  globalThis.banyanTestBroker = broker;
  process.env['BANYAN_TEST_BROKER'] = String(broker.port);
}

/** Loaded only when it is needed: the SDK takes its time. */
async function openAccount(): Promise<void> {
  const { checkAccount } = await import('./aws/check-account.ts');
  await checkAccount();
  const { sweepLeftovers } = await import('./aws/sweep-account.ts');
  const removed = await sweepLeftovers(Date.now());
  for (const name of removed)
    process.stderr.write(`left by an earlier run, removed from the account: ${name}\n`);
}
