import type { JsonValue } from 'banyan/runtime';
import type { Row } from '../change.ts';
import type { StoredKey } from './key-encoding.ts';
import { setColumn } from './row-codec.ts';

/** Rows that were read by their key last. Those of a small table are asked for again and again. */
export interface RowCache {
  /** A copy of the row, for the caller to keep. */
  get(key: StoredKey): Row | undefined;
  /** Keeps a row read from its text. */
  keep(key: StoredKey, row: Row, text: string): void;
  forget(key: StoredKey): void;
  clear(): void;
}

/** An object of some ten columns, beside its texts. */
const rowOverhead = 500;

/** A cache of up to so many bytes, about. */
export function rowCache(most: number): RowCache {
  // A map iterates in the order of setting: the first is the one not used for longest.
  const rows = new Map<StoredKey, { readonly row: Row; readonly bytes: number }>();
  let bytes = 0;
  const forget = (key: StoredKey): void => {
    const found = rows.get(key);
    if (found === undefined) return;
    rows.delete(key);
    bytes -= found.bytes;
  };
  return {
    get(key) {
      const found = rows.get(key);
      if (found === undefined) return undefined;
      rows.delete(key);
      rows.set(key, found);
      return copyOf(found.row) as Row;
    },
    keep(key, row, text) {
      const size = key.length + text.length + rowOverhead;
      if (size > most) return;
      forget(key);
      rows.set(key, { row: copyOf(row) as Row, bytes: size });
      bytes += size;
      for (const oldest of rows.keys()) {
        if (bytes <= most) break;
        forget(oldest);
      }
    },
    forget,
    clear() {
      rows.clear();
      bytes = 0;
    },
  };
}

function copyOf(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map(copyOf);
  const copy: Record<string, JsonValue> = {};
  for (const name of Object.keys(value)) setColumn(copy, name, copyOf(value[name] ?? null));
  return copy;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
