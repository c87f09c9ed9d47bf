import { describe, expect, test } from '@jest/globals';
import type { Change } from '../change.ts';
import type { Source, SourceMessage } from '../source.ts';
import { folded, logged, postgresCaptures, sorted } from './testing/postgres-captures.ts';

/* Keys that are checked at the commit, and keys that are altered, as Postgres tells them. */

const captures = postgresCaptures('keys');

const told = ({ changes }: { changes: readonly Change[] } = { changes: [] }): unknown[] =>
  changes.map(({ table: _, schema: __, ...change }) => change);

describe('a key that is checked at the commit', () => {
  const table = `CREATE TABLE t (id int4 PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, name text);
                 INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three')`;
  const swap = 'UPDATE t SET id = 3 - id WHERE id < 3';

  /** Tells `id` as the key: under FULL the source tells none that is checked at the commit. */
  function keyedById(source: Source): Source {
    const keyed = (message: SourceMessage): SourceMessage => {
      if (message.kind !== 'change') return message;
      const { change } = message;
      return { kind: 'change', change: { ...change, table: { ...change.table, key: ['id'] } } };
    };
    return {
      name: source.name,
      lag: () => source.lag(),
      open: async (options) => {
        const stream = await source.open(options);
        async function* messages(): AsyncGenerator<readonly SourceMessage[]> {
          for await (const batch of stream.messages) yield batch.map(keyed);
        }
        return {
          messages: messages(),
          acknowledge: (cursor) => {
            stream.acknowledge(cursor);
          },
          close: () => stream.close(),
        };
      },
    };
  }

  test('is no replica identity: inserts are captured, and updates are not refused', async () => {
    const { schema, start } = await captures.fixture(table);
    const capture = await start();
    await logged(capture, 1);
    await captures.query(swap);
    await captures.query(`INSERT INTO t VALUES (4, 'four')`);
    const all = await logged(capture, 2);
    expect(all.map(({ changes }) => changes.map(({ op }) => op))).toEqual([
      ['existing', 'existing', 'existing'],
      ['insert'],
    ]);
    expect(folded(all, `${schema}.t`)).toHaveLength(4);
  });

  test('rows that swap it are both there, in a view and in row state, under FULL', async () => {
    const { schema, start } = await captures.fixture(
      `${table}; ALTER TABLE t REPLICA IDENTITY FULL`,
      keyedById,
    );
    const capture = await start();
    await logged(capture, 1);
    await captures.query(swap);
    // Every key is met twice on the way, in the order of the rows' places.
    await captures.query('UPDATE t SET id = id + 1');
    const all = await logged(capture, 3);
    const { rows } = await captures.query('SELECT id, name FROM t');
    expect(sorted(folded(all, `${schema}.t`))).toEqual(sorted(rows));
    expect(told(all[1])).toEqual([
      { op: 'delete', before: { id: 2, name: 'two' } },
      { op: 'update', before: { id: 1, name: 'one' }, after: { id: 2, name: 'one' } },
      { op: 'insert', after: { id: 1, name: 'two' } },
    ]);
    // What row state has is what a truncate tells.
    await captures.query('TRUNCATE t');
    const gone = (await logged(capture, 4)).at(-1)?.changes ?? [];
    expect(sorted(gone.map((change) => (change.op === 'delete' ? change.before : {})))).toEqual(sorted(rows));
  });
});

