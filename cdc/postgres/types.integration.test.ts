import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { dropPostgresSource, postgres, type Row } from 'banyan/cdc';
import { readSource, type SourceReader } from '../../kit/source-reader.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { converterOf, outputSettings } from '../values.ts';
import { TypeCatalog } from './type-catalog.ts';

/** Type, then literals of it. */
const samples: readonly (readonly [string, ...string[]])[] = [
  ['bool', 'true', 'false'],
  ['int2', '-32768', '32767'],
  ['int4', '-2147483648', '2147483647'],
  ['int8', '-9223372036854775808', '9223372036854775807'],
  ['oid', '4294967295', '0'],
  ['numeric', '1.10', '-0.00000000000000000001', '123456789012345678901234567890.5', 'NaN', 'Infinity'],
  ['numeric(10,2)', '1.1', '99999999.99'],
  ['float4', '0.1', '3.4e38', 'NaN', '-Infinity', '1e-45'],
  ['float8', '0.1', '1.7976931348623157e308', '5e-324', '-0', 'Infinity'],
  ['money', '-12.34', '92233720368547758.07'],
  ['text', '', 'ä\t\n\\N "x" \u{1f600}', '\\.'],
  ['varchar(5)', 'abc', ' '],
  ['char(5)', 'ab', ''],
  ['"char"', 'x', ''],
  ['name', 'n'],
  ['bytea', '\\x00ff5c', '\\x'],
  ['date', '2026-11-21', '0044-03-15 BC', 'infinity', '10000-01-01'],
  ['time', '03:28:00.123456', '24:00:00'],
  ['timetz', '03:28:00+05:30'],
  ['timestamp', '2026-11-21 03:28:00.123456', '-infinity', '0044-03-15 00:00:00 BC', '10000-01-01 00:00:00'],
  ['timestamptz', '2026-11-21 03:28:00.1+05:30', 'infinity', '1900-01-01 00:00:00+00'],
  ['timestamptz(0)', '2026-11-21 03:28:00.6+00'],
  ['interval', '1 year 2 mons 3 days 04:05:06.789', '-1 mons +2 days'],
  ['uuid', '00000000-0000-0000-0000-00000000000a'],
  ['json', '{"b": 1.10, "a": [12345678901234567890, null]}', 'null', '"\\u0041"'],
  ['jsonb', '{"b": 1.10, "a": [12345678901234567890, null]}', '1e400', '"x"'],
  ['xml', '<a>b</a>'],
  ['inet', '10.0.0.1/8', '::1'],
  ['cidr', '10.0.0.0/8'],
  ['macaddr', '08:00:2b:01:02:03'],
  ['bit(3)', '101'],
  ['varbit', '10101'],
  ['point', '(1.5,2)'],
  ['box', '(1,1),(0,0)'],
  ['path', '[(0,0),(1,1)]'],
  ['circle', '<(0,0),1>'],
  ['tsvector', `'a':1 'b':2`],
  ['tsquery', `'a' & 'b'`],
  ['int4range', '[1,10)', 'empty'],
  ['tstzrange', '[2026-01-01 00:00+00,)'],
  ['int4multirange', '{[1,3),[5,7)}'],
  ['pg_lsn', '16/B374D848'],
  ['regclass', 'pg_class'],
  ['mood', 'glad', 'very sad'],
  ['pair', '(1,"a,b")'],
  ['positive', '5'],
  ['tags', '{a,"b c"}'],
  ['int4[]', '{1,NULL,3}', '{}', '{{1,2},{3,4}}', '[0:1]={1,2}'],
  ['int8[]', '{9223372036854775807}'],
  ['text[]', '{"a,b","c\\"d",NULL,"NULL",""}'],
  ['numeric[]', '{1.10,NaN}'],
  ['bool[]', '{t,f,NULL}'],
  ['timestamptz[]', '{"2026-11-21 03:28:00+00",infinity}'],
  ['bytea[]', '{"\\\\x00ff"}'],
  ['jsonb[]', '{"{\\"a\\": [1, 2]}",NULL}'],
  ['box[]', '{(1,1),(0,0);(2,2),(1,1)}'],
  ['mood[]', '{glad,"very sad",NULL}'],
  ['positive[]', '{1,2}'],
  ['pair[]', '{"(1,\\"a,b\\")"}'],
  ['int2vector', '1 2 3'],
];

let client: pg.Client;
let url: string;
let reader: SourceReader;
let name: string;
let options: { connectionString: string; tables: string[] };

