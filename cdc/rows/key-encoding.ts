import { createHash } from 'node:crypto';
import { canonicalJson, type JsonValue } from 'banyan/runtime';

/*
 * Keys of the row store: bytes, held as texts of one code unit a byte ('latin1'), whose order is that of the bytes.
 *
 *     meta   01 name
 *     index  02 hash of table and columns (6 bytes), values, row key
 *     row    03 table 00, values
 *
 * Values are encoded one behind the other, each beginning with a byte for its kind and ending by itself, so that
 * equal encodings mean equal values, and the order is: absent kinds first, then null, false, true, numbers, texts
 * (by their UTF-8 bytes, which is the order of code points), arrays and objects (by their canonical text). Index
 * entries come before rows: a flush that is cut off has written no row without its index entries.
 */

/** A key of the row store. */
export type StoredKey = string;

const metaKind = '\x01';
const indexKind = '\x02';
const rowKind = '\x03';

/**
 * The longest part of a key, a row's or an index entry's values, in bytes. Longer ones end in the SHA-256 of the
 * whole; an index entry is two parts and must stay under the 2000 bytes of a store's key with what else is before them.
 */
const longestPart = 900;
const hashBytes = 32;

/** The key of a record of the row store about itself. */
export function metaKey(name: string): StoredKey {
  return metaKind + name;
}

/** What the keys of all rows of a table begin with. */
export function tablePrefix(table: string): StoredKey {
  return `${rowKind}${bytesOf(table)}\x00`;
}

/** The key of a row. Prefixes of tables are short, so that no key is longer than {@link longestPart}. */
export function rowKey(prefix: StoredKey, key: readonly JsonValue[]): StoredKey {
  return shortened(prefix + encodeValues(key));
}

/**
 * What the keys of a table's rows begin with whose keys begin with those values; of very long values only as much
 * as a shortened key keeps. Keys that only begin with the same bytes are among them: `a`, zero, `b` after `a`.
 */
export function leadingPrefix(prefix: StoredKey, values: readonly JsonValue[]): StoredKey {
  return (prefix + encodeValues(values)).slice(0, longestPart - hashBytes);
}

/** What the keys of all entries of an index begin with. */
export function indexPrefix(table: string, columns: readonly string[]): StoredKey {
  const name = canonicalJson([table, ...columns]);
  return indexKind + createHash('sha256').update(name).digest().toString('latin1', 0, 6);
}

/**
 * What the keys of an index's entries with those values begin with, up to and with the first byte of the row's key:
 * without that byte the entries of `a` would begin as those of `a`, zero, `b` do.
 */
export function indexValuesPrefix(index: StoredKey, values: readonly JsonValue[]): StoredKey {
  return shortened(index + encodeValues(values)) + rowKind;
}

/** The key of an index entry. */
export function indexEntryKey(index: StoredKey, values: readonly JsonValue[], row: StoredKey): StoredKey {
  return indexValuesPrefix(index, values) + row.slice(rowKind.length);
}

/** The row's key in the key of an index entry that was found by its prefix. */
export function rowKeyOfEntry(entry: StoredKey, prefix: StoredKey): StoredKey {
  return entry.slice(prefix.length - rowKind.length);
}

/** Values as one text of bytes, in the order that is described above. */
export function encodeValues(values: readonly JsonValue[]): string {
  let encoded = '';
  for (const value of values) encoded += encodeValue(value);
  return encoded;
}

function encodeValue(value: JsonValue): string {
  if (value === null) return '\x10';
  switch (typeof value) {
    case 'boolean':
      return value ? '\x12' : '\x11';
    case 'number':
      return `\x13${encodeNumber(value)}`;
    case 'string':
      // UTF-8 has no bytes for half of a surrogate pair, which JSON allows: such a text is told in UTF-16.
      return halfPair.test(value) ? `\x15${ended(bigEndian(value))}` : `\x14${ended(bytesOf(value))}`;
    default:
      return `\x16${ended(bytesOf(canonicalJson(value)))}`;
  }
}

/** Half of a surrogate pair: with the `u` flag, whole pairs are one character of another kind. */
const halfPair = /\p{Surrogate}/u;

const numberView = new DataView(new ArrayBuffer(8));
const numberBytes = Buffer.from(numberView.buffer);

/** IEEE 754, big-endian, with the sign bit turned for positive numbers and all bits for negative ones. */
function encodeNumber(value: number): string {
  // JSON has one zero.
  numberView.setFloat64(0, value === 0 ? 0 : value);
  if (value < 0) for (let at = 0; at < 8; at++) numberBytes[at] = ~(numberBytes[at] ?? 0);
  else numberBytes[0] = (numberBytes[0] ?? 0) ^ 0x80;
  return numberBytes.toString('latin1');
}

/** Ends a text of bytes by a zero; zeros within become zero and FF, which no kind begins with. */
function ended(bytes: string): string {
  return `${bytes.includes('\x00') ? bytes.replaceAll('\x00', '\x00\xff') : bytes}\x00`;
}

// ASCII is its own encoding, and most keys are ASCII.
const ascii = /^[\x00-\x7f]*$/;

function bytesOf(text: string): string {
  return ascii.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

function bigEndian(text: string): string {
  return Buffer.from(text, 'utf16le').swap16().toString('latin1');
}

/**
 * A long key's beginning and the SHA-256 of it all. Its length is one that no other key has, so that it is never
 * mistaken; two long keys with one hash are not to be expected, and the order holds for the beginning.
 */
function shortened(key: string): string {
  if (key.length < longestPart) return key;
  const hash = createHash('sha256').update(key, 'latin1').digest().toString('latin1');
  return key.slice(0, longestPart - hashBytes) + hash;
}