describe('rows stay known, whole, when', () => {
  const table = `CREATE TABLE t (id int4 PRIMARY KEY, sku text NOT NULL, n int4);
                 INSERT INTO t SELECT g, 'sku' || g, g FROM generate_series(1, 4) g`;

  /** Alters the table, changes rows of before by the key column, and returns what is logged of the changes. */
  async function altered(ddl: string, key: string, value: (n: number) => string): Promise<unknown[][]> {
    const { start } = await captures.fixture(table);
    const capture = await start();
    await logged(capture, 1);
    await captures.query(ddl);
    await captures.query(`UPDATE t SET n = 10 WHERE ${key} = ${value(1)}`);
    await captures.query(`DELETE FROM t WHERE ${key} = ${value(2)}`);
    await captures.query(`UPDATE t SET ${key} = ${value(30)} WHERE ${key} = ${value(3)}`);
    await captures.query('TRUNCATE t');
    const all = await logged(capture, 5);
    expect(all).toHaveLength(5);
    return all.slice(1).map(told);
  }

  test.each([
    ['bigint', (id: number) => String(id)],
    ['text', (id: number) => `'${String(id)}'`],
  ])('the key becomes %s; its new form is logged', async (type, literal) => {
    const all = await altered(`ALTER TABLE t ALTER id TYPE ${type}`, 'id', literal);
    const row = (id: number): object => ({ id: String(id), sku: `sku${String(id)}`, n: id });
    const raised = { ...row(1), n: 10 };
    const moved = { ...row(3), id: '30' };
    const [first = [], ...others] = all;
    expect(sorted(first.slice(0, 4))).toEqual(
      sorted([1, 2, 3, 4].map((id) => ({ op: 'update', before: { ...row(id), id }, after: row(id) }))),
    );
    expect(first.slice(4)).toEqual([{ op: 'update', before: row(1), after: raised }]);
    expect(others.slice(0, 2)).toEqual([
      [{ op: 'delete', before: row(2) }],
      [{ op: 'update', before: row(3), after: moved }],
    ]);
    const gone = [raised, moved, row(4)].map((before) => ({ op: 'delete', before, truncated: true }));
    expect(sorted(others[2] ?? [])).toEqual(sorted(gone));
  });

  test.each([
    [
      'other columns become the key',
      'ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (sku)',
      'sku',
      'id',
    ],
    ['the key is renamed', 'ALTER TABLE t RENAME id TO no', 'sku', 'no'],
  ])('%s', async (_, ddl, by, id) => {
    const all = await altered(ddl, by, (n) => `'sku${String(n)}'`);
    const row = (n: number): object => ({ [id]: n, sku: `sku${String(n)}`, n });
    const moved = { ...row(3), sku: 'sku30' };
    expect(all.slice(0, 3)).toEqual([
      [{ op: 'update', before: row(1), after: { ...row(1), n: 10 } }],
      [{ op: 'delete', before: row(2) }],
      [{ op: 'update', before: row(3), after: moved }],
    ]);
    expect(sorted(all[3] ?? [])).toEqual(
      sorted(
        [{ ...row(1), n: 10 }, moved, row(4)].map((before) => ({ op: 'delete', before, truncated: true })),
      ),
    );
  });

  test('capture is started again, before the altered table is changed and after', async () => {
    const { schema, start } = await captures.fixture(table);
    const first = await start();
    await logged(first, 1);
    await first.close();
    await captures.query('ALTER TABLE t ALTER id TYPE bigint; UPDATE t SET n = 10 WHERE id = 1');
    const second = await start();
    await logged(second, 2);
    await second.close();
    await captures.query('UPDATE t SET n = 20 WHERE id = 2');
    const all = await logged(await start(), 3);
    expect(told(all[2])).toEqual([
      { op: 'update', before: { id: '2', sku: 'sku2', n: 2 }, after: { id: '2', sku: 'sku2', n: 20 } },
    ]);
    const { rows } = await captures.query('SELECT id, sku, n FROM t');
    expect(sorted(folded(all, `${schema}.t`))).toEqual(sorted(rows));
  });
});

test('a key of which the source tells nothing stops capture, and says what to do', async () => {
  const { schema, start } = await captures.fixture(
    `CREATE TABLE t (id int4 PRIMARY KEY); INSERT INTO t VALUES (1)`,
  );
  const capture = await start();
  await logged(capture, 1);
  await captures.query(
    `ALTER TABLE t ADD no serial; ALTER TABLE t DROP CONSTRAINT t_pkey; ALTER TABLE t ADD PRIMARY KEY (no);
     INSERT INTO t VALUES (2)`,
  );
  await expect(capture.ended).rejects.toMatchObject({
    code: 'CAPTURE_KEY_CHANGED',
    message: expect.stringContaining(`The key of ${schema}.t was (id int4) and is (no int4) now`) as unknown,
  });
});
