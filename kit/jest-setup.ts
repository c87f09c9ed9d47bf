import { startPostgresServer, type PostgresServer } from './postgres-server.ts';

declare global {
  var banyanTestServer: PostgresServer | undefined;
}

/** One Postgres server for the whole run; each test file makes databases of its own on it (`kit/test-database.ts`). */
export default async function setup(): Promise<void> {
  const server = await startPostgresServer();
  globalThis.banyanTestServer = server;
  process.env['BANYAN_TEST_POSTGRES'] = String(server.port);
}
