import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, memoryStore, type LogReader } from 'banyan/runtime';
import type { Change, ChangeLogLine, Row } from '../change.ts';
import { openRowStore } from '../rows/open-row-store.ts';
import type { SourceChange, TableShape } from '../source.ts';
import { restoreRowState, type RowState } from './row-state.ts';

/*
 * Keys that are checked at the commit: within a transaction any number of rows may have one key. Against a list of
 * rows, each changed by itself as Postgres tells it under REPLICA IDENTITY FULL. Whoever follows the log and keeps one
 * row a key must never meet a key twice, nor a row that it has not, and must end with the list.
 */

const shape: TableShape = {
  table: 'public.t',
  columns: [
    { name: 'id', type: 'int4' },
    { name: 'name', type: 'text' },
  ],
  key: ['id'],
};
const empty: LogReader<ChangeLogLine> = {
  head: () => Promise.resolve(undefined),
  read: async function* () {
    yield* [];
  },
};

const statement = fc.record({
  what: fc.constantFrom('insert', 'update', 'update', 'update', 'delete', 'truncate'),
  /** Which row of the list, and what it becomes. */
  which: fc.nat(20),
  id: fc.nat(3),
  name: fc.constantFrom(undefined, 'a', 'b'),
});
type Statement = typeof statement extends fc.Arbitrary<infer T> ? T : never;

/** Changes the list; returns what the source tells. */
function execute(list: Row[], { what, which, id, name }: Statement): SourceChange | undefined {
  if (what === 'insert') {
    const after = { id, name: name ?? null };
    list.push(after);
    return { op: 'insert', table: shape, after };
  }
  if (what === 'truncate') {
    if (which > 2) return undefined;
    list.length = 0;
    return { op: 'truncate', table: shape };
  }
  const at = which % Math.max(1, list.length);
  const old = list[at];
  if (!old) return undefined;
  if (what === 'delete') {
    list.splice(at, 1);
    return { op: 'delete', table: shape, old };
  }
  const after = { id, name: name ?? old['name'] ?? null };
  list[at] = after;
  return { op: 'update', table: shape, old, after };
}

/** What the check at the commit lets through: rows whose key another one has are deleted. */
function* untilUnique(list: Row[]): Generator<SourceChange> {
  for (let at = list.length - 1; at >= 0; at -= 1) {
    const old = list[at];
    if (!old || !list.some((row, place) => place < at && row['id'] === old['id'])) continue;
    list.splice(at, 1);
    yield { op: 'delete', table: shape, old };
  }
}

/** One row a key, as a view has it. */
function follow(view: Map<unknown, Row>, change: Change): void {
  if (change.op === 'update' || change.op === 'delete') {
    const { id } = change.before;
    expect(change.before).toEqual(view.get(id));
    view.delete(id);
  }
  if (change.op === 'delete') return;
  expect(view.get(change.after['id'])).toBeUndefined();
  view.set(change.after['id'], change.after);
}

async function told(rows: RowState, change: SourceChange): Promise<Change[]> {
  const changes: Change[] = [];
  for (const whole of rows.complete(change)) {
    if (whole) changes.push(whole.change);
    if (rows.full) await rows.ready();
  }
  return changes;
}

const texts = (list: Iterable<Row>): string[] => [...list].map(canonicalJson).sort();

test('rows that have one key for a while are told so that a view of one row a key ends right', async () => {
  const transaction = fc.record({ statements: fc.array(statement, { maxLength: 10 }), aborts: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(
      fc.array(transaction, { maxLength: 8 }),
      fc.constantFrom(1, 100_000),
      async (all, memoryBytes) => {
        const store = memoryStore();
        const limits = { flushBytes: memoryBytes, memoryBytes };
        const rowStore = await openRowStore({ store, scratch: memoryStore(), limits });
        const rows = await restoreRowState(rowStore, store, empty, new AbortController().signal);
        let list: Row[] = [];
        let view = new Map<unknown, Row>();
        let position = 0;
        for (const { statements, aborts } of all) {
          const working = { list: [...list], view: new Map(view) };
          rows.begin(position + 1);
          const take = async (change: SourceChange | undefined): Promise<void> => {
            for (const one of change ? await told(rows, change) : []) follow(working.view, one);
          };
          for (const one of statements) await take(execute(working.list, one));
          if (aborts) {
            rows.abort();
            continue;
          }
          for (const change of untilUnique(working.list)) await take(change);
          await rows.finish();
          rows.commit();
          ({ list, view } = working);
          position += 1;
          await rows.settle(position);
          expect(texts(view.values())).toEqual(texts(list));
          expect(texts(rowStore.rows(shape.table))).toEqual(texts(list));
        }
        expect([...rowStore.rows(`\0hidden ${shape.table}`)]).toEqual([]);
        await rows.close();
      },
    ),
    { numRuns: process.env['BANYAN_LONG'] ? 5_000 : 300 },
  );
});
