import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { dropPostgresSource, postgres } from 'banyan/cdc';
import { eventually } from '../../kit/eventually.ts';
import { testDatabase } from '../../kit/test-database.ts';

let url: string;
let client: pg.Client;
let name: string;
let options: { connectionString: string; tables: string[]; bufferBytes: number };

beforeAll(async () => {
  url = await testDatabase('pressure');
  name = `pressure_${url.slice(-8)}`;
  options = { connectionString: url, tables: ['big'], bufferBytes: 262_144 };
  client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('CREATE TABLE big (id int4 PRIMARY KEY, body text)');
  // The server gives up a reader that is silent for so long.
  await client.query(
    `ALTER DATABASE ${url.slice(url.lastIndexOf('/') + 1)} SET wal_sender_timeout = '600ms'`,
  );
});
afterAll(async () => {
  await dropPostgresSource(name, options);
  await client.end();
});

/** Bytes of the heap and of buffers, after what nobody holds is gone as far as can be told. */
function held(): number {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

const rows = 60_000;
const insert = (from: number): string =>
  `INSERT INTO big SELECT g, repeat('x', 1500) FROM generate_series(${String(from)}, ${String(from + rows - 1)}) g`;

test('a reader slower than wal_sender_timeout loses neither its connection nor a change, in bounded memory', async () => {
  await client.query(insert(1));
  const stream = await postgres(options)
    .create(name)
    .open({ after: undefined, signal: new AbortController().signal });
  const counts = { existing: 0, insert: 0 };
  // The test process holds what earlier suites left; only what comes on top is ours.
  const before = held();
  let largest = before;
  let rests = 0;
  let commits = 0;
  let isInserted = false;
  for await (const batch of stream.messages) {
    expect(batch.length).toBeLessThanOrEqual(1000);
    for (const message of batch) {
      if (message.kind === 'change' && message.change.op in counts)
        counts[message.change.op as 'insert'] += 1;
      if (message.kind === 'commit') commits += 1;
    }
    if (commits === 1 && !isInserted) {
      isInserted = true;
      await client.query(insert(rows + 1));
    }
    largest = Math.max(largest, held());
    // In the middle of the streamed transaction, rest until three time-outs have passed on the server's clock.
    if (counts.insert > rows / 2 && rests === 0) {
      rests += 1;
      await rest(1800);
    }
    if (commits === 2) break;
  }
  const { rows: active } = await client.query(
    'SELECT FROM pg_replication_slots WHERE active AND slot_name = $1',
    [`banyan_${name}`],
  );
  expect(active).toHaveLength(1);
  await stream.close();
  expect(counts).toEqual({ existing: rows, insert: rows });
  // Each of the two transactions is 90 MB of text.
  expect((largest - before) / 1e6).toBeLessThan(300);
});

/** Until the server's clock has gone on and it has still heard from us lately. */
async function rest(milliseconds: number): Promise<void> {
  const now = async (): Promise<{ clock: number; heard: number }> => {
    const { rows: found } = await client.query<{ clock: number; heard: number }>(
      `SELECT extract(epoch FROM clock_timestamp())::float8 AS clock, extract(epoch FROM reply_time)::float8 AS heard
       FROM pg_stat_replication WHERE application_name = $1`,
      [`banyan_${name}`],
    );
    if (found[0] === undefined) throw new Error('The server has given up the connection.');
    return found[0];
  };
  const begun = await now();
  await eventually(async () => {
    const { clock, heard } = await now();
    expect(clock - begun.clock).toBeGreaterThan(milliseconds / 1000);
    expect(heard).toBeGreaterThan(begun.heard);
  });
}
