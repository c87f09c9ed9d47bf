import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { pino } from 'pino';
import { dropPostgresSource, postgres, type Cursor, type Source } from 'banyan/cdc';
import { silentLogger, type Closeable, type Logger } from 'banyan/runtime';
import { freePort, startPostgresServer, type PostgresServer } from '../../kit/postgres-server.ts';
import { readSource } from '../../kit/source-reader.ts';
import { testDatabase } from '../../kit/test-database.ts';
import type { PostgresOptions } from './options.ts';

let url: string;
let client: pg.Client;
let counter = 0;
const started: Closeable[] = [];

beforeAll(async () => {
  url = await testDatabase('preflight');
  client = await connected(url);
});
afterEach(async () => {
  for (const one of started.splice(0).reverse()) await one.close();
});
afterAll(() => client.end());

async function connected(connectionString: string): Promise<pg.Client> {
  const made = new pg.Client({ connectionString });
  made.on('error', () => undefined);
  await made.connect();
  return made;
}

interface Fixture {
  readonly source: Source;
  readonly schema: string;
  readonly name: string;
  /** The same source under other options. */
  readonly with: (options: Partial<PostgresOptions>, logger?: Logger) => Source;
}

async function fixture(
  ddl = 'CREATE TABLE a (id int4 PRIMARY KEY)',
  options: Partial<PostgresOptions> = {},
): Promise<Fixture> {
  counter += 1;
  const schema = `p${String(counter)}`;
  await client.query(`CREATE SCHEMA ${schema}; SET search_path = ${schema}; ${ddl}`);
  const name = `pre_${String(counter)}_${url.slice(-8)}`;
  const given = {
    connectionString: url,
    tables: [`${schema}.*`],
    idleAfterMs: 50,
    slotWaitMs: 100,
    ...options,
  };
  started.push({
    close: () => dropPostgresSource(name, { ...given, connectionString: url, slotWaitMs: 5000 }),
  });
  return {
    schema,
    name,
    source: postgres(given).create(name),
    with: (other, logger = silentLogger) => postgres({ ...given, ...other }).create(name, { logger }),
  };
}

/** The error of opening, which must not open. */
async function refusal(
  source: Source,
  after?: Cursor,
): Promise<Error & { readonly code: string; readonly retryable: boolean }> {
  try {
    const stream = await source.open({ after, signal: new AbortController().signal });
    await stream.close();
  } catch (error) {
    return error as never;
  }
  throw new Error('The source opened.');
}

/** Captures the snapshot; where the log would stand. */
async function captured(source: Source): Promise<Cursor> {
  const reader = await readSource(source, { acknowledge: false });
  const [snapshot] = await reader.count(1);
  await reader.close();
  if (snapshot === undefined) throw new Error('no snapshot');
  return snapshot.cursor;
}

function at(cursor: Cursor, ...wrong: readonly Partial<Cursor>[]): Cursor {
  return Object.assign({}, cursor, ...wrong) as Cursor;
}

describe('the server', () => {
  test('that is not there', async () => {
    const port = await freePort();
    const { with: other } = await fixture();
    const error = await refusal(
      other({ connectionString: `postgres://u:geheim@127.0.0.1:${String(port)}/d` }),
    );
    expect(error).toMatchObject({ code: 'SOURCE_UNREACHABLE', retryable: true });
    expect(error.message).toContain(`u@127.0.0.1:${String(port)}/d`);
    expect(error.message).not.toContain('geheim');
  });

  test('without the database', async () => {
    const { with: other } = await fixture();
    const error = await refusal(other({ connectionString: url.replace(/[^/]*$/, 'nowhere') }));
    expect(error).toMatchObject({ code: 'SOURCE_UNREACHABLE', retryable: false });
    expect(error.message).toContain('"nowhere" does not exist');
  });

  test('without a logical WAL', async () => {
    const server = await startPostgresServer({ settings: { wal_level: 'replica' } });
    started.push(server);
    const source = postgres({ connectionString: server.url(), tables: ['a'] }).create('x');
    const error = await refusal(source);
    expect(error.code).toBe('SOURCE_WAL_LEVEL');
    expect(error.message).toContain('ALTER SYSTEM SET wal_level = logical;');
  });
});

