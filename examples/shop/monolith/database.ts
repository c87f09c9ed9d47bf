import pg from 'pg';

/** Opens connections whose timestamps come as UTC text with microseconds, and whose dates stay dates. */
export function openDatabase(databaseUrl: string, connections = 20): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: connections,
    options: '-c timezone=UTC',
    types: typeParsers(),
  });
  // An idle connection that the server closed is replaced by the next query; without a listener it ends the process.
  pool.on('error', () => undefined);
  return pool;
}

/** From `2026-03-31 10:00:00.5+00` to `2026-03-31T10:00:00.500000Z`. */
function asUtc(text: string): string {
  const [whole = '', fraction = ''] = text.replace(/\+00$/, '').replace(' ', 'T').split('.');
  return `${whole}.${fraction.padEnd(6, '0')}Z`;
}

function typeParsers(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.DATE, (text) => text);
  types.setTypeParser(pg.types.builtins.TIMESTAMPTZ, asUtc);
  return types;
}

/** Runs statements in one transaction; what throws rolls it back. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  run: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const result = await run(client);
    await client.query('COMMIT');
    client.release();
    return result;
  } catch (error) {
    // A connection that cannot even roll back is broken and is not given back.
    const broken = await client.query('ROLLBACK').then(
      () => false,
      () => true,
    );
    client.release(broken);
    throw error;
  }
}
