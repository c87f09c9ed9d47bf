import { canonicalJson, type OrderedStore, type StoreWrite } from 'banyan/runtime';
import type { TableSchema } from '../change.ts';
import type { TableShape } from '../source.ts';

/** A table's shape with its version. */
export interface Versioned {
  readonly schema: TableSchema;
  /** True when no earlier line of the log has told it: the caller's line must. */
  readonly isNew: boolean;
}

/** The versions of the tables' shapes. What a transaction tells is taken back with it. */
export interface SchemaVersions {
  /** The version of a shape; a shape that the table had before has the version of then. */
  versionOf(shape: TableShape): Versioned;
  /** Takes over a version that the log tells. */
  learn(schema: TableSchema): void;
  /** The table's schema of that version, if the log has told it. */
  find(table: string, version: number): TableSchema | undefined;
  /** Ends the transaction at a position of the log. */
  commit(position?: number): void;
  abort(): void;
  /**
   * Keeps the versions told up to the position, which must be durable in the log: a version that is kept is not told
   * again. To be awaited before rows of the same positions are settled.
   */
  keep(position?: number): Promise<void>;
}

/**
 * Keys of versions begin with this byte, which the row store does not use: the versions lie beside the rows, since
 * rows cannot be read while they recover, and recovering needs to know the tables' keys.
 */
const keyKind = '\x04';

/** The versions that a store keeps. */
export function schemaVersions(store: OrderedStore): SchemaVersions {
  const tables = new Map<string, TableSchema[]>();
  let unkept: (readonly [position: number, schema: TableSchema])[] = [];
  let open: TableSchema[] = [];
  // A source hands over the same object as long as a table keeps its shape.
  let recent = new WeakMap<TableShape, TableSchema>();

  const add = (schema: TableSchema): void => {
    const versions = tables.get(schema.table) ?? [];
    tables.set(schema.table, [...versions.filter(({ version }) => version !== schema.version), schema]);
  };
  for (const [, value] of store.range(Buffer.from(keyKind))) add(JSON.parse(value.toString()) as TableSchema);
  const learn = (schema: TableSchema): void => {
    add(schema);
    open.push(schema);
  };
  return {
    versionOf: (shape) => {
      const remembered = recent.get(shape);
      if (remembered) return { schema: remembered, isNew: false };
      const { table, columns, key } = shape;
      const versions = tables.get(table) ?? [];
      const same = versions.find((one) => isSameShape(one, shape));
      const schema = same ?? { table, version: versions.length + 1, columns, key };
      if (!same) learn(schema);
      recent.set(shape, schema);
      return { schema, isNew: !same };
    },
    learn,
    find: (table, version) => tables.get(table)?.find((one) => one.version === version),
    commit: (position = 0) => {
      for (const schema of open) unkept.push([position, schema]);
      open = [];
    },
    abort: () => {
      for (const { table, version } of open) {
        tables.set(table, tables.get(table)?.filter((one) => one.version !== version) ?? []);
      }
      open = [];
      recent = new WeakMap();
    },
    keep: async (position = Infinity) => {
      const keeping = unkept.filter(([at]) => at <= position);
      if (keeping.length === 0) return;
      unkept = unkept.filter(([at]) => at > position);
      await store.write(keeping.map(([, schema]) => writeOf(schema)));
    },
  };
}

function writeOf(schema: TableSchema): StoreWrite {
  const key = Buffer.from(`${keyKind}${schema.table}\0${String(schema.version)}`);
  return [key, Buffer.from(JSON.stringify(schema))];
}

function isSameShape(one: TableShape, other: TableShape): boolean {
  const text = ({ columns, key }: TableShape): string => canonicalJson({ columns, key });
  return text(one) === text(other);
}
