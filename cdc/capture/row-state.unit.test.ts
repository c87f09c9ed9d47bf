import { expect, test } from '@jest/globals';
import { memoryStore, type LogReader, type MemoryStore } from 'banyan/runtime';
import type { ChangeLogLine } from '../change.ts';
import { openRowStore } from '../rows/open-row-store.ts';
import type { SourceChange, TableShape } from '../source.ts';
import { restoreRowState, type RowState } from './row-state.ts';
import type { WholeChange } from './tell-changes.ts';

/** A log that is not read: its head is where row state is. */
const logUpTo = (position: number): LogReader<ChangeLogLine> => ({
  head: () => Promise.resolve(position === 0 ? undefined : ({ position } as never)),
  read: async function* () {
    yield* await Promise.resolve([]);
  },
});

async function restored(store: MemoryStore, head: number): Promise<RowState> {
  const rowStore = await openRowStore({ store, scratch: memoryStore(), limits: { flushChanges: 1 } });
  return restoreRowState(rowStore, store, logUpTo(head), new AbortController().signal);
}

function logIn(rows: RowState, position: number, ...changes: readonly SourceChange[]): WholeChange[] {
  rows.begin(position);
  const whole = changes.flatMap((change) => [...rows.complete(change)]).filter((one) => one !== undefined);
  rows.commit();
  return whole;
}

const shape = (...columns: string[]): TableShape => ({
  table: 'public.t',
  columns: columns.map((name) => ({ name, type: 'text' })),
  key: ['id'],
});
const insert = (table: TableShape, id: string): SourceChange => ({ op: 'insert', table, after: { id } });

test('a shape is told again when the log lost the transaction that told it', async () => {
  const store = memoryStore();
  const rows = await restored(store, 0);
  expect(logIn(rows, 1, insert(shape('id'), '1'))[0]?.schema).toMatchObject({ version: 1 });
  // The log's sync of position 1 is under way while position 2 is taken in, and the power fails before the next.
  expect(logIn(rows, 2, insert(shape('id', 'a'), '2'))[0]?.schema).toMatchObject({ version: 2 });
  await rows.settle(1);
  const again = await restored(
    store.crash(() => 0),
    1,
  );
  expect(logIn(again, 2, insert(shape('id'), '2'))[0]?.schema).toBeUndefined();
  expect(logIn(again, 3, insert(shape('id', 'a'), '3'))[0]?.schema).toMatchObject({ version: 2 });
});

test('a table without a key keeps nothing, and its inserts are logged', async () => {
  const rows = await restored(memoryStore(), 0);
  const keyless = { ...shape('a'), key: [] };
  const whole = logIn(
    rows,
    1,
    { op: 'insert', table: keyless, after: { a: '1' } },
    { op: 'truncate', table: keyless },
  );
  expect(whole.map(({ change }) => change)).toEqual([
    { op: 'insert', table: 'public.t', schema: 1, after: { a: '1' } },
  ]);
  await rows.close();
});
