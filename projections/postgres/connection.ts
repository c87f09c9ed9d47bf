import { BanyanError, once, toError, type Closeable, type Logger } from 'banyan/runtime';
import pg from 'pg';

/** A statement; with a name it is prepared once a connection. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  readonly name?: string;
}

/** Runs one statement in the pool or in a transaction. Errors are those of Postgres (see {@link Connection.run}). */
export type Query = <Row extends pg.QueryResultRow>(statement: Statement) => Promise<Row[]>;

/** Does some work and tells what went wrong with it. */
type Run = <T>(
  work: (query: Query) => Promise<T>,
  told?: (error: pg.DatabaseError) => BanyanError | undefined,
) => Promise<T>;

/** A pool of connections to the view store's database. */
export interface Connection extends Closeable {
  /** Runs, and tells connection errors as BanyanError VIEW_STORE_UNREACHABLE, others as VIEW_STORE_FAILED, unless `told` names them first. */
  readonly run: Run;
  /** As `run`, in one transaction: rolled back when the work throws. */
  readonly transaction: Run;
}

/*
 * A statement gets its input as one JSON text or array, whose rows Postgres cannot count before it plans. On a new
 * table it would plan a join over the whole table, and keep that plan while the table grows to millions of rows. All
 * our statements go by an index, so other joins are made unattractive.
 */
const planning = 'SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off';

/** Opens a pool; connects when it is first used. */
export function connect(options: {
  readonly connectionString: string;
  readonly maxConnections: number;
  readonly logger: Logger;
}): Connection {
  const where = placeOf(options.connectionString);
  const pool = new pg.Pool({
    connectionString: options.connectionString,
    max: options.maxConnections,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    application_name: 'banyan views',
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the pool waits for it, its types do not say so
    onConnect: (client) => client.query(planning),
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => options.logger.debug({ err: error }, 'an idle view store connection broke'));

  const run: Run = async (work, told) => {
    try {
      return await work(queryOn(pool));
    } catch (error) {
      throw tell(error, where, told);
    }
  };
  return {
    run,
    transaction: async (work, told) => {
      try {
        return await inTransaction(pool, work);
      } catch (error) {
        throw tell(error, where, told);
      }
    },
    close: once(() => pool.end()),
  };
}

function queryOn(on: pg.Pool | pg.PoolClient): Query {
  return async <Row extends pg.QueryResultRow>({ text, values, name }: Statement) => {
    const { rows } = await on.query<Row>({ text, values: [...values], ...(name !== undefined && { name }) });
    return rows;
  };
}

async function inTransaction<T>(pool: pg.Pool, work: (query: Query) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(queryOn(client));
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((failure: unknown) => (broken = toError(failure)));
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Classes of SQLSTATE that say that the server cannot be had now: connection exceptions, no resources, shutdown. */
const unreachable = /^(08...|53[03]00|57P0[1-5])$/;
/** Codes of node's sockets, and messages of `pg` that carry no code. */
const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EPIPE',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
const socketMessages =
  /connection terminated|connection error|timeout exceeded when trying to connect|not queryable/i;
/** Invalid authorization and unknown database. */
const refused = /^(28...|3D000)$/;

function tell(
  thrown: unknown,
  where: string,
  told?: (error: pg.DatabaseError) => BanyanError | undefined,
): Error {
  const error = toError(thrown);
  if (error instanceof BanyanError) return error;
  const known = error instanceof pg.DatabaseError ? told?.(error) : undefined;
  if (known) return known;
  // Of what was thrown, which need not be an Error of this realm.
  const code = (thrown as { code?: unknown } | undefined)?.code;
  const sqlState = typeof code === 'string' ? code : '';
  if (socketCodes.has(sqlState) || unreachable.test(sqlState) || socketMessages.test(error.message)) {
    return new BanyanError(
      'VIEW_STORE_UNREACHABLE',
      `The view store ${where} cannot be reached (${sqlState || error.message}). Check that it runs and is let through to.`,
      { retryable: true, cause: error },
    );
  }
  if (refused.test(sqlState)) {
    return new BanyanError(
      'VIEW_STORE_REFUSED',
      `The view store ${where} refuses the connection: ${error.message}. Check user, password and database.`,
      { cause: error },
    );
  }
  return new BanyanError(
    'VIEW_STORE_FAILED',
    `The view store ${where} failed: ${error.message} (${sqlState || 'no code'}).`,
    {
      // A deadlock or a serialization failure did nothing, and goes when repeated.
      retryable: sqlState.startsWith('40'),
      cause: error,
    },
  );
}

/** Host, port and database for messages; never the password. */
function placeOf(connectionString: string): string {
  try {
    // A client that is never connected: it reads the text by the same rules and defaults as the pool.
    const { user, host, port, database } = new pg.Client({ connectionString });
    return `${user ?? ''}@${host}:${port}/${database ?? ''}`;
  } catch {
    // The original error carries the text, and with it the password.
    throw new BanyanError(
      'VIEW_STORE_URL_INVALID',
      'The view store was given a connection string that is none; expected postgres://user:password@host:port/database.',
    );
  }
}
