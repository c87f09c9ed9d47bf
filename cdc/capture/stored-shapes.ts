import type { OrderedStore } from 'banyan/runtime';
import type { TableShape } from '../source.ts';

/** By which shape of its table each stored row was given its key. What a transaction changes is taken back with it. */
export interface StoredShapes {
  /**
   * Takes the shape of a change that is about to be applied. Returns the shape by which the table's rows must be
   * moved to the new one first, if its key is another one.
   */
  take(shape: TableShape): TableShape | undefined;
  commit(position: number): void;
  abort(): void;
  /** Keeps what is known up to the position. To be awaited before rows of the same positions are settled. */
  keep(position: number): Promise<void>;
}

/** What a store says of a table: from a position on its rows were stored by a shape. */
interface Kept {
  readonly position: number;
  readonly shape: TableShape;
  /** Whether the rows that were there were moved to another key then. */
  readonly isMove: boolean;
}

/** Keys of these records begin with this byte, which neither the row store nor the schemas' versions use. */
const kind = '\x05';

/**
 * Whether a store's rows were stored by another key somewhere behind `after`, up to `to`. Rows that were cut off on
 * their way through that cannot be mended from the log, which does not tell rows that only got another key.
 */
export function hasMoved(store: OrderedStore, after: number, to: number): boolean {
  for (const [, { position, isMove }] of readAll(store)) {
    if (isMove && position > after && position <= to) return true;
  }
  return false;
}

/**
 * The shapes that a store keeps.
 * @param position where the store's rows are: later records are of what is applied again
 */
export async function storedShapes(store: OrderedStore, position: number): Promise<StoredShapes> {
  const current = new Map<string, TableShape>();
  const later: Buffer[] = [];
  for (const [key, kept] of readAll(store)) {
    if (kept.position <= position) current.set(kept.shape.table, kept.shape);
    else later.push(key);
  }
  if (later.length > 0) await store.write(later.map((key) => [key, undefined]));
  let unkept: Kept[] = [];
  let open: { readonly was: TableShape | undefined; readonly shape: TableShape; readonly isMove: boolean }[] =
    [];
  return {
    take: (shape) => {
      const { table, columns, key } = shape;
      const was = current.get(table);
      // A source hands over the same object as long as a table keeps its shape. A table without a key has no rows.
      if (was === shape || key.length === 0) return undefined;
      current.set(table, shape);
      if (was && textOf(was) === textOf(shape)) return undefined;
      const isMove = was !== undefined && textOfKey(was) !== textOfKey(shape);
      open.push({ was, shape: { table, columns, key }, isMove });
      return isMove ? was : undefined;
    },
    commit: (position) => {
      for (const { shape, isMove } of open) unkept.push({ position, shape, isMove });
      open = [];
    },
    abort: () => {
      for (const { was, shape } of open.reverse()) {
        if (was) current.set(shape.table, was);
        else current.delete(shape.table);
      }
      open = [];
    },
    keep: async (upTo) => {
      const keeping = unkept.filter((one) => one.position <= upTo);
      if (keeping.length === 0) return;
      unkept = unkept.filter((one) => one.position > upTo);
      await store.write(keeping.map((one) => [keyOf(one), Buffer.from(JSON.stringify(one))]));
    },
  };
}

function textOf({ columns, key }: TableShape): string {
  return JSON.stringify([columns.map(({ name, type }) => [name, type]), key]);
}

function textOfKey({ columns, key }: TableShape): string {
  return JSON.stringify(key.map((name) => [name, columns.find((column) => column.name === name)?.type]));
}

/** Positions in one width, so that a table's records come in their order. */
function keyOf({ shape, position }: Kept): Buffer {
  return Buffer.from(`${kind}${shape.table}\0${String(position).padStart(16, '0')}`);
}

function* readAll(store: OrderedStore): Iterable<readonly [Buffer, Kept]> {
  for (const [key, value] of store.range(Buffer.from(kind)))
    yield [key, JSON.parse(value.toString()) as Kept];
}