describe('a small server', () => {
  let server: PostgresServer;
  let admin: pg.Client;
  beforeAll(async () => {
    server = await startPostgresServer({
      settings: {
        max_replication_slots: '1',
        max_wal_senders: '1',
        max_slot_wal_keep_size: '1MB',
        max_wal_size: '32MB',
        min_wal_size: '32MB',
      },
    });
    admin = await connected(server.url());
    await admin.query('CREATE TABLE a (id int4 PRIMARY KEY)');
  });
  afterEach(async () => {
    await admin.query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots');
  });
  afterAll(async () => {
    await admin.end();
    await server.close();
  });
  const open = (): Source =>
    postgres({ connectionString: server.url(), tables: ['a'], slotWaitMs: 0 }).create('x');

  test('with no slot left', async () => {
    await admin.query(`SELECT pg_create_physical_replication_slot('other')`);
    const error = await refusal(open());
    expect(error.code).toBe('SOURCE_NO_SLOTS_LEFT');
    expect(error.message).toContain('all 1 replication slots are in use');
    expect((await admin.query('SELECT FROM pg_publication')).rowCount).toBe(0);
  });

  test('with no walsender left', async () => {
    const config = { connectionString: server.url(), replication: 'database' };
    const holder = new pg.Client(config);
    await holder.connect();
    const error = await refusal(open());
    await holder.end();
    expect(error.code).toBe('SOURCE_NO_SLOTS_LEFT');
    expect(error.message).toContain('max_wal_senders');
  });

  test('that has removed the WAL of the slot', async () => {
    const source = open();
    const cursor = await captured(source);
    for (let round = 0; round < 4; round += 1) {
      await admin.query(`SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000000)), pg_switch_wal()`);
    }
    await admin.query('CHECKPOINT');
    const error = await refusal(source, cursor);
    expect(error.code).toBe('SOURCE_HISTORY_BROKEN');
    expect(error.message).toContain('wal_removed');
  });

  test('shuts down in order while it is captured', async () => {
    const reader = await readSource(open());
    await reader.count(1);
    await admin.query('INSERT INTO a VALUES (1)');
    await reader.count(2);
    // A fast shutdown waits until every walsender's reader has acknowledged all there is.
    const { rows } = await admin.query<{ data: string }>(
      `SELECT pg_read_file('postmaster.pid', 0, 20) AS data`,
    );
    const pid = Number(rows[0]?.data.split('\n')[0]);
    await admin.end();
    process.kill(pid, 'SIGINT');
    expect(await reader.ended).toMatchObject({ code: 'SOURCE_DISCONNECTED', retryable: true });
    await reader.close();
    await server.close();
    server = await startPostgresServer();
    admin = await connected(server.url());
  });
});

describe('the role', () => {
  const role = `least_${String(process.pid)}`;
  const as = () => url.replace('postgres@', `${role}@`);
  beforeAll(() => client.query(`CREATE ROLE ${role} LOGIN`));
  afterEach(() => client.query(`ALTER ROLE ${role} NOREPLICATION; DROP OWNED BY ${role}`));
  afterAll(() => client.query(`DROP ROLE ${role}`));

  test('may not read a table', async () => {
    const { with: other, schema } = await fixture();
    const error = await refusal(other({ connectionString: as() }));
    expect(error.code).toBe('SOURCE_NO_PERMISSION');
    expect(error.message).toContain(`GRANT SELECT ON "${schema}"."a" TO "${role}";`);
  });

  test('may not replicate', async () => {
    const { with: other, schema } = await fixture();
    await client.query(
      `GRANT USAGE ON SCHEMA ${schema} TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`,
    );
    const error = await refusal(other({ connectionString: as() }));
    expect(error.code).toBe('SOURCE_NO_REPLICATION');
    expect(error.message).toContain(`ALTER ROLE "${role}" REPLICATION;`);
  });

  test('may not make publications; once it has what the message says, it captures', async () => {
    const { with: other, schema } = await fixture(
      'CREATE TABLE a (id int4 PRIMARY KEY); CREATE TABLE k (v int4)',
    );
    await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role};
      ALTER ROLE ${role} REPLICATION`);
    const source = other({ connectionString: as() });
    const error = await refusal(source);
    expect(error.code).toBe('SOURCE_NO_PERMISSION');
    await client.query(/run:\n([\s\S]*)$/.exec(error.message)?.[1] ?? '');
    const reader = await readSource(source);
    await reader.count(1);
    await client.query('INSERT INTO a VALUES (1); INSERT INTO k VALUES (1); UPDATE k SET v = 2');
    await reader.count(2);
    expect(reader.changes().map(({ op, table }) => `${op} ${table.table}`)).toEqual([
      `insert ${schema}.a`,
      `insert ${schema}.k`,
    ]);
    expect((await source.lag()).retainedBytes).toBeGreaterThanOrEqual(0);
    await reader.close();
    const next = await readSource(source, { after: reader.cursor });
    await next.close();
  });

  test('sees only some rows of a table with row-level security', async () => {
    const { with: other, schema } =
      await fixture(`CREATE TABLE a (id int4 PRIMARY KEY); ALTER TABLE a ENABLE ROW LEVEL SECURITY;
      CREATE POLICY visible ON a USING (id > 5)`);
    await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}; GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role};
      ALTER ROLE ${role} REPLICATION`);
    const denied = await refusal(other({ connectionString: as() }));
    await client.query(/run:\n([\s\S]*)$/.exec(denied.message)?.[1] ?? '');
    const reader = await readSource(other({ connectionString: as() }));
    expect(await reader.ended).toMatchObject({
      code: 'SOURCE_NO_PERMISSION',
      message: expect.stringContaining('BYPASSRLS'),
    });
    await reader.close();
  });
});

