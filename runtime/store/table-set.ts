import { join } from 'node:path';
import { BanyanError } from '../errors.ts';
import { fileErrorCode } from '../node-file-system.ts';
import type { FileSystem } from '../file-system.ts';
import { blockCache } from './block-cache.ts';
import { mergeSorted } from './sorted-map.ts';
import type { TableEntry } from './table-block.ts';
import { tablesToMerge } from './table-levels.ts';
import { openTable, type TableReader } from './table-reader.ts';
import { writeTable } from './table-writer.ts';

/** Where a store's tables are, and what for. */
export interface TablePlace {
  readonly fileSystem: FileSystem;
  readonly directory: string;
  /** False: nothing is synced, and what an earlier process left is forgotten. */
  readonly durable: boolean;
  /** Bytes of blocks kept in memory. */
  readonly cacheBytes: number;
}

/** The tables of a store, newest first, and the file that lists them. */
export interface TableSet {
  readonly tables: readonly TableReader[];
  /** Adds a table, newer than all; then merges as many as is worth it. One call at a time. */
  add(entries: Iterable<TableEntry>, most: number): Promise<void>;
  merge(): Promise<void>;
  /** Makes sure of the list of tables: what a killed process left may be there and not yet durable. */
  sync(): Promise<void>;
  clear(): Promise<void>;
  close(): void;
}

interface Manifest {
  readonly format: 1;
  /** Newest first. */
  readonly tables: readonly { readonly id: number; readonly bytes: number }[];
}

const manifestName = 'tables.json';
const tableName = /^table-(\d+)$/;

/**
 * Opens the tables of a directory; an absent one has none.
 * @throws BanyanError STORE_CORRUPT; errors of the file system.
 */
export function openTableSet({ fileSystem, directory, durable, cacheBytes }: TablePlace): TableSet {
  const cache = blockCache(cacheBytes);
  const found = fileSystem.listSync(directory);
  const open = (id: number, bytes: number): TableReader =>
    openTable(fileSystem, { path: pathOf(id), id, bytes }, cache);
  let tables = durable
    ? readManifest(fileSystem, directory, found).map(({ id, bytes }) => open(id, bytes))
    : [];
  let lastId = Math.max(0, ...found.map((name) => Number(tableName.exec(name)?.[1] ?? 0)));
  let prepared = false;
  let synced = !found.includes(manifestName);

  function pathOf(id: number): string {
    return join(directory, `table-${String(id)}`);
  }

  /** Makes the directory, and removes what a process that died left in it. */
  const prepare = async (): Promise<void> => {
    if (prepared) return;
    await fileSystem.makeDirectory(directory);
    const kept = new Set(tables.map(({ id }) => `table-${String(id)}`));
    for (const name of await fileSystem.list(directory)) {
      const left = (tableName.test(name) && !kept.has(name)) || name.startsWith(`${manifestName}.`);
      if (left || (!durable && name === manifestName)) await fileSystem.remove(join(directory, name));
    }
    prepared = true;
  };

  const create = async (entries: Iterable<TableEntry>, most: number): Promise<TableReader> => {
    await prepare();
    const id = ++lastId;
    const { bytes } = await writeTable(fileSystem, pathOf(id), entries, { most, durable });
    return open(id, bytes);
  };

  /** From here on these are the tables, and others are not needed any more. */
  const change = async (next: readonly TableReader[]): Promise<void> => {
    if (durable) {
      const manifest: Manifest = { format: 1, tables: next.map(({ id, bytes }) => ({ id, bytes })) };
      // The names of new tables must not be lost when the list that has them is not.
      await fileSystem.syncDirectory(directory);
      await fileSystem.replace(join(directory, manifestName), JSON.stringify(manifest));
      synced = true;
    }
    const gone = tables.filter((table) => !next.includes(table));
    tables = [...next];
    for (const table of gone) table.close();
    for (const table of gone) await fileSystem.remove(pathOf(table.id));
  };

  return {
    get tables() {
      return tables;
    },
    async add(entries, most) {
      await change([await create(entries, most), ...tables]);
    },
    async merge() {
      for (;;) {
        const count = tablesToMerge(tables.map(({ bytes }) => bytes));
        if (count === 0) return;
        const merged = tables.slice(0, count);
        const older = tables.slice(count);
        const most = merged.reduce((sum, { entries }) => sum + entries, 0);
        const entries = mergeSorted(merged.map((table) => table.from('', false, false)));
        // A removal hides what is older: in the oldest table there is nothing to hide.
        const wanted = older.length > 0 ? entries : entries.filter(([, value]) => value !== null);
        await change([await create(wanted, most), ...older]);
      }
    },
    async sync() {
      if (durable && !synced) await fileSystem.syncDirectory(directory);
      synced = true;
    },
    async clear() {
      await prepare();
      await change([]);
    },
    close() {
      for (const table of tables) table.close();
      tables = [];
    },
  };
}

function readManifest(
  fileSystem: FileSystem,
  directory: string,
  found: readonly string[],
): Manifest['tables'] {
  if (!found.includes(manifestName)) return [];
  const path = join(directory, manifestName);
  const file = fileSystem.openReadSync(path);
  try {
    // There are some tens of tables: this is room for tens of thousands.
    const manifest = JSON.parse(file.read(0, 2 ** 20).toString()) as { format: unknown } & Pick<
      Manifest,
      'tables'
    >;
    if (manifest.format !== 1)
      throw new Error(`its format is ${JSON.stringify(manifest.format)}, expected 1`);
    return manifest.tables;
  } catch (error) {
    if (fileErrorCode(error) !== undefined) throw error;
    const why = `The store's list of tables ${path} cannot be read`;
    throw new BanyanError(
      'STORE_CORRUPT',
      `${why}. Remove the store's directory; it is rebuilt from the log.`,
      {
        details: { path },
        cause: error,
      },
    );
  } finally {
    file.close();
  }
}
