import type { CrashFile } from './crash-file.ts';

/** A change of names within a directory that one sync makes durable, or a power failure takes back. */
interface NameChange {
  readonly removed?: string;
  readonly set?: { readonly name: string; readonly file: CrashFile };
}

/** A directory's names twice: as running processes see them, and as they would be found after a power failure. */
export class CrashDirectory {
  #names = new Map<string, CrashFile>();
  #durable = new Map<string, CrashFile>();
  #pending: NameChange[] = [];
  readonly watchers = new Set<() => void>();

  get files(): IterableIterator<CrashFile> {
    return this.#names.values();
  }

  names(): string[] {
    return [...this.#names.keys()].sort();
  }

  file(name: string): CrashFile | undefined {
    return this.#names.get(name);
  }

  change(change: NameChange): void {
    apply(this.#names, change);
    this.#pending.push(change);
  }

  sync(): void {
    for (const change of this.#pending) apply(this.#durable, change);
    this.#pending = [];
  }

  /** The power fails: any of the changes since the last sync survive, in any combination. */
  crash(random: () => number): void {
    const luck = random();
    for (const change of this.#pending) if (random() < luck) apply(this.#durable, change);
    this.#pending = [];
    this.#names = new Map(this.#durable);
    this.watchers.clear();
    for (const file of new Set(this.#names.values())) file.crash(random);
  }
}

function apply(names: Map<string, CrashFile>, { removed, set }: NameChange): void {
  if (removed !== undefined) names.delete(removed);
  if (set !== undefined) names.set(set.name, set.file);
}