describe('the slot', () => {
  test('that another capture reads', async () => {
    const { source, name } = await fixture();
    const reader = await readSource(source);
    await reader.count(1);
    await reader.stream.close();
    const next = await readSource(source, { after: reader.cursor });
    const error = await refusal(source, reader.cursor);
    await next.close();
    expect(error).toMatchObject({ code: 'SOURCE_SLOT_TAKEN', retryable: true });
    expect(error.message).toContain(`application banyan_${name}`);
  });

  test.each([
    ['of another plugin', "pg_create_logical_replication_slot($1, 'test_decoding')", 'test_decoding'],
    ['of physical replication', 'pg_create_physical_replication_slot($1)', '(physical)'],
  ])('%s', async (_what, make, plugin) => {
    const { source, name } = await fixture();
    await client.query(`SELECT ${make}`, [`banyan_${name}`]);
    const error = await refusal(source);
    expect(error.code).toBe('SOURCE_SLOT_FOREIGN');
    expect(error.message).toContain(plugin);
  });

  test('of another database', async () => {
    const { source, name } = await fixture();
    const elsewhere = await connected(await testDatabase('elsewhere'));
    await elsewhere.query(`SELECT pg_create_logical_replication_slot($1, 'pgoutput')`, [`banyan_${name}`]);
    expect(await refusal(source)).toMatchObject({ code: 'SOURCE_SLOT_FOREIGN' });
    await elsewhere.query('SELECT pg_drop_replication_slot($1)', [`banyan_${name}`]);
    await elsewhere.end();
  });
});

describe('the tables', () => {
  test('of which one is not there', async () => {
    const { with: other, schema } = await fixture();
    const error = await refusal(other({ tables: [`${schema}.a`, `${schema}.ordrs`] }));
    expect(error.code).toBe('SOURCE_TABLE_UNKNOWN');
    expect(error.message).toContain(`asks for ${schema}.ordrs`);
  });

  test('of which one is new: named it is refused, met by a pattern it is told and left out', async () => {
    const { source, with: other, schema } = await fixture();
    const cursor = await captured(source);
    await client.query('CREATE TABLE later (id int4 PRIMARY KEY)');
    const error = await refusal(other({ tables: [`${schema}.a`, `${schema}.later`] }), cursor);
    expect(error.code).toBe('SOURCE_TABLE_NEW');
    expect(error.message).toContain(`${schema}.later`);
    const told = recorder();
    const reader = await readSource(other({}, told.logger), { after: cursor });
    await client.query('INSERT INTO later VALUES (1); INSERT INTO a VALUES (1)');
    await reader.count(1);
    await reader.close();
    expect(reader.changes()).toHaveLength(1);
    expect(told.text()).toContain(`${schema}.later`);
  });

  test('of which one was taken out are captured no longer', async () => {
    const {
      source,
      with: other,
      schema,
    } = await fixture('CREATE TABLE a (id int4 PRIMARY KEY); CREATE TABLE b (id int4 PRIMARY KEY)');
    const cursor = await captured(source);
    const reader = await readSource(other({ tables: [`${schema}.a`] }), { after: cursor });
    await client.query('INSERT INTO b VALUES (1)');
    await client.query('INSERT INTO a VALUES (1)');
    await reader.count(1);
    await reader.close();
    expect(reader.changes().map(({ table }) => table.table)).toEqual([`${schema}.a`]);
  });

  test('of which one lost its key stay updatable from then on', async () => {
    const { source } = await fixture(
      'CREATE TABLE a (id int4 CONSTRAINT k PRIMARY KEY); INSERT INTO a VALUES (1)',
    );
    const cursor = await captured(source);
    await client.query('ALTER TABLE a DROP CONSTRAINT k');
    await expect(client.query('UPDATE a SET id = 2')).rejects.toThrow('replica identity');
    const reader = await readSource(source, { after: cursor });
    await client.query('UPDATE a SET id = 2');
    await client.query('INSERT INTO a VALUES (3)');
    await reader.count(1);
    await reader.close();
    expect(reader.changes()).toMatchObject([{ op: 'insert', after: { id: 3 } }]);
  });

  test('without a key are named in a warning', async () => {
    const { with: other, schema } = await fixture(
      'CREATE TABLE a (id int4 PRIMARY KEY); CREATE TABLE k (v int4)',
    );
    const told = recorder();
    await captured(other({}, told.logger));
    expect(told.text()).toContain(`no replica identity (no primary key): ${schema}.k.`);
  });
});

