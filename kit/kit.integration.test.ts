import { expect, test } from '@jest/globals';
import pg from 'pg';
import { testDatabase } from './test-database.ts';

test('the server of the test run keeps a logical WAL', async () => {
  const client = new pg.Client({ connectionString: await testDatabase('kit') });
  await client.connect();
  const { rows } = await client.query<{ wal_level: string }>('SHOW wal_level');
  await client.end();
  expect(rows).toEqual([{ wal_level: 'logical' }]);
});
