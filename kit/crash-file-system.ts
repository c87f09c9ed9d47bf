import { basename, dirname } from 'node:path';
import type { AppendFile, FileSystem, ReadFile, ReadFileSync } from 'banyan/runtime';
import { CrashDirectory } from './crash-directory.ts';
import { CrashFile } from './crash-file.ts';

/** An operation that changes the disk or makes a change durable; the points at which a process can be killed. */
export type DiskOperation =
  'append' | 'sync' | 'create' | 'replace' | 'rename' | 'truncate' | 'remove' | 'syncDirectory';

export interface CrashDiskOptions {
  /** Numbers in [0, 1): decides how operations interleave and what a failure takes. Seed it. */
  readonly random: () => number;
  /** What survives a power failure together, bytes. Default 512. */
  readonly pageBytes?: number;
}

/** The file system as one process sees it. */
export interface CrashProcess extends FileSystem {
  /** True after `kill`, a kill point, or a power failure: every operation rejects and does nothing. */
  readonly dead: boolean;
  /** Resolves when the process dies. */
  readonly died: Promise<void>;
  kill(): void;
  /** Dies at the n-th disk operation from now on (1: the next), which is done, not done, or done in part. */
  killAt(operation: number): void;
}

/**
 * A disk in memory, for tests: processes share it and die, the power fails, and what was not synced is forgotten,
 * each 512-byte page and each name by chance. What was synced always survives. Making a directory is durable at once.
 *
 *     const disk = crashDisk({ random });
 *     const first = disk.process();      // a FileSystem
 *     first.killAt(7);                   // SIGKILL in the seventh operation; or:
 *     disk.crash();                      // power failure: every process dies, unsynced content is torn
 *     const second = disk.process();     // what the next start of the program finds
 */
export interface CrashDisk {
  process(): CrashProcess;
  crash(): void;
  /** Disk operations so far, of all processes. */
  readonly operations: number;
  /** Makes operations fail: returns an error code (`EACCES`, `EIO`) to fail this one with. */
  fault: ((operation: DiskOperation, path: string) => string | undefined) | undefined;
  /** Bytes that fit on the disk; an append beyond fails with ENOSPC after what still fitted. */
  capacity: number;
}

/** Makes an empty {@link CrashDisk}. */
export function crashDisk(options: CrashDiskOptions): CrashDisk {
  return new Disk(options);
}

class Disk implements CrashDisk {
  readonly random: () => number;
  readonly pageBytes: number;
  readonly directories = new Map<string, CrashDirectory>();
  operations = 0;
  fault: CrashDisk['fault'];
  capacity = Infinity;
  #processes = new Set<DiskProcess>();

  constructor({ random, pageBytes = 512 }: CrashDiskOptions) {
    this.random = random;
    this.pageBytes = pageBytes;
  }

  process(): CrashProcess {
    const process = new DiskProcess(this);
    this.#processes.add(process);
    return process;
  }

  crash(): void {
    for (const process of this.#processes) process.kill();
    this.#processes = new Set();
    for (const directory of this.directories.values()) directory.crash(this.random);
  }

  directoryOf(path: string): CrashDirectory {
    const directory = this.directories.get(dirname(path));
    if (directory === undefined) throw fileError('ENOENT', path);
    return directory;
  }

  fileAt(path: string): CrashFile {
    const file = this.directories.get(dirname(path))?.file(basename(path));
    if (file === undefined) throw fileError('ENOENT', path);
    return file;
  }

  get free(): number {
    let used = 0;
    for (const directory of this.directories.values()) for (const file of directory.files) used += file.size;
    return Math.max(0, this.capacity - used);
  }
}

type Portion = 'all' | 'part' | 'none';

class DiskProcess implements CrashProcess {
  readonly #disk: Disk;
  readonly died: Promise<void>;
  #die: () => void = () => undefined;
  #dead = false;
  #left = Infinity;