describe('a publication of that name', () => {
  test.each([
    ['for all tables', (_schema: string) => 'FOR ALL TABLES', 'for all tables'],
    ['for a schema', (schema: string) => `FOR TABLES IN SCHEMA ${schema}`, 'whole schema'],
    ['with a row filter', (schema: string) => `FOR TABLE ${schema}.a WHERE (id > 1)`, 'row filter'],
  ])('%s is refused', async (_what, which, why) => {
    const { source, schema, name } = await fixture();
    await client.query(`CREATE PUBLICATION banyan_${name} ${which(schema)}`);
    const error = await refusal(source);
    expect(error.code).toBe('SOURCE_PUBLICATION');
    expect(error.message).toContain(why);
  });

  test('is made right when it has other tables and operations', async () => {
    const { source, schema, name } = await fixture(
      'CREATE TABLE a (id int4 PRIMARY KEY); CREATE TABLE k (v int4)',
    );
    await client.query(
      `CREATE PUBLICATION banyan_${name} FOR TABLE ${schema}.k WITH (publish = 'insert, update')`,
    );
    await captured(source);
    const { rows } = await client.query<{ name: string; tables: string }>(
      `SELECT pubname || ' ' || pubupdate AS name, (SELECT string_agg(prrelid::regclass::text, ',') FROM pg_publication_rel WHERE prpubid = p.oid) AS tables
       FROM pg_publication p WHERE pubname LIKE $1 ORDER BY 1`,
      [`banyan_${name}%`],
    );
    expect(rows).toEqual([
      { name: `banyan_${name} true`, tables: 'a' },
      { name: `banyan_${name}_inserts false`, tables: 'k' },
    ]);
  });
});

describe('a history that is broken', () => {
  test('stops capture and says why', async () => {
    const { source, name } = await fixture();
    const cursor = await captured(source);
    const cases: [Cursor, string][] = [
      [at(cursor, { system: '1' }), 'another database cluster'],
      [at(cursor, { timeline: 9 }), 'timeline'],
      [at(cursor, { lsn: 'FF/0' }), 'older copy'],
      [at(cursor, { lsn: '0/1' }), 'has moved on'],
    ];
    for (const [after, why] of cases) {
      const error = await refusal(source, after);
      expect(error.code).toBe('SOURCE_HISTORY_BROKEN');
      expect(error.message).toContain(why);
    }
    await client.query(`DROP PUBLICATION banyan_${name}, banyan_${name}_inserts`);
    expect((await refusal(source, cursor)).message).toContain('are gone');
    await client.query('SELECT pg_drop_replication_slot($1)', [`banyan_${name}`]);
    expect((await refusal(source, cursor)).message).toContain('slot is gone');
  });
});

/** A logger that keeps what it is told. */
function recorder(): { readonly logger: Logger; text(): string } {
  const lines: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  return { logger, text: () => lines.join('') };
}
