import { createHash } from 'node:crypto';
import type { Row, SourceChange } from 'banyan/cdc';
import type { JsonObject } from 'banyan/runtime';
import type { Commit } from './history.ts';

/*
 * What the logs and views must hold, folded from the commits directly: no log, no row state, no look-up state, no
 * merge. It shares nothing with what it checks but the form of a row.
 */

/** A change as the log must have it: whole. */
export interface WholeChange {
  readonly op: string;
  readonly table: string;
  readonly before?: Row;
  readonly after?: Row;
  readonly truncated?: true;
  /** Columns that the table has now and the row before was from before. */
  readonly unknownBefore?: readonly string[];
}

/** An event as its log must have it. */
export interface ExpectedEvent {
  readonly id: string;
  readonly order: readonly [
    logTime: string,
    source: string,
    position: number,
    translation: string,
    index: number,
  ];
  readonly data: JsonObject;
}

type Tables = Record<string, Map<string, Row>>;

/** The whole changes of each commit. */
export function wholeChanges(commits: readonly Commit[]): WholeChange[][] {
  const tables: Tables = { 'public.parents': new Map(), 'public.items': new Map() };
  return commits.map(({ changes }) => changes.flatMap((change) => whole(change, tables)));
}

function whole(change: SourceChange, tables: Tables): WholeChange[] {
  const { table } = change.table;
  const rows = tables[table] ?? new Map<string, Row>();
  switch (change.op) {
    case 'existing':
    case 'insert':
      rows.set(String(change.after['id']), change.after);
      return [{ op: change.op, table, after: change.after }];
    case 'update': {
      const before = rows.get(String((change.old ?? change.after)['id'])) ?? {};
      const after = {
        ...Object.fromEntries((change.unchanged ?? []).map((name) => [name, before[name] ?? null])),
        ...change.after,
      };
      rows.delete(String(before['id']));
      rows.set(String(after['id']), after);
      return [{ op: 'update', table, before, after, ...lacking(before, change) }];
    }
    case 'delete': {
      const before = rows.get(String(change.old['id'])) ?? {};
      rows.delete(String(change.old['id']));
      return [{ op: 'delete', table, before, ...lacking(before, change) }];
    }
    case 'truncate': {
      const gone = [...rows]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, before]) => ({
          op: 'delete',
          table,
          before,
          truncated: true as const,
          ...lacking(before, change),
        }));
      rows.clear();
      return gone;
    }
  }
}

function lacking(before: Row, { table }: SourceChange): Pick<WholeChange, 'unknownBefore'> {
  const names = table.columns.map(({ name }) => name).filter((name) => !(name in before));
  return names.length === 0 ? {} : { unknownBefore: names };
}

/** Log times: commit times that never go back. */
export function logTimes(commits: readonly Commit[]): string[] {
  let last = '';
  return commits.map(({ committedAt }) => (last = committedAt > last ? committedAt : last));
}

/** What a test's translation tells of a change, look-ups being answered as of the end of its commit. */
export type Tell = (change: WholeChange, after: Commit['after']) => JsonObject | undefined;

/** The events of a version of a translation, from position 1. */
export function expectedEvents(
  source: string,
  translation: string,
  commits: readonly Commit[],
  tell: Tell,
  version = 1,
): ExpectedEvent[] {
  const times = logTimes(commits);
  return wholeChanges(commits).flatMap((changes, n) => {
    const position = n + 1;
    const { after } = commits[n] ?? { after: new Map() };
    return changes
      .map((change) => tell(change, after))
      .filter((data) => data !== undefined)
      .map((data, index) => ({
        id: `${source}:${translation}@${String(version)}:${String(position)}:${String(index)}`,
        order: [times[n] ?? '', source, position, translation, index] as const,
        data,
      }));
  });
}

/** All events in the order of their order keys. */
export function inOrder(events: readonly ExpectedEvent[]): ExpectedEvent[] {
  return events.toSorted((a, b) => {
    const at = a.order.findIndex((field, i) => field !== b.order[i]);
    const [x, y] = [a.order[at] ?? 0, b.order[at] ?? 0];
    return x < y ? -1 : x > y ? 1 : 0;
  });
}

/** A text that changes with every event and with their order. */
export function chained(before: string | undefined, id: string): string {
  return createHash('sha256')
    .update(`${before ?? ''} ${id}`)
    .digest('hex')
    .slice(0, 16);
}
