import { describe, expect, test } from '@jest/globals';
import { col, table, tables, unknown, type Change, type Row } from 'banyan/cdc';
import type { LoggedRow } from './declared-row.ts';
import type { LookupState } from './lookup.ts';
import { became, changed } from './predicates.ts';
import { transactionEntry } from './testing/change-entries.ts';
import { viewTransaction } from './transaction-view.ts';
import type { Transaction } from './translation.ts';

const shop = tables('shop', {
  orders: table('public.orders', {
    key: ['id'],
    columns: {
      id: col.int8(),
      status: col.text(),
      note: col.text().nullable().orUnknown(),
      channel: col.text().default('web'),
      total: col.numeric(),
    },
  }),
  lines: table('public.order_lines', {
    key: ['order_id', 'line'],
    columns: { order_id: col.int8(), line: col.int4(), sku: col.text() },
  }),
});

const order = (id: string, more: Row = {}): Row => ({
  id,
  status: 'placed',
  note: null,
  channel: 'shop',
  total: '9.50',
  ...more,
});
const place = { table: 'public.orders', schema: 1 } as const;
const inserted = (id: string, more: Row = {}): Change => ({ op: 'insert', ...place, after: order(id, more) });
const nothing: LookupState = { row: () => undefined, rows: () => [] };

function view(parts: Change[][], state = nothing, ways = {}): Transaction<typeof shop> {
  const lookup = { translation: 'shop:orders@1', ways, state };
  return viewTransaction(transactionEntry(7, parts), shop, lookup) as unknown as Transaction<typeof shop>;
}

describe('the changes of a transaction', () => {
  const update: Change = {
    op: 'update',
    ...place,
    before: order('1'),
    after: order('1', { status: 'paid' }),
  };
  const gone: Change = { op: 'delete', ...place, before: order('2'), truncated: true };
  const foreign: Change = { op: 'insert', table: 'public.secrets', schema: 1, after: { id: '1' } };
  const tx = view([
    [inserted('1'), foreign],
    [{ op: 'existing', ...place, after: order('3') }, update],
    [gone],
  ]);

  test('come by table and kind, over all parts', () => {
    expect(tx.inserted('orders').toArray()).toEqual([order('1')]);
    expect(tx.existing('orders').toArray()).toEqual([order('3')]);
    expect(tx.deleted('orders').toArray()).toEqual([order('2')]);
    expect(tx.updated('orders').filter(became('status', 'paid')).toArray()).toHaveLength(1);
    expect(tx.updated('orders').filter(became('status', 'placed')).toArray()).toHaveLength(0);
    expect(tx.updated('orders').filter(changed('note', 'total')).toArray()).toHaveLength(0);
    expect(tx.inserted('lines').toArray()).toEqual([]);
  });

  test('come all, in order, without tables that are not declared', () => {
    const seen = tx.changes().map((change) => [change.op, change.table]);
    expect(seen.toArray()).toEqual([
      ['insert', 'orders'],
      ['existing', 'orders'],
      ['update', 'orders'],
      ['delete', 'orders'],
    ]);
  });

  test('carry their transaction, whose cursor is that of its last part', () => {
    expect(tx).toMatchObject({ source: 'shop', position: 7, xid: 'x7', cursor: { lsn: '0/70' } });
  });

  test('are read again for each pass, and no further than asked for', () => {
    const entry = transactionEntry(7, [[inserted('1')], [inserted('2')]]);
    const lazy = viewTransaction(entry, shop, { translation: 't', ways: {}, state: nothing });
    const passes = entry.passes;
    expect(lazy.inserted('orders').take(1).toArray()).toHaveLength(1);
    expect(lazy.inserted('orders').toArray()).toHaveLength(2);
    expect(entry.passes).toBe(passes + 2);
  });
});

describe('a pass over a transaction', () => {
  const update: Change = { op: 'update', ...place, before: order('1'), after: order('1', { note: 'x' }) };
  const existing: Change = { op: 'existing', ...place, after: order('3') };
  const inLine: Change = {
    op: 'insert',
    table: 'public.order_lines',
    schema: 1,
    after: { order_id: '1', line: 1, sku: 'tea' },
  };
  const parts = [[inserted('1'), inLine], [existing, inserted('2')], [update, inserted('4')], [inLine]];

  function watched() {
    const read: number[] = [];
    const entry = transactionEntry(7, parts);
    const lines = [...entry.lines()];
    const watching = {
      ...entry,
      lines: () =>
        lines.values().map((line) => {
          read.push(line.part);
          return line;
        }),
    };
    const tx = viewTransaction(watching, shop, { translation: 't', ways: {}, state: nothing });
    const readBy = (pass: () => unknown): number[] => {
      read.length = 0;
      pass();
      return [...read];
    };
    return { tx: tx as unknown as Transaction<typeof shop>, readBy };
  }

  test('in search of what the first one did not find reads nothing', () => {
    const { tx, readBy } = watched();
    expect(readBy(() => tx.deleted('orders').toArray())).toEqual([0, 1, 2, 3]);
    expect(readBy(() => tx.deleted('orders').toArray())).toEqual([]);
    expect(readBy(() => tx.deleted('lines').toArray())).toEqual([]);
    expect(readBy(() => tx.existing('lines').toArray())).toEqual([]);
  });

  test('reads no further than the last line that has what it is after', () => {
    const { tx, readBy } = watched();
    tx.changes().toArray();
    expect(readBy(() => expect(tx.existing('orders').toArray()).toHaveLength(1))).toEqual([0, 1]);
    expect(readBy(() => expect(tx.inserted('orders').toArray()).toHaveLength(3))).toEqual([0, 1, 2]);
    expect(readBy(() => expect(tx.updated('orders').toArray()).toHaveLength(1))).toEqual([0, 1, 2]);
    expect(readBy(() => expect(tx.inserted('lines').toArray()).toHaveLength(2))).toEqual([0, 1, 2, 3]);
    expect(readBy(() => expect(tx.changes().toArray()).toHaveLength(7))).toEqual([0, 1, 2, 3]);
  });

  test('that was given up has shown nothing', () => {
    const { tx, readBy } = watched();
    expect(tx.inserted('orders').take(1).toArray()).toHaveLength(1);
    expect(readBy(() => expect(tx.updated('orders').toArray()).toHaveLength(1))).toEqual([0, 1, 2, 3]);
  });
});

