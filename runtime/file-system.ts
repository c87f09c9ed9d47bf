/**
 * The file operations that logs are built from, as a port: the real one is `nodeFileSystem`; tests put a shim in
 * its place that forgets at a crash whatever was not synced.
 *
 * Errors are those of `node:fs` (`ENOENT`, `ENOSPC`, `EACCES`, ...), with their `code`.
 */
export interface FileSystem {
  /** Creates the directory and its parents; durable once the parents are synced. */
  makeDirectory(path: string): Promise<void>;
  /** The names in a directory, sorted. Empty when the directory does not exist. */
  list(path: string): Promise<string[]>;
  /** As `list`, without waiting. */
  listSync(path: string): string[];
  /** Bytes of the file, or undefined when it does not exist. */
  size(path: string): Promise<number | undefined>;
  /** Opens for appending, creating the file if needed. */
  openAppend(path: string): Promise<AppendFile>;
  /** Opens for reading. */
  openRead(path: string): Promise<ReadFile>;
  /** Opens for reading without waiting: a lazy transaction is iterated synchronously. */
  openReadSync(path: string): ReadFileSync;
  readWhole(path: string): Promise<Buffer>;
  /** Creates the file with this content, whole or not at all, durably; false when a file of that name exists. */
  createExclusive(path: string, content: string | Uint8Array): Promise<boolean>;
  /** Replaces or creates the file with this content, whole or not at all, durably. */
  replace(path: string, content: string | Uint8Array): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  truncate(path: string, size: number): Promise<void>;
  /** Removes the file; nothing happens when there is none. */
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals within the directory survive a power failure. */
  syncDirectory(path: string): Promise<void>;
  /** Calls back whenever something in the directory may have changed, from any process. Spurious calls are allowed. */
  watch(path: string, changed: () => void): { close(): void };
}

/** A file that only grows. */
export interface AppendFile {
  /** Writes all of the bytes at the end. */
  append(bytes: Uint8Array): Promise<void>;
  /** Makes what was appended survive a power failure (fdatasync). */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A file read at offsets. */
export interface ReadFile {
  /** Reads up to `length` bytes at `offset`; fewer at the end of the file, none behind it. */
  read(offset: number, length: number): Promise<Buffer>;
  /** Makes what any process wrote into the file so far survive a power failure. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** As {@link ReadFile}, without waiting. */
export interface ReadFileSync {
  read(offset: number, length: number): Buffer;
  close(): void;
}
