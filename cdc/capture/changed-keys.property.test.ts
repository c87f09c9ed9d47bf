import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, memoryStore, type JsonValue, type LogEntry, type LogReader } from 'banyan/runtime';
import type { Change, ChangeLogLine, Row, TableSchema, TransactionLine } from '../change.ts';
import { openRowStore } from '../rows/open-row-store.ts';
import type { SourceChange, TableShape } from '../source.ts';
import { restoreRowState, type RowState } from './row-state.ts';

/*
 * A table whose key is altered now and then: its type, its columns, their names. Changes tell no more of the row
 * before than its key, and yet must be logged whole, though the process dies and row state is cut off in its middle,
 * or is made anew from the log.
 */

const idType = fc.constantFrom('int4', 'int8', 'text');
const form = fc.record({ type: idType, id: fc.constantFrom('id', 'no'), key: fc.constantFrom('id', 'sku') });
type Form = typeof form extends fc.Arbitrary<infer T> ? T : never;

function shapeOf({ type, id, key }: Form): TableShape {
  const columns = [
    { name: id, type },
    { name: 'sku', type: 'text' },
    { name: 'n', type: 'int4' },
  ];
  return { table: 'public.t', columns, key: [key === 'id' ? id : 'sku'] };
}

/** A row of the table, whatever form its columns have. */
interface Item {
  readonly id: number;
  readonly n: number;
}
const skuOf = ({ id }: Item): string => `sku${String((id * 7) % 100)}`;
function rowOf(item: Item, { type, id }: Form): Row {
  const value: JsonValue = type === 'int4' ? item.id : String(item.id);
  return { [id]: value, sku: skuOf(item), n: item.n };
}

const statement = fc.record({ id: fc.nat(5), n: fc.nat(9), deletes: fc.boolean() });
const transaction = fc.record({
  statements: fc.array(statement, { minLength: 1, maxLength: 5 }),
  /** The table is altered before it. */
  form: fc.option(form, { nil: undefined }),
  /** What happens behind it: row state may lose some of its newest writes, or all. */
  then: fc.constantFrom('goOn', 'goOn', 'die', 'lose'),
  lost: fc.nat(20),
});

/** A column's new name is known when it is part of the key. */
function alteredTo(was: Form, to: Form): Form {
  return was.key === 'id' && to.key === 'id' ? to : { ...to, id: was.id };
}

/** What the source tells of a statement under the default identity. */
function execute(
  items: Map<number, Item>,
  { id, n, deletes }: { id: number; n: number; deletes: boolean },
  form: Form,
): SourceChange {
  const table = shapeOf(form);
  const before = items.get(id);
  const now = { id, n };
  if (before && deletes) {
    items.delete(id);
    const [key = ''] = table.key;
    return { op: 'delete', table, old: { [key]: rowOf(before, form)[key] ?? null } };
  }
  items.set(id, now);
  const after = rowOf(now, form);
  return before ? { op: 'update', table, after } : { op: 'insert', table, after };
}

interface Entry extends LogEntry<ChangeLogLine> {
  readonly line: TransactionLine;
}

const where = { xid: '1', committedAt: '', logTime: '', cursor: { system: '1', timeline: 1, lsn: '0/1' } };

function entryOf(position: number, changes: Change[], schemas: TableSchema[]): Entry {
  const line: TransactionLine = { kind: 'transaction', ...where, schemas, changes };
  const single = { ...line, crc: '', position, previous: position - 1, part: 0, last: true as const };
  return { position, previous: position - 1, line, single, lines: () => [single] };
}

const logOf = (entries: readonly Entry[]): LogReader<ChangeLogLine> => ({
  head: () => Promise.resolve(entries.at(-1)?.single),
  read: async function* ({ from, to = Infinity }) {
    yield* await Promise.resolve(entries.slice(from - 1, to).map((entry) => [entry]));
  },
});

/** Takes a transaction in, as capture does; returns its entry of the log. */
async function logIn(rows: RowState, position: number, changes: readonly SourceChange[]): Promise<Entry> {
  const told: Change[] = [];
  const schemas: TableSchema[] = [];
  rows.begin(position);
  for (const change of changes) {
    for (const whole of rows.complete(change)) {
      if (whole) told.push(whole.change);
      if (whole?.schema) schemas.push(whole.schema);
      if (rows.full) await rows.ready();
    }
  }
  await rows.finish();
  rows.commit();
  return entryOf(position, told, schemas);
}

const moved = (changes: readonly Change[]): Change[] =>
  changes.filter((one) => one.op === 'update' && one.before['n'] === one.after['n']);

test('rows stay known, whatever is altered in their key, and wherever row state is cut off', async () => {
  const bounds = fc.record({ flushChanges: fc.constantFrom(1, 7), memoryBytes: fc.constantFrom(1, 100_000) });
  await fc.assert(
    fc.asyncProperty(fc.array(transaction, { maxLength: 10 }), bounds, async (all, limits) => {
      let store = memoryStore();
      const entries: Entry[] = [];
      const open = async (): Promise<RowState> => {
        const rowStore = await openRowStore({
          store,
          scratch: memoryStore(),
          limits: { ...limits, writeChanges: 2 },
        });
        return restoreRowState(rowStore, store, logOf(entries), new AbortController().signal);
      };
      let rows = await open();
      const items = new Map<number, Item>();
      let form: Form = { type: 'int4', id: 'id', key: 'id' };
      for (const { statements, form: altered, then, lost } of all) {
        form = altered ? alteredTo(form, altered) : form;
        const before = new Map(items);
        const told = statements.map((one) => execute(items, one, form));
        const entry = await logIn(rows, entries.length + 1, told);
        expectWhole(entry.line.changes, before, told, form);
        entries.push(entry);
        await rows.settle(entry.position);
        if (then === 'goOn') continue;
        store = then === 'lose' ? memoryStore() : store.crash((unflushed) => Math.min(unflushed, lost));
        rows = await open();
      }
      const gone = await logIn(rows, entries.length + 1, [{ op: 'truncate', table: shapeOf(form) }]);
      const left = gone.line.changes.flatMap((one) => (one.op === 'delete' ? [one.before] : []));
      expect(left.map(textOf).sort()).toEqual(
        [...items.values()].map((one) => textOf(rowOf(one, form))).sort(),
      );
      await rows.close();
    }),
    { numRuns: process.env['BANYAN_LONG'] ? 5_000 : 300 },
  );
});

/** A column that is no part of the key has the form in which the row was last seen. */
const textOf = (row: Row): string =>
  canonicalJson([String(row['id'] ?? row['no']), row['sku'] ?? '', row['n'] ?? '']);

/** Each statement's change has the whole row before; what else is logged is of no value that has changed. */
function expectWhole(
  changes: readonly Change[],
  from: ReadonlyMap<number, Item>,
  told: readonly SourceChange[],
  form: Form,
): void {
  const items = new Map(from);
  const own = changes.slice(changes.length - told.length);
  expect(moved(changes.slice(0, changes.length - told.length))).toHaveLength(changes.length - told.length);
  for (const change of own) {
    if (change.op === 'existing') throw new Error('nothing was found existing');
    const row = change.op === 'insert' ? change.after : change.before;
    const item = [...items.values()].find((one) => skuOf(one) === row['sku']);
    if (change.op !== 'insert') {
      expect(textOf(change.before)).toBe(item && textOf(rowOf(item, form)));
      expect(change.op === 'update' ? change.unknownBefore : undefined).toBeUndefined();
    }
    const id = Number(row[form.id]);
    if (change.op === 'delete') items.delete(id);
    else items.set(id, { id, n: Number(change.after['n']) });
  }
}