describe('a row', () => {
  const [row] = view([[inserted('1', { extra: 'x' })]])
    .inserted('orders')
    .toArray();

  test('has its declared columns only', () => {
    expect(row).toEqual(order('1'));
  });

  test('of an older shape has declared defaults, and refuses what has none when it is read', () => {
    const old: Change = { op: 'insert', ...place, after: { id: '1', status: 'placed', note: null } };
    const [found] = view([[old]])
      .inserted('orders')
      .toArray();
    expect(found?.channel).toBe('web');
    expect(() => found?.total).toThrow(expect.objectContaining({ code: 'TABLE_SHAPE' }));
  });

  test('refuses NULL in a column that was declared without', () => {
    const [found] = view([[inserted('1', { total: null })]])
      .inserted('orders')
      .toArray();
    expect(() => found?.total).toThrow(/public\.orders has NULL in "total".*nullable/);
  });

  test('gives `unknown` where that was declared, and else refuses, never null', () => {
    const after = { id: '1', status: 'placed' };
    const change: Change = { op: 'insert', ...place, after, unknownAfter: ['note', 'total', 'channel'] };
    const [found] = view([[change]])
      .inserted('orders')
      .toArray();
    expect(found?.note).toBe(unknown);
    expect(() => found?.total).toThrow(expect.objectContaining({ code: 'VALUE_UNKNOWN' }));
    expect(() => found?.channel).toThrow(expect.objectContaining({ code: 'VALUE_UNKNOWN' }));
  });

  test('keeps a column called __proto__', () => {
    const odd = tables('odd', { t: table('public.t', { key: [], columns: { ['__proto__']: col.text() } }) });
    const after = JSON.parse('{"__proto__":"mine"}') as Row;
    const entry = transactionEntry(1, [[{ op: 'insert', table: 'public.t', schema: 1, after }]]);
    const tx = viewTransaction(entry, odd, { translation: 't', ways: {}, state: nothing });
    expect(JSON.stringify(tx.inserted('t').toArray())).toBe('[{"__proto__":"mine"}]');
  });
});

describe('looking rows up', () => {
  const asked: unknown[] = [];
  const line: LoggedRow = { row: { order_id: '1', line: 2, sku: 'tea' } };
  const state: LookupState = {
    row: (...question) => (asked.push(question), line),
    rows: (...question) => (asked.push(question), [line]),
  };
  const tx = view([[inserted('1')]], state, { lines: [['order_id'], ['sku', 'order_id']] });

  test('by the key and by declared ways', () => {
    expect(tx.row('lines', { line: 2, order_id: '1' })).toEqual(line.row);
    expect(tx.rows('lines', { order_id: '1' }).toArray()).toEqual([line.row]);
    expect(tx.rows('lines', { order_id: '1', sku: 'tea' }).toArray()).toEqual([line.row]);
    expect(tx.rows('lines', { order_id: '1', line: 2 }).toArray()).toEqual([line.row]);
    expect(asked).toEqual([
      ['public.order_lines', { line: 2, order_id: '1' }],
      ['public.order_lines', ['order_id'], { order_id: '1' }],
      ['public.order_lines', ['sku', 'order_id'], { order_id: '1', sku: 'tea' }],
      ['public.order_lines', { order_id: '1', line: 2 }],
    ]);
  });

  test('is refused where it was not declared, and says what to add', () => {
    expect(() => tx.row('orders', '1')).toThrow(/lookups do not list|lookups: /);
    expect(() => tx.rows('lines', { sku: 'tea' }).toArray()).toThrow(
      expect.objectContaining({ code: 'LOOKUP_NOT_DECLARED' }),
    );
    expect(() => tx.row('lines', '1')).toThrow(expect.objectContaining({ code: 'LOOKUP_KEY_INVALID' }));
  });
});
