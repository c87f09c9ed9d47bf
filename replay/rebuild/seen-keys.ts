import { hashKey, keyFilter, type KeyFilter } from 'banyan/runtime';

/** Keys of the first filter; each next one is for twice as many. */
const firstSize = 1 << 16;

/**
 * Which keys were surely never added: Bloom filters that grow with the number of keys, ten bits each. A key that
 * comes for the first time then costs no reading.
 */
export class SeenKeys {
  readonly #filters: KeyFilter[] = [];
  #room = 0;
  #size = firstSize / 2;

  add(key: string): void {
    const hash = hashKey(key);
    if (this.#filters.some((filter) => filter.mayHave(hash))) return;
    if (this.#room === 0) {
      this.#size *= 2;
      this.#room = this.#size;
      this.#filters.unshift(keyFilter(this.#size));
    }
    this.#room -= 1;
    this.#filters[0]?.add(hash);
  }

  mayHave(key: string): boolean {
    if (this.#filters.length === 0) return false;
    const hash = hashKey(key);
    return this.#filters.some((filter) => filter.mayHave(hash));
  }
}

/** The partition of a key, from 0: FNV-1a with a finalizer of its own, since the filters use the other. */
export function partitionOf(key: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  hash ^= hash >>> 12;
  return (hash >>> 0) % partitions;
}
