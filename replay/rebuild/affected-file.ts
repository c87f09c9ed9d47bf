import { BanyanError, type FileSystem } from 'banyan/runtime';
import { createHash } from 'node:crypto';

/** Affected keys of a narrow rebuild at most: they are held in memory, by each worker. */
const most = 1_000_000;

/** Collects the affected keys. */
export class AffectedKeys {
  readonly #projection: string;
  readonly #keys: Set<string>;

  constructor(projection: string, known: Iterable<string> = []) {
    this.#projection = projection;
    this.#keys = new Set(known);
  }

  get keys(): ReadonlySet<string> {
    return this.#keys;
  }

  /** @throws BanyanError REPLAY_TOO_WIDE */
  add(key: string): void {
    this.#keys.add(key);
    if (this.#keys.size <= most) return;
    throw new BanyanError(
      'REPLAY_TOO_WIDE',
      `More than ${String(most)} keys of ${this.#projection} are affected, which is no narrow fault. Rebuild the view whole.`,
      { details: { projection: this.#projection, most } },
    );
  }
}

/** Keeps the affected keys: what is decided once must not change when the rebuild is resumed. */
export function writeAffected(
  fileSystem: FileSystem,
  path: string,
  keys: ReadonlySet<string>,
): Promise<void> {
  return fileSystem.replace(path, [...keys].map((key) => `${JSON.stringify(key)}\n`).join(''));
}

export async function readAffected(fileSystem: FileSystem, path: string): Promise<ReadonlySet<string>> {
  const lines = (await fileSystem.readWhole(path)).toString().split('\n');
  return new Set(lines.filter((line) => line !== '').map((line) => JSON.parse(line) as string));
}

/** A short name of a text, whatever its length. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
