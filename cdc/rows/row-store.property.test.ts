import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, memoryStore, type JsonValue, type MemoryStore } from 'banyan/runtime';
import type { Row } from '../change.ts';
import { rowKey, tablePrefix } from './key-encoding.ts';
import { openRowStore } from './open-row-store.ts';
import type { RowKey, RowStore } from './row-store.ts';

/*
 * The row store against a map, over any history of transactions, with crashes at any point of any write. The log is
 * a list that keeps at least what it said to have durably, and loses any part of the rest at a crash.
 */

type Op = { put: Row } | { remove: Row } | { drain: true };
type Tx = readonly { table: string; op: Op }[];
type Model = Map<string, Map<string, Row>>;
type Step =
  | { step: 'commit' | 'abort'; tx: Tx; ready: boolean }
  | { step: 'settle'; keep: number }
  | { step: 'flush' }
  | { step: 'restart' }
  | { step: 'crash'; writing: boolean; ticks: number; lose: number; keep: number };

const tables = ['public.a', 'public.ab', 'other.a'];
/** Rows of `other.a` are looked up by the first column of their key, without an index. */
const keys: Readonly<Record<string, readonly string[]>> = {
  'public.a': ['id'],
  'public.ab': ['id'],
  'other.a': ['y', 'id'],
};
const indexes = { 'public.a': [['x'], ['y', 'x']], 'public.ab': [['y']], 'other.a': [['y']] };
const longText = 'k'.repeat(2000);
const id = fc.constantFrom<JsonValue>('1', '10', '2', 1, 2, null, '', `${longText}1`, `${longText}2`, 'é');
const cell = fc.constantFrom<JsonValue>('u', 'u\0', 1, null, `${longText}u`);
const row = fc
  .record({ id, x: fc.option(cell, { nil: undefined }), y: cell, n: fc.nat(9) })
  .map((r): Row => Object.fromEntries(Object.entries(r).filter(([, v]) => v !== undefined)) as Row);
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 8, arbitrary: row.map((put) => ({ put })) },
  { weight: 4, arbitrary: fc.record({ id, y: cell }).map((remove) => ({ remove })) },
  { weight: 1, arbitrary: fc.constant({ drain: true } as const) },
);
const tx: fc.Arbitrary<Tx> = fc.array(fc.record({ table: fc.constantFrom(...tables), op }), {
  maxLength: 12,
});
const share = fc.double({ min: 0, max: 1, noNaN: true });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ step: fc.constant('commit' as const), tx, ready: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('abort' as const), tx, ready: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ step: fc.constant('settle' as const), keep: share }) },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ step: 'flush' }, { step: 'restart' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constant('crash' as const),
      writing: fc.boolean(),
      ticks: fc.nat(60),
      lose: share,
      keep: share,
    }),
  },
);
const limits = fc.record({
  flushBytes: fc.constantFrom(1, 500, 100_000),
  flushChanges: fc.constantFrom(1, 20, 1000),
  memoryBytes: fc.constantFrom(1, 2000, 1_000_000),
  writeChanges: fc.constantFrom(1, 3, 1000),
  writeBytes: fc.constantFrom(1, 1_000_000),
  cacheBytes: fc.constantFrom(0, 2500, 1_000_000),
});

const keyIn = (table: string, row: Row): RowKey => (keys[table] ?? []).map((column) => row[column] ?? null);

/** The rows after the first `position` transactions. */
function modelAt(log: readonly Tx[], position: number): Model {
  const model: Model = new Map(tables.map((table) => [table, new Map<string, Row>()]));
  for (const { table, op } of log.slice(0, position).flat()) {
    const rows = model.get(table) ?? new Map<string, Row>();
    if ('put' in op) rows.set(canonicalJson(keyIn(table, op.put)), op.put);
    else if ('remove' in op) rows.delete(canonicalJson(keyIn(table, op.remove)));
    else rows.clear();
  }
  return model;
}

function apply(rows: RowStore, one: Tx, logged: (table: string) => readonly Row[]): void {
  for (const { table, op } of one) {
    if ('put' in op) rows.put(table, keyIn(table, op.put), op.put);
    else if ('remove' in op) rows.remove(table, keyIn(table, op.remove));
    // The log has a truncate's rows one by one: applying it again needs no reading.
    else if (rows.recovering !== undefined)
      logged(table).forEach((gone) => {
        rows.remove(table, keyIn(table, gone));
      });
    else for (const gone of rows.drain(table)) expect(gone).toBeDefined();
  }
}

