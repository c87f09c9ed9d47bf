/**
 * A Bloom filter: which keys a table surely does not have. Ten bits and seven probes a key: one of a hundred keys
 * that are not there is looked for in vain.
 */
export interface KeyFilter {
  readonly bytes: Uint8Array;
  add(hash: KeyHash): void;
  mayHave(hash: KeyHash): boolean;
}

/** Two hashes of a key, from which all probes are made. */
export interface KeyHash {
  readonly one: number;
  readonly two: number;
}

const bitsPerKey = 10;
const probes = 7;

/** An empty filter for so many keys. */
export function keyFilter(keys: number): KeyFilter {
  return filterOver(new Uint8Array(Math.max(8, Math.ceil((keys * bitsPerKey) / 8))));
}

/** The filter with those bytes. */
export function filterOver(bytes: Uint8Array): KeyFilter {
  const bits = bytes.length * 8;
  return {
    bytes,
    add({ one, two }) {
      for (let probe = 0, at = one; probe < probes; probe++, at = (at + two) >>> 0) {
        const bit = at % bits;
        bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) | (1 << (bit & 7));
      }
    },
    mayHave({ one, two }) {
      for (let probe = 0, at = one; probe < probes; probe++, at = (at + two) >>> 0) {
        const bit = at % bits;
        if (((bytes[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
      }
      return true;
    },
  };
}

/** FNV-1a over the key's code units, and the same with its bits mixed (the finalizer of MurmurHash3). */
export function hashKey(key: string): KeyHash {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  mixed ^= mixed >>> 16;
  // Odd, so that the probes do not meet again soon.
  return { one: mixed >>> 0, two: (hash | 1) >>> 0 };
}
