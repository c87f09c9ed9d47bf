import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { seeded } from './seeded.ts';

/** Rows of one unit of scale, as in `pgbench -i`. */
const perScale = { branches: 1, tellers: 10, accounts: 100_000 };

/** Creates and fills the four tables of pgbench's TPC-B (PostgreSQL manual, pgbench, "What is the transaction actually performed"). */
export async function createTpcb(url: string, accounts = perScale.accounts): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`
      CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
      CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
      CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
      CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
      INSERT INTO pgbench_branches SELECT n, 0, '' FROM generate_series(1, ${perScale.branches}) n;
      INSERT INTO pgbench_tellers SELECT n, 1, 0, '' FROM generate_series(1, ${perScale.tellers}) n;
      INSERT INTO pgbench_accounts SELECT n, 1, 0, '' FROM generate_series(1, ${accounts}) n;
      ANALYZE;`);
  } finally {
    await client.end();
  }
}

/** How to run TPC-B. */
export interface TpcbLoad {
  readonly clients: number;
  readonly transactions: number;
  /** Transactions a second over all clients; absent: as fast as they go. */
  readonly rate?: number;
  readonly accounts?: number;
  readonly signal?: AbortSignal;
  /** Makes the run repeatable. */
  readonly seed?: number;
  readonly onTransaction?: (done: number) => void;
}

/** Runs pgbench's TPC-B transaction; resolves to how many were committed. */
export async function runTpcb(url: string, load: TpcbLoad): Promise<number> {
  let taken = 0;
  let done = 0;
  const began = performance.now();
  const random = seeded(load.seed ?? 1);
  const pick = (n: number): number => 1 + Math.floor(random() * n);
  const client = async (): Promise<void> => {
    const connection = new pg.Client({ connectionString: url });
    await connection.connect();
    try {
      while (taken < load.transactions && load.signal?.aborted !== true) {
        const number = taken++;
        if (load.rate !== undefined) await pause(began + (number * 1000) / load.rate - performance.now());
        const delta = Math.floor(random() * 10_001) - 5000;
        await transaction(
          connection,
          pick(load.accounts ?? perScale.accounts),
          pick(perScale.tellers),
          delta,
        );
        load.onTransaction?.(++done);
      }
    } finally {
      await connection.end();
    }
  };
  await Promise.all(Array.from({ length: load.clients }, client));
  return done;
}

async function transaction(client: pg.Client, aid: number, tid: number, delta: number): Promise<void> {
  await client.query('BEGIN');
  await client.query('UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2', [delta, aid]);
  await client.query('SELECT abalance FROM pgbench_accounts WHERE aid = $1', [aid]);
  await client.query('UPDATE pgbench_tellers SET tbalance = tbalance + $1 WHERE tid = $2', [delta, tid]);
  await client.query('UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = 1', [delta]);
  await client.query('INSERT INTO pgbench_history VALUES ($1, 1, $2, $3, CURRENT_TIMESTAMP)', [
    tid,
    aid,
    delta,
  ]);
  await client.query('COMMIT');
}

/** The pace of a load: waits so many milliseconds, not at all when that has passed. */
async function pause(ms: number): Promise<void> {
  if (ms > 1) await new Promise((resolve) => setTimeout(resolve, ms));
}