function check(rows: RowStore, model: Model): void {
  for (const table of tables) {
    const expected = [...(model.get(table) ?? new Map<string, Row>()).values()];
    const keyOf = (r: Row): string => rowKey(tablePrefix(table), keyIn(table, r));
    expected.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    expect([...rows.rows(table)]).toEqual(expected);
    for (const one of expected.slice(0, 3)) expect(rows.get(table, keyIn(table, one))).toEqual(one);
    expect(rows.get(table, ['never', 'never'])).toBeUndefined();
  }
  const where = (table: string, wanted: Row): Row[] =>
    [...rows.rows(table)].filter((r) => Object.keys(wanted).every((c) => r[c] === wanted[c]));
  for (const x of ['u', 'u\0', `${longText}u`]) {
    expect([...rows.byIndex('public.a', ['x'], [x])]).toEqual(where('public.a', { x }));
    expect([...rows.byIndex('public.a', ['x', 'y'], [x, null])]).toEqual(where('public.a', { x, y: null }));
    expect([...rows.byIndex('public.ab', ['y'], [x])]).toEqual(where('public.ab', { y: x }));
    expect([...rows.byIndex('other.a', ['y'], [x])]).toEqual(where('other.a', { y: x }));
  }
}

test('rows equal a map, whatever is committed, aborted, settled, spilled, flushed, and whenever it crashes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), limits, async (steps, bounds) => {
      let store: MemoryStore = memoryStore();
      const open = (): Promise<RowStore> =>
        openRowStore({ store, scratch: memoryStore(), indexes, keys, limits: bounds });
      let rows = await open();
      let log: Tx[] = [];
      let durable = 0;

      const recover = async (): Promise<void> => {
        rows = await open();
        expect(rows.position).toBeLessThanOrEqual(durable);
        expect(rows.recovering ?? 0).toBeLessThanOrEqual(durable);
        if (rows.recovering !== undefined) expect(() => [...rows.rows('public.a')]).toThrow(/cut off/);
        for (let position = rows.position + 1; position <= log.length; position++) {
          rows.begin(position);
          apply(rows, log[position - 1] ?? [], (table) => rowsThatWere(log, position, table));
          rows.commit();
          if (rows.full) await rows.ready();
          if (rows.recovering === undefined) check(rows, modelAt(log, position));
        }
      };

      const untilCrash = async (s: Extract<Step, { step: 'crash' }>): Promise<void> => {
        if (s.writing) {
          durable = log.length;
          rows.settle(durable);
          // It may fail by the crash.
          rows.flush().catch(() => undefined);
        }
        for (let tick = 0; tick < s.ticks; tick++) await Promise.resolve();
      };

      for (const s of steps) {
        if (s.step === 'commit' || s.step === 'abort') {
          rows.begin(log.length + 1);
          for (const [at, one] of s.tx.entries()) {
            apply(rows, [one], () => []);
            if (s.ready && at % 3 === 0) await rows.ready();
          }
          if (s.step === 'commit') {
            rows.commit();
            log.push(s.tx);
          } else {
            check(rows, modelAt([...log, s.tx], log.length + 1));
            rows.abort();
          }
        } else if (s.step === 'settle') {
          durable = Math.max(durable, Math.floor(s.keep * (log.length + 1)));
          durable = Math.min(durable, log.length);
          rows.settle(durable);
        } else if (s.step === 'flush') {
          await rows.flush();
          expect(rows.position).toBeLessThanOrEqual(durable);
        } else {
          if (s.step === 'restart') await rows.flush();
          if (s.step === 'crash') await untilCrash(s);
          const lose = s.step === 'crash' ? s.lose : 0;
          store = store.crash((n) => Math.round(lose * n));
          const kept = s.step === 'crash' ? s.keep : 1;
          log = log.slice(0, durable + Math.round(kept * (log.length - durable)));
          durable = log.length;
          await recover();
        }
        check(rows, modelAt(log, log.length));
      }
      rows.settle(log.length);
      await rows.flush();
      expect(rows.position).toBe(log.length);
      check(rows, modelAt(log, log.length));
      await rows.close();
    }),
    { numRuns: process.env['BANYAN_LONG'] ? 3_000 : 150 },
  );
});

/** The rows of a table before a transaction, and any that came within it: more than the truncate's own do no harm here. */
function rowsThatWere(log: readonly Tx[], position: number, table: string): Row[] {
  const ids = log
    .slice(0, position)
    .flat()
    .filter((c) => c.table === table && 'put' in c.op);
  return ids.map((c) => (c.op as { put: Row }).put);
}
