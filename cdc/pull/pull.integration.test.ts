import { beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import * as prettier from 'prettier';
import { testDatabase } from '../../kit/test-database.ts';
import { pullTables } from './pull-tables.ts';

let url: string;
const labels = Array.from({ length: 14 }, (_, index) => `'state number ${String(index)}'`).join(', ');

beforeAll(async () => {
  url = await testDatabase('pull');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    CREATE SCHEMA crm;
    CREATE TYPE order_status AS ENUM ('open', 'paid', 'it''s "lost"');
    CREATE TYPE long_state AS ENUM (${labels});
    CREATE TYPE pair AS (a int4, b text);
    CREATE DOMAIN sku AS varchar(20) NOT NULL;
    CREATE TABLE orders (
      id bigint PRIMARY KEY, status order_status NOT NULL DEFAULT 'open', state long_state, total numeric(12,2) NOT NULL,
      placed timestamptz NOT NULL DEFAULT now(), due date, meta jsonb, tags text[] NOT NULL, grid int4[][],
      states order_status[], token uuid, photo bytea, pair pair, code sku, twice int8 GENERATED ALWAYS AS (id * 2) STORED,
      "char" "char", range int4range);
    CREATE TABLE order_lines (line_no int4, order_id bigint REFERENCES orders, PRIMARY KEY (order_id, line_no));
    CREATE TABLE audit (at timestamptz NOT NULL, what text);
    CREATE TABLE traced (what text); ALTER TABLE traced REPLICA IDENTITY FULL;
    CREATE TABLE crm.orders (id int4 PRIMARY KEY);
    CREATE TABLE crm."Customer Notes" ("Id" int4 PRIMARY KEY, "it's" text, "__proto__" text, "class" bool NOT NULL, "1st" float8);
    CREATE TABLE events (id int4 PRIMARY KEY) PARTITION BY RANGE (id);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (10);
    CREATE VIEW v AS SELECT 1;`);
  await client.end();
});

let text: string;
test('declares every table that can be captured', async () => {
  text = await pullTables(url, { source: 'my-shop' });
  const hoisted = Array.from({ length: 14 }, (_, index) => `  'state number ${String(index)}',`).join('\n');
  expect(text).toBe(`// Written by \`banyan tables pull\`. Pull again when the tables change.
import { col, table, tables } from 'banyan/cdc';

const orders_state_labels = [
${hoisted}
] as const;

export const myShop = tables('my-shop', {
  'Customer Notes': table('crm.Customer Notes', {
    key: ['Id'],
    columns: {
      Id: col.int4(),
      "it's": col.text().nullable(),
      ['__proto__']: col.text().nullable(),
      class: col.bool(),
      '1st': col.float8().nullable(),
    },
  }),
  crmOrders: table('crm.orders', {
    key: ['id'],
    columns: {
      id: col.int4(),
    },
  }),
  /** No replica identity: only what is inserted is captured. */
  audit: table('public.audit', {
    key: [],
    columns: {
      at: col.timestamptz(),
      what: col.text().nullable(),
    },
  }),
  events: table('public.events', {
    key: ['id'],
    columns: {
      id: col.int4(),
    },
  }),
  order_lines: table('public.order_lines', {
    key: ['line_no', 'order_id'],
    columns: {
      line_no: col.int4(),
      order_id: col.int8(),
    },
  }),
  orders: table('public.orders', {
    key: ['id'],
    columns: {
      id: col.int8(),
      status: col.enum('open', 'paid', 'it\\'s "lost"'),
      state: col.enum(...orders_state_labels).nullable(),
      total: col.numeric(),
      placed: col.timestamptz(),
      due: col.date().nullable(),
      meta: col.jsonb().nullable(),
      tags: col.array(col.text()),
      grid: col.array(col.array(col.int4())).nullable(),
      states: col.array(col.enum('open', 'paid', 'it\\'s "lost"')).nullable(),
      token: col.uuid().nullable(),
      photo: col.bytea().nullable(),
      pair: col.other('pair').nullable(),
      code: col.varchar(),
      char: col.other('char').nullable(),
      range: col.other('int4range').nullable(),
    },
  }),
  /** No primary key: a row is told by all of its columns. */
  traced: table('public.traced', {
    key: [],
    columns: {
      what: col.text().nullable(),
    },
  }),
});
`);
});

test('is left as it is by Prettier, and is the same when pulled again', async () => {
  const formatted = await prettier.format(text, {
    parser: 'typescript',
    printWidth: 110,
    singleQuote: true,
    trailingComma: 'all',
  });
  expect(text).toBe(formatted);
  expect(await pullTables(url, { source: 'my-shop' })).toBe(text);
});

test('takes the tables that it is asked for', async () => {
  const some = await pullTables(url, {
    source: 'default',
    tables: ['crm.*', 'orders'],
    exclude: ['crm.Customer*'],
  });
  expect(some).toContain(`export const defaultTables = tables('default', {\n  crmOrders:`);
  expect(some).not.toContain('Customer Notes');
  await expect(pullTables(url, { source: 's', tables: ['nothing'] })).rejects.toMatchObject({
    code: 'SOURCE_TABLE_UNKNOWN',
  });
});
