import type { Row } from '../change.ts';
import type { RowKey, RowStore } from '../rows/row-store.ts';

/**
 * Rows that lie beneath another one under the same key, within a transaction. A deferrable key is checked at the
 * commit, so that two rows may have it for a while: rows that swap their keys do. The log has one row under a key, so
 * it is told that the lower one is deleted, and is told of it again where it comes up, or moves away.
 *
 * They lie in the row store under a table's name that no source has, so that their number is not bounded by memory,
 * and are taken away before the commit, so that the log need not know of them.
 */
export interface HiddenRows {
  /** Whether the open transaction has hidden any row of the table. */
  has(table: string): boolean;
  hide(table: string, key: RowKey, row: Row): void;
  /** Takes away the one that was hidden last of those that `isIt` holds for. */
  take(table: string, key: RowKey, isIt?: (row: Row) => boolean): Row | undefined;
  /** Forgets all rows of a table. To be iterated to the end, with room being waited for. */
  forget(table: string): Iterable<undefined>;
  /** Before the commit: forgets what is left, where a key was met twice because history has a gap. Likewise. */
  forgetAll(): Iterable<undefined>;
  /** After the row store has taken the transaction back. */
  abort(): void;
}

/** None, in a row store. */
export function hiddenRows(rows: RowStore): HiddenRows {
  const tables = new Set<string>();
  // A key has `count` rows at the places 0 to count - 1.
  const nameOf = (table: string): string => `\0hidden ${table}`;
  const countOf = (name: string, key: RowKey): number => Number(rows.get(name, key)?.['count'] ?? 0);
  function* forget(table: string): Iterable<undefined> {
    if (!tables.delete(table)) return;
    for (const _ of rows.drain(nameOf(table))) yield undefined;
  }
  return {
    has: (table) => tables.has(table),
    hide: (table, key, row) => {
      tables.add(table);
      const name = nameOf(table);
      const count = countOf(name, key);
      rows.put(name, [...key, count], row);
      rows.put(name, key, { count: count + 1 });
    },
    take: (table, key, isIt = () => true) => {
      if (!tables.has(table)) return undefined;
      const name = nameOf(table);
      const last = countOf(name, key) - 1;
      for (let at = last; at >= 0; at -= 1) {
        const row = rows.get(name, [...key, at]);
        if (row === undefined || !isIt(row)) continue;
        const moved = rows.get(name, [...key, last]);
        if (moved && at < last) rows.put(name, [...key, at], moved);
        rows.remove(name, [...key, last]);
        if (last === 0) rows.remove(name, key);
        else rows.put(name, key, { count: last });
        return row;
      }
      return undefined;
    },
    forget,
    *forgetAll() {
      for (const table of tables) yield* forget(table);
    },
    abort: () => {
      tables.clear();
    },
  };
}
