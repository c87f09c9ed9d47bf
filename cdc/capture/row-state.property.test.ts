import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson, memoryStore, type LogReader } from 'banyan/runtime';
import type { Change, ChangeLogLine, Row } from '../change.ts';
import { openRowStore } from '../rows/open-row-store.ts';
import type { SourceChange, TableShape } from '../source.ts';
import { restoreRowState, type RowState } from './row-state.ts';

/*
 * Whole rows against a naive table: a map of rows. What a source would tell of each statement under the default or
 * the full replica identity, with large values left out, must come back as the map's row before and row after.
 */

const shape: TableShape = {
  table: 'public.t',
  columns: ['shop', 'id', 'n', 'essay'].map((name) => ({ name, type: 'text' })),
  key: ['shop', 'id'],
};
const empty: LogReader<ChangeLogLine> = {
  head: () => Promise.resolve(undefined),

  read: async function* () {
    yield* [];
  },
};

type Key = Readonly<Record<'shop' | 'id', string>>;
type Statement =
  | { readonly do: 'write'; readonly key: Key; readonly n: number; readonly essay: string | undefined }
  | { readonly do: 'move'; readonly from: Key; readonly to: Key; readonly essay: string | undefined }
  | { readonly do: 'delete'; readonly key: Key }
  /** A row is read again; with another value when it was changed unseen. */
  | { readonly do: 'read'; readonly key: Key; readonly n: number | undefined }
  /** A key that is there is inserted, since its row was deleted unseen. */
  | { readonly do: 'replace'; readonly key: Key; readonly n: number }
  | { readonly do: 'truncate' };

const key: fc.Arbitrary<Key> = fc.record({
  shop: fc.constantFrom('x', 'y'),
  id: fc.constantFrom('1', '2', '3'),
});
/** Undefined: not changed, so not sent. */
const essay = fc.constantFrom(undefined, 'short', 'long');
const statement: fc.Arbitrary<Statement> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), key, n: fc.nat(9), essay }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), from: key, to: key, essay }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), key }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      key,
      n: fc.option(fc.nat(9), { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('replace' as const), key, n: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'truncate' } as const) },
);
const transaction = fc.record({
  statements: fc.array(statement, { maxLength: 8 }),
  ends: fc.constantFrom('commit', 'commit', 'commit', 'abort'),
});
const limits = fc.record({
  flushBytes: fc.constantFrom(1, 10_000),
  memoryBytes: fc.constantFrom(1, 100_000),
});

type Table = Map<string, Row>;
interface Step {
  readonly told: SourceChange;
  readonly whole: readonly Change[];
}

/** Runs a statement on the table; what the source would tell of it, and what the log must hold. */
function execute(table: Table, { full }: { full: boolean }, one: Statement): Step | undefined {
  if (one.do === 'truncate') {
    const gone = [...table.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
    table.clear();
    const whole = gone.map(([, before]): Change => ({ ...place, op: 'delete', before, truncated: true }));
    return { told: { op: 'truncate', table: shape }, whole };
  }
  const before = table.get(textOf(one.do === 'move' ? one.from : one.key));
  if (one.do === 'delete') {
    if (before === undefined) return undefined;
    table.delete(textOf(one.key));
    const old = full ? before : { ...one.key };
    return { told: { op: 'delete', table: shape, old }, whole: [{ ...place, op: 'delete', before }] };
  }
  if (one.do === 'read') return read(table, before, one);
  // Under full identity it may as well be a key that is checked at the commit: `deferred-keys.property.test.ts`.
  if (one.do === 'replace') return before && !full ? replace(table, before, one) : undefined;
  if (before !== undefined) return update(table, full, before, one);
  if (one.do === 'move') return undefined;
  const after: Row = { ...one.key, n: one.n, essay: one.essay ?? null };
  table.set(textOf(one.key), after);
  return { told: { op: 'insert', table: shape, after }, whole: [{ ...place, op: 'insert', after }] };
}

/** A row is existing when it is first seen; read again, it tells what has changed. */
function read(table: Table, before: Row | undefined, one: Extract<Statement, { do: 'read' }>): Step {
  const after: Row = before
    ? { ...before, n: one.n ?? before['n'] ?? null }
    : { ...one.key, n: null, essay: null };
  table.set(textOf(one.key), after);
  const isSame = before !== undefined && canonicalJson(before) === canonicalJson(after);
  const change: Change = before
    ? { ...place, op: 'update', before, after }
    : { ...place, op: 'existing', after };
  return { told: { op: 'existing', table: shape, after }, whole: isSame ? [] : [change] };
}

function replace(table: Table, before: Row, one: Extract<Statement, { do: 'replace' }>): Step {
  const after: Row = { ...one.key, n: one.n, essay: null };
  table.set(textOf(one.key), after);
  const whole: Change[] = [
    { ...place, op: 'delete', before },
    { ...place, op: 'insert', after },
  ];
  return { told: { op: 'insert', table: shape, after }, whole };
}

const place = { table: shape.table, schema: 1 } as const;
const textOf = (of: Key): string => `${of.shop} ${of.id}`;

function update(
  table: Table,
  full: boolean,
  before: Row,
  one: Extract<Statement, { do: 'write' | 'move' }>,
): Step | undefined {
  const [from, to] = one.do === 'move' ? [one.from, one.to] : [one.key, one.key];
  const moved = textOf(from) !== textOf(to);
  if (moved && table.has(textOf(to))) return undefined;
  const n = one.do === 'move' ? (before['n'] ?? null) : one.n;
  const after: Row = { ...to, n, essay: one.essay ?? before['essay'] ?? null };
  table.delete(textOf(from));
  table.set(textOf(to), after);
  // Under full identity the adapter takes a value that was not sent from the old row.
  const isSent = full || one.essay !== undefined;
  const { essay: _, ...sent } = after;
  const told: SourceChange = {
    op: 'update',
    table: shape,
    after: isSent ? after : sent,
    ...(full ? { old: before } : moved && { old: { ...from } }),
    ...(!isSent && { unchanged: ['essay'] }),
  };
  return { told, whole: [{ ...place, op: 'update', before, after }] };
}

async function complete(rows: RowState, told: SourceChange): Promise<Change[]> {
  const changes: Change[] = [];
  for (const whole of rows.complete(told)) {
    if (whole) changes.push(whole.change);
    if (rows.full) await rows.ready();
  }
  return changes;
}

test('changes are whole, whatever is inserted, updated, moved, deleted, truncated, aborted', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(transaction, { maxLength: 12 }),
      fc.boolean(),
      limits,
      async (all, full, bounds) => {
        const store = memoryStore();
        const rowStore = await openRowStore({ store, scratch: memoryStore(), limits: bounds });
        const rows = await restoreRowState(rowStore, store, empty, new AbortController().signal);
        let table: Table = new Map();
        let position = 0;
        for (const { statements, ends } of all) {
          const working: Table = new Map(table);
          rows.begin(position + 1);
          for (const one of statements) {
            const step = execute(working, { full }, one);
            if (!step) continue;
            expect((await complete(rows, step.told)).map(canonicalJson)).toEqual(
              step.whole.map(canonicalJson),
            );
          }
          if (ends === 'abort') {
            rows.abort();
            continue;
          }
          await rows.finish();
          rows.commit();
          table = working;
          position += 1;
          await rows.settle(position);
        }
        await rows.close();
      },
    ),
    { numRuns: process.env['BANYAN_LONG'] ? 5_000 : 200 },
  );
});
