import { BanyanError, isBanyanError, toError } from '../errors.ts';
import type { FileSystem } from '../file-system.ts';
import { once } from '../lifecycle.ts';
import { fileErrorCode, nodeFileSystem } from '../node-file-system.ts';
import { hashKey } from './key-filter.ts';
import type { OrderedStore, StoreKey } from './ordered-store.ts';
import { mergeSorted, sortedMap, type KeyedEntry, type SortedMap } from './sorted-map.ts';
import { openTableSet, type TableSet } from './table-set.ts';

/** How to open a store in files. */
export interface FileStoreOptions {
  /** Created when it is not there. The store has it for itself: one process opens it at a time. */
  readonly directory: string;
  /**
   * `durable` (the default): what was written before a `flush`, or before a table was full, survives a power failure.
   * `scratch`: the store is empty at opening, and nothing is synced.
   */
  readonly purpose?: 'durable' | 'scratch';
  readonly fileSystem?: FileSystem;
  /** Bytes of writes gathered in memory before they become a table; default 2 MiB. */
  readonly tableBytes?: number;
  /** Bytes of what was read kept in memory; default 2 MiB. */
  readonly cacheBytes?: number;
}

/** Writes gathered in memory; null for a removal. */
interface Gathered {
  readonly entries: SortedMap<Buffer | null>;
  bytes: number;
}

/** A map's entry, a string and a buffer, by measurement of heaps of them. */
const entryOverhead = 200;

/**
 * Opens an ordered store in files: writes are gathered in memory and written as sorted, immutable tables, which are
 * merged as they become many. What it keeps in memory does not depend on what it holds, but for some 5 bytes an
 * entry. Why not LMDB or SQLite, with figures: `docs/decisions/0002-row-store.md`.
 * @throws BanyanError STORE_NOT_OPENED when the directory cannot be read; STORE_CORRUPT. Later: STORE_DISK_FULL,
 *   STORE_WRITE_FAILED; the store takes no writes after one of these.
 */
export function openFileStore(options: FileStoreOptions): OrderedStore {
  const { directory, purpose = 'durable', fileSystem = nodeFileSystem } = options;
  const { tableBytes = 2 * 2 ** 20, cacheBytes = 2 * 2 ** 20 } = options;
  const set = openSet({ fileSystem, directory, durable: purpose === 'durable', cacheBytes });
  let gathered: Gathered = { entries: sortedMap(), bytes: 0 };
  /** On its way into a table. */
  let leaving: Gathered | undefined;
  let work: Promise<void> = Promise.resolve();
  let failure: BanyanError | undefined;
  let closed = false;

  const use = (): void => {
    if (closed) throw closedError(directory);
  };
  /** One piece of work on the tables after the other. */
  const next = (run: () => Promise<void>): Promise<void> => {
    const done = work.then(async () => {
      if (failure !== undefined) throw failure;
      try {
        await run();
      } catch (error) {
        failure = writeFailure(directory, error);
        throw failure;
      }
    });
    work = done.catch(() => undefined);
    return done;
  };
  const makeTable = async (): Promise<void> => {
    if (gathered.entries.size === 0) return;
    leaving = gathered;
    gathered = { entries: sortedMap(), bytes: 0 };
    await set.add(leaving.entries.within(''), leaving.entries.size);
    leaving = undefined;
    await set.merge();
  };
  const memories = (): SortedMap<Buffer | null>[] =>
    leaving === undefined ? [gathered.entries] : [gathered.entries, leaving.entries];

  const find = (key: string): Buffer | null | undefined => {
    for (const memory of memories()) {
      const value = memory.get(key);
      if (value !== undefined) return value;
    }
    const hash = hashKey(key);
    for (const table of set.tables) {
      const value = table.find(key, hash);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  /** Up to `limit` entries at once: tables may be merged and removed before the next. */
  const chunk = (prefix: string, after: string | undefined, limit: number): KeyedEntry<Buffer>[] => {
    const behind = after !== undefined && after >= prefix;
    const sources = [
      ...memories()
        .filter(({ size }) => size > 0)
        .map((memory) => memory.within(prefix, after)),
      ...set.tables.map((table) => table.from(behind ? after : prefix, behind)),
    ];
    const found: KeyedEntry<Buffer>[] = [];
    for (const [key, value] of mergeSorted(sources)) {
      if (!key.startsWith(prefix)) break;
      if (value !== null && found.push([key, value]) === limit) break;
    }
    return found;
  };

  return {
    get(key) {
      use();
      return find(text(key)) ?? undefined;
    },
    *range(prefix, after) {
      const start = text(prefix);
      let last = after === undefined ? undefined : text(after);
      // Small chunks first: most look-ups find a few entries.
      for (let size = 16; ; size = Math.min(size * 4, 1024)) {
        use();
        const entries = chunk(start, last, size);
        for (const [key, value] of entries) yield [Buffer.from(key, 'latin1'), value];
        if (entries.length < size) return;
        last = entries.at(-1)?.[0];
      }
    },
    async write(writes) {
      use();
      if (failure !== undefined) throw failure;
      for (const [key, value] of writes) {
        const name = text(key);
        gathered.entries.set(name, value === undefined ? null : bytes(value));
        gathered.bytes += name.length + (value?.length ?? 0) + entryOverhead;
      }
      if (gathered.bytes >= tableBytes) await next(makeTable);
    },
    async flush() {
      use();
      await next(async () => {
        await makeTable();
        await set.sync();
      });
    },
    async clear() {
      use();
      await next(async () => {
        gathered = { entries: sortedMap(), bytes: 0 };
        await set.clear();
      });
    },
    close: once(async () => {
      closed = true;
      try {
        if (purpose === 'durable' && failure === undefined) await next(makeTable);
        await work;
      } finally {
        set.close();
      }
    }),
  };
}

function openSet(place: Parameters<typeof openTableSet>[0]): TableSet {
  try {
    return openTableSet(place);
  } catch (error) {
    if (isBanyanError(error)) throw error;
    throw new BanyanError(
      'STORE_NOT_OPENED',
      `Cannot open the store in ${place.directory}: ${toError(error).message}. Expected a directory that this user ` +
        'may read and write, or none. Correct the path or its permissions; a store that is removed is rebuilt from ' +
        'the log.',
      { details: { directory: place.directory }, cause: error },
    );
  }
}

/** Bytes as a text of the same order: one code unit a byte. */
function text(key: StoreKey): string {
  return bytes(key).toString('latin1');
}

function bytes(value: Uint8Array): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

function closedError(directory: string): BanyanError {
  return new BanyanError('STORE_CLOSED', `The store in ${directory} is closed; open it again to use it.`);
}

function writeFailure(directory: string, error: unknown): BanyanError {
  if (isBanyanError(error)) return error;
  const code = fileErrorCode(error);
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  return new BanyanError(
    full ? 'STORE_DISK_FULL' : 'STORE_WRITE_FAILED',
    `Cannot write to the store in ${directory}: ${toError(error).message}. ${full ? 'Make room on its disk' : 'Correct its path, permissions or disk'} ` +
      'and start again; nothing is lost, the store goes on from the log.',
    { retryable: full, details: { directory, code: code ?? null }, cause: error },
  );
}