beforeAll(async () => {
  url = await testDatabase('types');
  name = `types_${url.slice(-8)}`;
  options = { connectionString: url, tables: ['*.*'] };
  client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE TYPE mood AS ENUM ('glad', 'very sad'); CREATE TYPE pair AS (a int4, b text);
    CREATE DOMAIN positive AS int4 CHECK (VALUE > 0); CREATE DOMAIN tags AS text[];
    CREATE TABLE one (id int4 PRIMARY KEY, ${samples.map(([type], i) => `c${String(i)} ${type}`).join(', ')})`);
  await insertAll(1);
  reader = await readSource(postgres(options).create(name));
  await reader.count(1);
});
afterAll(async () => {
  await reader.close();
  await dropPostgresSource(name, options);
  await client.end();
});

const depth = Math.max(...samples.map((sample) => sample.length - 1));

/** A row for each depth of the samples, NULL where a type has fewer. */
async function insertAll(from: number): Promise<void> {
  for (let at = 0; at < depth; at += 1) {
    const values = samples.map(([, ...literals]) => literals[at] ?? null);
    const places = values.map((_value, index) => `$${String(index + 1)}`);
    await client.query(`INSERT INTO one VALUES (${String(from + at)}, ${places.join(', ')})`, values);
  }
}

function rows(): Row[] {
  return reader.changes().flatMap((change) => ('after' in change ? [change.after] : []));
}

test('snapshot, stream and a plain SELECT give the same JSON for every type', async () => {
  await insertAll(101);
  await reader.count(1 + depth);
  const found = rows();
  for (let at = 0; at < depth; at += 1) {
    const existing = found.find(({ id }) => id === 1 + at);
    expect({ ...found.find(({ id }) => id === 101 + at), id: 1 + at }).toEqual(existing);
  }
  expect(reader.changes().at(-1)?.table).toEqual(reader.changes()[0]?.table);
  const plain = await selectAll();
  expect(found.filter(({ id }) => Number(id) < 100)).toEqual(plain.filter(({ id }) => Number(id) < 100));
});

test('values look as the conversions say', () => {
  const [row] = rows();
  const value = (type: string) => row?.[`c${String(samples.findIndex(([name]) => name === type))}`];
  expect(value('numeric')).toBe('1.10');
  expect(value('char(5)')).toBe('ab   ');
  expect(value('timestamptz')).toBe('2026-11-20T21:58:00.100000Z');
  expect(value('interval')).toBe('P1Y2M3DT4H5M6.789S');
  expect(value('money')).toBe('-$12.34');
  expect(value('jsonb')).toEqual({ a: ['12345678901234567890', null], b: 1.1 });
  expect(value('positive')).toBe(5);
  expect(value('tags')).toEqual(['a', 'b c']);
  expect(value('positive[]')).toEqual([1, 2]);
  expect(value('mood[]')).toEqual(['glad', 'very sad', null]);
  expect(value('int2vector')).toBe('1 2 3');
  const types = reader.changes()[0]?.table.columns.map(({ type }) => type);
  expect(types).toEqual(
    expect.arrayContaining(['int4', '_text', 'mood', '_mood', '_int4', 'bpchar', 'pair']),
  );
});

/** Every row by `SELECT column::text`, converted. */
async function selectAll(): Promise<Row[]> {
  const own = new pg.Client({ connectionString: url });
  await own.connect();
  try {
    for (const [setting, value] of Object.entries(outputSettings))
      await own.query(`SET ${setting} = '${value}'`);
    const columns = await own.query<{ attname: string; atttypid: number }>(
      `SELECT attname, atttypid FROM pg_attribute WHERE attrelid = 'public.one'::regclass AND attnum > 0 ORDER BY attnum`,
    );
    const types = new TypeCatalog();
    await types.load(
      own,
      columns.rows.map(({ atttypid }) => atttypid),
    );
    // Not ::text, which is not the output of bpchar and "char": the function that prints the value.
    const texts = await own.query<{ line: string[] }>(
      `SELECT ARRAY[${columns.rows.map(({ attname }) => `format('%s', CASE WHEN ${attname} IS NOT NULL THEN concat('+', ${attname}) END)`).join(',')}] AS line
       FROM public.one ORDER BY id`,
    );
    return texts.rows.map(({ line }) =>
      Object.fromEntries(
        columns.rows.map(({ attname, atttypid }, index) => {
          const text = line[index] ?? '';
          return [attname, text === '' ? null : converterOf(types.typeOf(atttypid))(text.slice(1))];
        }),
      ),
    );
  } finally {
    await own.end();
  }
}

test('property: any text, number, JSON and array comes out as it went in', async () => {
  await client.query(
    `CREATE TABLE IF NOT EXISTS any_value (id serial PRIMARY KEY, t text, f float8, j jsonb, a text[], b bytea)`,
  );
  const other = `${name}_any`;
  const given = { ...options, tables: ['any_value'] };
  const own = await readSource(postgres(given).create(other));
  const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', ''));
  const json = fc
    .jsonValue({ maxDepth: 3 })
    .filter((value) => !/\\u0000|\\ud[89a-f]|e-?\d{3}/i.test(JSON.stringify(value)));
  let expected = 1;
  try {
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        json,
        fc.array(fc.option(text)),
        fc.uint8Array(),
        async (t, f, j, a, b) => {
          await client.query('INSERT INTO any_value (t, f, j, a, b) VALUES ($1, $2, $3, $4, $5)', [
            t,
            f,
            JSON.stringify(j),
            a,
            Buffer.from(b),
          ]);
          expected += 1;
          const [last] = (await own.count(expected)).at(-1)?.changes ?? [];
          const after = last !== undefined && 'after' in last ? last.after : {};
          expect(after).toMatchObject({ t, f: f + 0, a, b: Buffer.from(b).toString('base64') });
          expect(after['j']).toEqual(JSON.parse(JSON.stringify(j)));
        },
      ),
      { numRuns: process.env['BANYAN_LONG'] ? 2000 : 60 },
    );
  } finally {
    await own.close();
    await dropPostgresSource(other, given);
  }
});
