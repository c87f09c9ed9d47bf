import { startBroker, type Broker } from './aws/broker.ts';
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
  const server = await startPostgresServer();
  globalThis.banyanTestServer = server;
  process.env['BANYAN_TEST_POSTGRES'] = String(server.port);
  const broker = await startBroker();
  globalThis.banyanTestBroker = broker;
  process.env['BANYAN_TEST_BROKER'] = String(broker.port);
}
