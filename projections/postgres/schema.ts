import { BanyanError } from 'banyan/runtime';
import type { Knex } from 'knex';
import type { Generation, GenerationId } from '../view-store.ts';
import type { Query, Statement } from './connection.ts';
import { columnsOf, quoted, receiptsOf, tableOf } from './names.ts';

/** The layout that this code reads and writes; a change of it is one more entry of {@link migrations}. */
const migrations: readonly Migration[] = [firstLayout, pointersWithPast, tracking];

/** The statements of a change of the layout, by what the schema holds. */
type Migration = (sql: Knex, schema: string, query: Query) => Promise<readonly Statement[]>;

/**
 * Brings the schema to the layout of this code, in the caller's transaction; safe when many do it at once.
 * @throws BanyanError VIEW_STORE_CLASH when the schema holds something else, VIEW_STORE_TOO_NEW when a newer Banyan
 *   made it
 */
export async function prepareSchema(sql: Knex, schema: string, query: Query): Promise<void> {
  await lockSchema(schema, query);
  const version = await versionOf(schema, query);
  if (version > migrations.length) throw tooNew(schema, version);
  for (const migrate of migrations.slice(version)) {
    for (const statement of await migrate(sql, schema, query)) await query(statement);
  }
  if (version < migrations.length) {
    const layout = sql.withSchema(schema).table('layout');
    await query(toStatement(layout.clone().delete()));
    await query(toStatement(layout.clone().insert({ version: migrations.length })));
  }
}

/** Holds others off the layout of the schema until the transaction ends. */
export async function lockSchema(schema: string, query: Query): Promise<void> {
  await query({
    text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
    values: [`banyan views ${schema}`],
  });
}

async function versionOf(schema: string, query: Query): Promise<number> {
  const tables = await query<{ name: string }>({
    text: 'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = $1 ORDER BY 1',
    values: [schema],
  });
  if (tables.length === 0) return 0;
  if (!tables.some(({ name }) => name === 'layout'))
    throw clash(
      schema,
      tables.map(({ name }) => name),
    );
  const [row] = await query<{ version: number }>({
    text: `SELECT version FROM ${quoted(schema, 'layout')}`,
    values: [],
  });
  return row?.version ?? 0;
}

