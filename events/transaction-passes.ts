import type { Change, TransactionLine } from 'banyan/cdc';
import type { Line } from 'banyan/runtime';

/** A change of one kind. */
export type ChangeWith<Operation> = Extract<Change, { readonly op: Operation }>;

/** Readings of a transaction's changes, each from the beginning. */
export interface Passes {
  /** All changes, in order. */
  all(): Generator<Change, void>;
  /** The changes of one kind of one table's rows, in order. */
  of<Operation extends Change['op']>(op: Operation, table: string): Generator<ChangeWith<Operation>, void>;
}

/**
 * Passes over a transaction's lines. What is remembered of the first one that came to the end is in which line each
 * kind of change of each table is found last: later passes read no further, and nothing where there is nothing to
 * find. A translation asks for each kind apart, and most of these are in vain: of the shop's orders, 5 of 6 passes
 * over its snapshot.
 */
export function passesOver(lines: () => Iterable<Line<TransactionLine>>): Passes {
  let lastParts: ReadonlyMap<string, number> | undefined;

  function* all(): Generator<Change, void> {
    const parts = new Map<string, number>();
    for (const { changes, part } of lines()) {
      let before: Change | undefined;
      for (const change of changes) {
        // Changes of one kind mostly come one after another.
        if (change.op !== before?.op || change.table !== before.table) parts.set(kindOf(change), part);
        before = change;
        yield change;
      }
    }
    lastParts ??= parts;
  }

  function* upTo(last: number): Generator<Change, void> {
    for (const { changes, part } of lines()) {
      yield* changes;
      if (part >= last) return;
    }
  }

  return {
    all,
    *of<Operation extends Change['op']>(op: Operation, table: string) {
      const last = lastParts === undefined ? Infinity : lastParts.get(kindOf({ op, table }));
      if (last === undefined) return;
      for (const change of last === Infinity ? all() : upTo(last)) {
        if (isOf(change, op, table)) yield change;
      }
    },
  };
}

function kindOf({ op, table }: Pick<Change, 'op' | 'table'>): string {
  return `${op} ${table}`;
}

function isOf<Operation extends Change['op']>(
  change: Change,
  op: Operation,
  table: string,
): change is ChangeWith<Operation> {
  return change.op === op && change.table === table;
}
