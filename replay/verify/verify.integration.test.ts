import { afterEach, describe, expect, test } from '@jest/globals';
import { group } from 'banyan/catalog';
import { col, table, tables } from 'banyan/cdc';
import { event, translation } from 'banyan/events';
import { projection, reconciliation, removed } from 'banyan/projections';
import pg from 'pg';
import { z } from 'zod';
import { bankGroup } from '../../examples/bank/group.ts';
import { testDatabase } from '../../kit/test-database.ts';
import { createTpcb, runTpcb } from '../../kit/tpcb.ts';
import { isClean, type Verification } from './verification.ts';
import { runGroups, type RunningGroups } from './testing/running-groups.ts';

let running: RunningGroups | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function sql(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

describe("pgbench's bank", () => {
  const views = ['account-balance', 'desk-balance', 'booked'];
  const accounts = 3000;

  async function bank(): Promise<{ url: string; viewsUrl: string; bank: RunningGroups }> {
    const [url, viewsUrl] = [await testDatabase('verify'), await testDatabase('verify_views')];
    await createTpcb(url, accounts);
    running = await runGroups({ source: 'bank', groups: [bankGroup], url, viewsUrl });
    return { url, viewsUrl, bank: running };
  }

  test('a view that is right is told so; what was changed by hand is found, by key and field', async () => {
    const { url, viewsUrl, bank: found } = await bank();
    await runTpcb(url, { clients: 2, transactions: 200, accounts, seed: 1 });
    for (const view of views) {
      const result = await found.verify(view);
      expect({ view, clean: isClean(result), differences: result.differences }).toEqual({
        view,
        clean: true,
        differences: [],
      });
      expect(result.documents).toBeGreaterThan(10);
    }
    const view = 'banyan."account-balance.g1"';
    await sql(
      viewsUrl,
      `UPDATE ${view} SET document = jsonb_set(document, '{balance}', '123456789') WHERE key = '17'`,
      `DELETE FROM ${view} WHERE key IN ('20', '3000')`,
      `INSERT INTO ${view} (key, revision, document, state) SELECT 'ghost', revision, document, state FROM ${view} WHERE key = '17'`,
    );
    const result = await found.verify('account-balance');
    const { documents, equal, different, onlyInView, onlyInDatabase, rechecked } = result;
    expect({ documents, equal, different, onlyInView, onlyInDatabase, rechecked }).toEqual({
      documents: accounts + 1,
      equal: accounts - 3,
      different: 1,
      onlyInView: 1,
      onlyInDatabase: 2,
      rechecked: 0,
    });
    expect(result.fields).toEqual({ balance: 1 });
    expect(result.differences).toEqual([
      {
        key: '17',
        kind: 'different',
        fields: [{ path: 'balance', view: 123_456_789, database: expect.any(Number) }],
      },
      { key: '20', kind: 'onlyInDatabase', told: { balance: expect.any(Number) } },
      { key: '3000', kind: 'onlyInDatabase', told: { balance: expect.any(Number) } },
      { key: 'ghost', kind: 'onlyInView' },
    ]);
  }, 120_000);

  test('under load no difference is invented, and one that is there is found, also in what changes all the time', async () => {
    const { url, viewsUrl, bank: found } = await bank();
    const stopping = new AbortController();
    let done = 0;
    const load = runTpcb(url, {
      clients: 3,
      transactions: 1_000_000,
      rate: 300,
      accounts: 50,
      signal: stopping.signal,
      onTransaction: (count) => (done = count),
    });
    const results: Verification[] = [];
    try {
      for (let round = 0; round < 3; round += 1) {
        for (const view of views) results.push(await found.verify(view));
      }
      const faulty = 'banyan."desk-balance.g1"';
      await sql(
        viewsUrl,
        // What a lost event would leave behind: the next ones are added to a wrong balance. By the other revision the
        // projector sees that the item is not what it read.
        `UPDATE ${faulty} SET revision = revision + 1, document = jsonb_set(document, '{balance}', to_jsonb((document->>'balance')::int + 1)) WHERE key = 'branch-1'`,
      );
      const wrong = await found.verify('desk-balance');
      expect(wrong.differences).toHaveLength(1);
      expect(wrong.differences[0]).toMatchObject({ key: 'branch-1', kind: 'different' });
      const [difference] = wrong.differences;
      const [field] = difference?.kind === 'different' ? difference.fields : [];
      expect(field?.path).toBe('balance');
      expect(Number(field?.view) - Number(field?.database)).toBe(1);
    } finally {
      stopping.abort();
      await load;
    }
    expect(results.flatMap(({ differences }) => differences)).toEqual([]);
    expect(results.every(isClean)).toBe(true);
    expect(done).toBeGreaterThan(100);
    // The branch changes with every transaction: there was something to check again.
    expect(results.some(({ rechecked }) => rechecked > 0)).toBe(true);
  }, 180_000);

  test('nothing that feeds the view: told what is missing, within the time', async () => {
    const { bank: found } = await bank();
    await found.verify('desk-balance');
    await found.stop();
    const verifying = found.verify('desk-balance', 300);
    await expect(verifying).rejects.toMatchObject({ code: 'VERIFY_TIMEOUT' });
    await expect(verifying).rejects.toThrow(/its change log ends at position \d+.*does its capture run\?/);
  }, 60_000);
});

describe('keys of any kind', () => {
  const Named = event('Named', z.object({ name: z.string(), n: z.int() }));
  const Gone = event('Gone', z.object({ name: z.string() }));
  const things = tables('things', {
    things: table('public.things', { key: ['name'], columns: { name: col.text(), n: col.int4() } }),
  });
  const telling = translation('telling', things, {
    version: 1,
    *translate(tx) {
      for (const change of tx.changes()) {
        if (change.op === 'delete') yield Gone({ name: change.before.name });
        else yield Named(change.after);
      }
    },
  });
  const thing = projection('thing', z.object({ name: z.string(), n: z.int() }))
    .on(Named, {
      key: (e) => e.name,
      apply: (_, e) => {
        if (e.n === 13) throw new Error('nobody likes it');
        return e;
      },
    })
    .on(Gone, { key: (e) => e.name, apply: () => removed });
  const thingsAsTheyAre = reconciliation(thing, {
    source: 'things',
    query: 'SELECT name AS key, name, n FROM things',
    row: z.object({ name: z.string(), n: z.int() }),
    document: ({ n }, key) => ({ name: key, n }),
  });
  const owner = { team: 'test', contact: 'test@example.com' };
  const named = group('things', {
    owner,
    publishes: [Named, Gone],
    translation: telling,
    projections: [thing],
    reconciliations: [thingsAsTheyAre],
  });

  test('a parked key that differs is told with the event that it is parked at', async () => {
    const [url, viewsUrl] = [await testDatabase('verify_parked'), await testDatabase('verify_parked_views')];
    await sql(
      url,
      'CREATE TABLE things (name text PRIMARY KEY, n int NOT NULL)',
      `INSERT INTO things VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 13)`,
    );
    running = await runGroups({ source: 'things', groups: [named], url, viewsUrl });
    await sql(
      url,
      `UPDATE things SET n = 13 WHERE name IN ('a', 'b')`,
      `UPDATE things SET n = 5 WHERE name = 'b'`,
      `UPDATE things SET n = 1 WHERE name = 'a'`,
      `UPDATE things SET n = 4 WHERE name = 'c'`,
    );
    const parked = expect.objectContaining({ code: 'HANDLER_THREW', eventId: expect.any(String) });
    const result = await running.verify('thing');
    expect(isClean(result)).toBe(false);
    // What a parked document says may be right all the same, as that of a.
    expect(result).toMatchObject({ documents: 4, equal: 2, different: 1, onlyInDatabase: 1, parked: 3 });
    expect(result.differences).toEqual([
      { key: 'b', kind: 'different', fields: [{ path: 'n', view: 2, database: 5 }], parked },
      { key: 'd', kind: 'onlyInDatabase', told: { name: 'd', n: 13 }, parked },
    ]);
  }, 60_000);

  test('umlauts, emoji, capitals, quotes: each meets its own row; a removed one is no difference', async () => {
    const [url, viewsUrl] = [await testDatabase('verify_keys'), await testDatabase('verify_keys_views')];
    const parts = ['a', 'A', 'ä', 'Ä', 'ß', 'z', "'", '\\', ' ', '\u{D7FF}', '\uE000', '\uFFFD', '😀', '🜁'];
    const keys = parts.flatMap((one) => [one, ...parts.map((other) => one + other)]);
    await sql(
      url,
      'CREATE TABLE things (name text PRIMARY KEY, n int NOT NULL)',
      `INSERT INTO things SELECT k, 1 FROM unnest(ARRAY[${keys.map((key) => pg.escapeLiteral(key)).join(',')}]) k`,
    );
    running = await runGroups({ source: 'things', groups: [named], url, viewsUrl });
    const clean = await running.verify('thing');
    expect(clean).toMatchObject({ documents: keys.length, equal: keys.length, differences: [] });
    await sql(url, `DELETE FROM things WHERE name IN ('😀', 'ä')`);
    expect(await running.verify('thing')).toMatchObject({ documents: keys.length - 2, differences: [] });
    await sql(
      viewsUrl,
      `UPDATE banyan."thing.g1" SET document = '{"name": "x", "n": 1}' WHERE document->>'name' = '🜁😀'`,
    );
    expect((await running.verify('thing')).differences).toEqual([
      { key: '🜁😀', kind: 'different', fields: [{ path: 'name', view: 'x', database: '🜁😀' }] },
    ]);
  }, 60_000);
});
