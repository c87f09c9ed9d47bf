import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase, type RootDatabaseOptions } from 'lmdb';
import { BanyanError, toError } from '../errors.ts';
import { once } from '../lifecycle.ts';
import { mappedFileBytes } from './mapped-memory.ts';
import type { OrderedStore, StoreKey, StoreWrite } from './ordered-store.ts';

/** How to open a store on LMDB. */
export interface LmdbStoreOptions {
  /** Created when it is not there. One process opens it at a time. */
  readonly directory: string;
  /**
   * `durable` (the default): a write survives a power failure once it has resolved. `scratch`: the store is
   * emptied at opening, nothing is synced, and `clear` gives the disk space back.
   */
  readonly purpose?: 'durable' | 'scratch';
  /** Bytes of mapped pages that `trim` lets be; default 48 MiB. */
  readonly mappedBytes?: number;
}

type Database = RootDatabase<Buffer, Uint8Array>;

const pageBytes = 4096;
const defaultMappedBytes = 48 * 2 ** 20;
/** What the process had mapped (the program itself) before any store was. */
const programBytes = mappedFileBytes() ?? 0;

/**
 * Opens an ordered store on LMDB. Why these settings, with figures: `docs/decisions/0002-row-store.md`.
 * @throws BanyanError STORE_NOT_OPENED when the directory cannot be made or written, or holds something else.
 */
export function openLmdbStore(options: LmdbStoreOptions): OrderedStore {
  const { directory, purpose = 'durable' } = options;
  const limit = options.mappedBytes ?? defaultMappedBytes;
  let database = openDatabase(directory, purpose, true);
  let writing = 0;
  /** An upper estimate of the pages that reads and writes have mapped since the file was opened. */
  let touched = 0;
  let closed = false;

  const opened = (): Database => {
    if (!closed) return database;
    throw new BanyanError('STORE_CLOSED', `The store in ${directory} is closed; open it again to use it.`);
  };
  const reopen = (): void => {
    closeNow(database);
    database = openDatabase(directory, purpose, false);
    touched = 0;
  };
  const written = async (write: () => Promise<boolean>): Promise<void> => {
    writing++;
    try {
      await write();
    } catch (error) {
      throw writeFailure(directory, error);
    } finally {
      writing--;
    }
    // A read transaction of before would go on seeing the state of before.
    database.resetReadTxn();
  };
  const close = once(async () => {
    closed = true;
    await database.close();
  });

  return {
    get(key) {
      touched += pageBytes;
      return asBuffer(opened().getBinary(key));
    },
    *range(prefix, after) {
      // Small chunks first: most look-ups find a few entries. No cursor stays open while the caller works.
      let next = after;
      for (let size = 16; ; size = Math.min(size * 4, 1024)) {
        touched += pageBytes;
        const chunk = readChunk(opened(), prefix, next, size);
        for (const entry of chunk) {
          touched += entry[0].length + entry[1].length + 64;
          yield entry;
        }
        if (chunk.length < size) return;
        next = chunk.at(-1)?.[0];
      }
    },
    async write(writes) {
      const into = opened();
      if (writes.length === 0) return;
      touched += writes.length * pageBytes;
      await written(() => into.batch(() => writes.forEach((write) => queue(into, write))));
    },
    async flush() {
      await opened().flushed;
    },
    trim() {
      if (touched < limit || writing > 0 || closed) return;
      const mapped = mappedFileBytes();
      if (mapped === undefined || mapped - programBytes > limit) reopen();
      else touched = 0;
    },
    async clear() {
      const into = opened();
      if (purpose === 'durable' || writing > 0) return written(() => into.clearAsync().then(() => true));
      closeNow(into);
      database = openDatabase(directory, purpose, true);
      touched = 0;
    },
    close,
  };
}

function openDatabase(directory: string, purpose: 'durable' | 'scratch', first: boolean): Database {
  const settings: RootDatabaseOptions = {
    keyEncoding: 'binary',
    encoding: 'binary',
    // A commit is durable when it resolves: LMDB's own order of syncs, in which a crash loses whole newest commits.
    overlappingSync: false,
    noSync: purpose === 'scratch',
    noMemInit: true,
    // Address space, not memory. When LMDB has to grow its map, it keeps the old one: twice the resident pages.
    mapSize: 2 ** 36,
    // One page size on all systems, so that a file may be moved.
    pageSize: pageBytes,
  };
  try {
    if (first && purpose === 'scratch') rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    if (first) checkWritable(directory);
    return open<Buffer, Uint8Array>(join(directory, 'rows.mdb'), settings);
  } catch (error) {
    const why = toError(error).message;
    throw new BanyanError(
      'STORE_NOT_OPENED',
      `Cannot open the store in ${directory}: ${why}. Expected a directory that this user may write in, with ` +
        'nothing else in it. Correct the path or its permissions; a damaged store may be removed, it is rebuilt ' +
        'from the log.',
      { details: { directory }, cause: error },
    );
  }
}

/** LMDB's own message for a directory without permission says nothing of it. */
function checkWritable(directory: string): void {
  const probe = join(directory, 'writable');
  writeFileSync(probe, '');
  rmSync(probe);
}

/**
 * Closes at once. `close` first waits, a few microtasks long, for writes that may be under way; here none are,
 * and a read may come before the next microtask.
 */
function closeNow(database: Database): void {
  (database as unknown as { _endWrites: undefined })._endWrites = undefined;
  void database.close();
}

function readChunk(
  database: Database,
  prefix: StoreKey,
  after: StoreKey | undefined,
  limit: number,
): (readonly [Buffer, Buffer])[] {
  const behind = after !== undefined && Buffer.compare(after, prefix) >= 0;
  const found: (readonly [Buffer, Buffer])[] = [];
  const range = { start: behind ? after : prefix, exclusiveStart: behind, limit };
  for (const { key, value } of database.getRange(range)) {
    if (!startsWith(key, prefix)) break;
    found.push([asBuffer(key), asBuffer(value)]);
  }
  return found;
}

function startsWith(key: Uint8Array, prefix: StoreKey): boolean {
  if (key.length < prefix.length) return false;
  for (let at = 0; at < prefix.length; at++) if (key[at] !== prefix[at]) return false;
  return true;
}

function queue(into: Database, [key, value]: StoreWrite): void {
  // The whole batch's promise tells how it went.
  if (value === undefined) void into.remove(key);
  else void into.put(key, asBuffer(value));
}

function asBuffer(bytes: Uint8Array): Buffer;
function asBuffer(bytes: Uint8Array | undefined): Buffer | undefined;
function asBuffer(bytes: Uint8Array | undefined): Buffer | undefined {
  if (bytes === undefined || Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function writeFailure(directory: string, error: unknown): BanyanError {
  const why = toError(error).message;
  const full = /ENOSPC|no space|disk quota/i.test(why);
  return new BanyanError(
    full ? 'STORE_DISK_FULL' : 'STORE_WRITE_FAILED',
    `Cannot write to the store in ${directory}: ${why}. ${full ? 'Make room on its disk' : 'See to its disk'} and ` +
      'start again; nothing is lost, the store goes on from the log.',
    { retryable: full, details: { directory }, cause: error },
  );
}