/** The first layout: the registry, the progress apart from it since it changes with every batch, and the pointers. */
async function firstLayout(sql: Knex, schema: string): Promise<Statement[]> {
  const tables = sql.schema
    .withSchema(schema)
    .createTable('layout', (table) => void table.integer('version').notNullable())
    .createTable('generations', (table) => {
      table.text('projection').notNullable();
      table.integer('number').notNullable();
      for (const name of ['state', 'floor', 'logs', 'indexes']) table.jsonb(name).notNullable();
      for (const name of ['bundle', 'created_at']) table.text(name).notNullable();
      table.primary(['projection', 'number']);
    })
    .createTable('progress', (table) => {
      table.text('projection').notNullable();
      table.integer('number').notNullable();
      table.jsonb('progress').notNullable();
      table.primary(['projection', 'number']);
    })
    .createTable('pointers', (table) => {
      table.text('name').primary();
      table.bigInteger('epoch').notNullable();
      table.jsonb('live').notNullable();
    });
  return [
    text(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`),
    ...tables.toSQL().map((statement) => text(statement.sql)),
    // Room in each page to change rows in place.
    text(`ALTER TABLE ${quoted(schema, 'progress')} SET (fillfactor = 20)`),
    text(`CREATE FUNCTION ${quoted(schema, 'refuse')}(why text, keys text) RETURNS boolean LANGUAGE plpgsql AS
      $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'BANYN', MESSAGE = why, DETAIL = keys; END $$`),
  ];
}

/** The second layout: pointers remember what was live before. */
async function pointersWithPast(_sql: Knex, schema: string): Promise<Statement[]> {
  return [text(`ALTER TABLE ${quoted(schema, 'pointers')} ADD COLUMN past jsonb`)];
}

/**
 * The third layout: what the watermark rests on. No item that was written before is in trouble, since only ordered
 * projectors wrote.
 */
async function tracking(_sql: Knex, schema: string, query: Query): Promise<Statement[]> {
  const generations = await query<GenerationId>(
    text(`SELECT projection, number FROM ${quoted(schema, 'generations')}`),
  );
  return [
    // Text that the server never looks into, as an item's state.
    text(`ALTER TABLE ${quoted(schema, 'progress')} ADD COLUMN revision bigint NOT NULL DEFAULT 0,
      ADD COLUMN tracking json`),
    ...generations.flatMap((id) => [
      text(`ALTER TABLE ${quoted(schema, tableOf(id))} ADD COLUMN trouble text`),
      ...troubleAndReceipts(schema, id),
    ]),
  ];
}

/** The index of a generation's items in trouble, which costs the others nothing, and its table of receipts. */
function troubleAndReceipts(schema: string, id: GenerationId): Statement[] {
  const receipts = quoted(schema, receiptsOf(id));
  return [
    text(`CREATE INDEX ON ${quoted(schema, tableOf(id))} (trouble, key) WHERE trouble IS NOT NULL`),
    // A queue: what was forgotten is swept out by number, however long it has grown.
    text(`CREATE TABLE ${receipts} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, log text NOT NULL,
      healed boolean NOT NULL, places json NOT NULL)
      WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000)`),
  ];
}

/** The statements that make a generation's tables and their indexes. */
export function createTables(schema: string, generation: Generation): Statement[] {
  const table = quoted(schema, tableOf(generation));
  const indexes = generation.indexes.map(({ name }) => columnsOf(name));
  const columns = [
    'key text COLLATE "C" PRIMARY KEY',
    'revision bigint NOT NULL',
    'document jsonb',
    // Text that the server never looks into; jsonb is larger, and refuses U+0000, which an event may hold.
    'state json NOT NULL',
    'removed_at text',
    'trouble text',
    ...indexes.flatMap(({ partition, sort }) => [
      `${quoted(partition)} text COLLATE "C"`,
      `${quoted(sort)} text COLLATE "C"`,
    ]),
  ];
  return [
    // A tenth of each page is left free, so that an update that moves in no index changes none of them.
    text(`CREATE TABLE ${table} (${columns.join(', ')}) WITH (fillfactor = 90)`),
    text(`CREATE INDEX ON ${table} (removed_at) WHERE removed_at IS NOT NULL`),
    ...troubleAndReceipts(schema, generation),
    ...indexes.map(({ partition, sort }) =>
      text(
        `CREATE INDEX ON ${table} (${quoted(partition)}, ${quoted(sort)}, key) WHERE ${quoted(partition)} IS NOT NULL`,
      ),
    ),
  ];
}

function text(statement: string): Statement {
  return { text: statement, values: [] };
}

/** What a knex query says, for our own pool. */
export function toStatement(query: Knex.QueryBuilder | Knex.Raw): Statement {
  const { sql, bindings } = query.toSQL().toNative();
  return { text: sql, values: bindings };
}

function clash(schema: string, tables: readonly string[]): BanyanError {
  return new BanyanError(
    'VIEW_STORE_CLASH',
    `Schema ${schema} of the view store holds tables that are not Banyan's (${tables.slice(0, 5).join(', ')}). ` +
      'Nothing was changed. Give the views another database, or another `schema`.',
    { details: { schema, tables: tables.slice(0, 20) } },
  );
}

function tooNew(schema: string, version: number): BanyanError {
  return new BanyanError(
    'VIEW_STORE_TOO_NEW',
    `Schema ${schema} of the view store has layout ${version}; this Banyan knows ${migrations.length}. Use the newer Banyan.`,
    { details: { schema, found: version, known: migrations.length } },
  );
}