  constructor(disk: Disk) {
    this.#disk = disk;
    this.died = new Promise((resolve) => (this.#die = resolve));
  }

  get dead(): boolean {
    return this.#dead;
  }

  kill(): void {
    this.#dead = true;
    this.#die();
  }

  killAt(operation: number): void {
    this.#left = operation;
  }

  /** One operation on the disk: takes its turns, may be the one in which the process dies, or fail. */
  async #operate(name: DiskOperation, path: string, effect: (portion: Portion) => void): Promise<void> {
    const turns = 1 + Math.floor(this.#disk.random() * 3);
    for (let turn = 0; turn < turns; turn++) await this.#turn();
    this.#disk.operations++;
    const code = this.#disk.fault?.(name, path);
    if (code !== undefined) throw fileError(code, path);
    if (--this.#left <= 0) {
      this.kill();
      effect((['all', 'part', 'none'] as const)[Math.floor(this.#disk.random() * 3)] ?? 'none');
      this.#alive();
    }
    effect('all');
    for (const changed of this.#disk.directories.get(dirname(path))?.watchers ?? []) setImmediate(changed);
  }

  async #turn(): Promise<void> {
    this.#alive();
    await new Promise((resolve) => setImmediate(resolve));
    this.#alive();
  }

  #alive(): void {
    if (this.#dead) throw fileError('EKILLED', 'the process was killed');
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#turn();
    for (let made = path; made !== dirname(made) && made !== '.'; made = dirname(made)) {
      if (!this.#disk.directories.has(made)) this.#disk.directories.set(made, new CrashDirectory());
    }
  }

  async list(path: string): Promise<string[]> {
    await this.#turn();
    return this.listSync(path);
  }

  listSync(path: string): string[] {
    this.#alive();
    const below = [...this.#disk.directories.keys()].filter(
      (other) => other !== path && dirname(other) === path,
    );
    return [
      ...(this.#disk.directories.get(path)?.names() ?? []),
      ...below.map((other) => basename(other)),
    ].sort();
  }

  async size(path: string): Promise<number | undefined> {
    await this.#turn();
    return this.#disk.directories.get(dirname(path))?.file(basename(path))?.size;
  }

  async openAppend(path: string): Promise<AppendFile> {
    const directory = this.#disk.directoryOf(path);
    if (directory.file(basename(path)) === undefined) {
      await this.#operate('create', path, (portion) => {
        if (portion !== 'none')
          directory.change({ set: { name: basename(path), file: new CrashFile(this.#disk.pageBytes) } });
      });
    }
    const file = this.#disk.fileAt(path);
    return {
      append: (bytes) => this.#operate('append', path, (portion) => this.#append(file, path, bytes, portion)),
      sync: () => this.#sync(file, path),
      close: () => Promise.resolve(),
    };
  }

  #append(file: CrashFile, path: string, bytes: Uint8Array, portion: Portion): void {
    const wanted =
      portion === 'all'
        ? bytes.length
        : portion === 'part'
          ? Math.floor(this.#disk.random() * bytes.length)
          : 0;
    const fits = Math.min(wanted, this.#disk.free);
    file.append(bytes.subarray(0, fits));
    if (fits < wanted) throw fileError('ENOSPC', path);
  }

  #sync(file: CrashFile, path: string): Promise<void> {
    return this.#operate('sync', path, (portion) => {
      if (portion === 'all') file.sync();
    });
  }

  async openRead(path: string): Promise<ReadFile> {
    await this.#turn();
    const file = this.#disk.fileAt(path);
    return {
      read: async (offset, length) => {
        await this.#turn();
        return file.read(offset, length);
      },
      sync: () => this.#sync(file, path),
      close: () => Promise.resolve(),
    };
  }

  openReadSync(path: string): ReadFileSync {
    this.#alive();
    const file = this.#disk.fileAt(path);
    return { read: (offset, length) => file.read(offset, length), close: () => undefined };
  }

  async readWhole(path: string): Promise<Buffer> {
    await this.#turn();
    const file = this.#disk.fileAt(path);
    return file.read(0, file.size);
  }

  async createExclusive(path: string, content: string | Uint8Array): Promise<boolean> {
    let created = false;
    await this.#operate('create', path, (portion) => {
      created = this.#disk.directoryOf(path).file(basename(path)) === undefined;
      this.#writeAside(path, content, created ? portion : 'none');
    });
    return created;
  }

  replace(path: string, content: string | Uint8Array): Promise<void> {
    return this.#operate('replace', path, (portion) => this.#writeAside(path, content, portion));
  }

  /** A kill in between leaves a temporary file, or a name that is not yet durable. */
  #writeAside(path: string, content: string | Uint8Array, portion: Portion): void {
    if (portion === 'none') return;
    const file = new CrashFile(this.#disk.pageBytes);
    const bytes = Buffer.from(content);
    const directory = this.#disk.directoryOf(path);
    const named = portion === 'all' || this.#disk.random() < 0.5;
    const written = named ? bytes.length : Math.floor(this.#disk.random() * bytes.length);
    this.#append(file, path, bytes.subarray(0, written), 'all');
    if (named) file.sync();
    directory.change({ set: { name: named ? basename(path) : `${basename(path)}.aside.tmp`, file } });
    if (portion === 'all') directory.sync();
  }

  rename(from: string, to: string): Promise<void> {
    return this.#operate('rename', to, (portion) => {
      const file = this.#disk.fileAt(from);
      const change = { removed: basename(from), set: { name: basename(to), file } };
      if (portion === 'all') this.#disk.directoryOf(to).change(change);
    });
  }

  truncate(path: string, size: number): Promise<void> {
    return this.#operate('truncate', path, (portion) => {
      if (portion === 'all') this.#disk.fileAt(path).truncate(size);
    });
  }

  remove(path: string): Promise<void> {
    return this.#operate('remove', path, (portion) => {
      const directory = this.#disk.directoryOf(path);
      const there = directory.file(basename(path)) !== undefined;
      if (portion === 'all' && there) directory.change({ removed: basename(path) });
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#operate('syncDirectory', `${path}/.`, (portion) => {
      if (portion === 'all') this.#disk.directories.get(path)?.sync();
    });
  }

  watch(path: string, changed: () => void): { close(): void } {
    this.#alive();
    const watchers = this.#disk.directories.get(path)?.watchers;
    const tell = () => {
      if (watchers?.has(tell) === true && !this.#dead) changed();
    };
    watchers?.add(tell);
    return { close: () => void watchers?.delete(tell) };
  }
}

function fileError(code: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${path}`), { code, path });
}
