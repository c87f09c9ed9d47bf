import { randomUUID } from 'node:crypto';
import { createDatabase } from './postgres-server.ts';

/** The server that the test run started. */
export function testServer(): { readonly port: number; url(database?: string): string } {
  const port = Number(process.env['BANYAN_TEST_POSTGRES']);
  if (!Number.isInteger(port)) throw new Error('No test server: run the tests by npm run jest.');
  return {
    port,
    url: (database = 'postgres') => `postgres://postgres@127.0.0.1:${String(port)}/${database}`,
  };
}

/** A new, empty database on the test server; its connection string. */
export async function testDatabase(hint: string): Promise<string> {
  return createDatabase(testServer(), `${hint}_${randomUUID().slice(0, 8)}`);
}
