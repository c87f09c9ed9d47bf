import { BanyanError } from 'banyan/runtime';
import type { Lsn } from './lsn.ts';

/**
 * The messages of the output plugin `pgoutput`, protocol version 1, in text format.
 * Source: the Postgres manual, "Logical Replication Message Formats".
 */
export type PgoutputMessage =
  | {
      readonly tag: 'begin';
      /** Where the commit record begins. */
      readonly finalLsn: Lsn;
      /** Microseconds since 2000-01-01. */
      readonly committedAt: bigint;
      readonly xid: number;
    }
  | {
      readonly tag: 'commit';
      /** The position just behind the commit record. */
      readonly endLsn: Lsn;
      readonly committedAt: bigint;
    }
  | { readonly tag: 'relation'; readonly relation: Relation }
  | { readonly tag: 'insert'; readonly relationId: number; readonly after: Tuple }
  | {
      readonly tag: 'update';
      readonly relationId: number;
      readonly old: OldTuple | undefined;
      readonly after: Tuple;
    }
  | { readonly tag: 'delete'; readonly relationId: number; readonly old: OldTuple }
  | { readonly tag: 'truncate'; readonly relationIds: readonly number[] }
  | {
      readonly tag: 'message';
      readonly transactional: boolean;
      readonly lsn: Lsn;
      readonly prefix: string;
    }
  /** Origins and names of types, which nothing here needs. */
  | { readonly tag: 'other' };

/** What a Relation message says of a table. */
export interface Relation {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** As `pg_class.relreplident`: d default, i index, f full, n nothing. */
  readonly identity: string;
  readonly columns: readonly RelationColumn[];
}

interface RelationColumn {
  readonly name: string;
  readonly typeOid: number;
  /** Part of the replica identity. Under FULL, every column is. */
  readonly isKey: boolean;
}

/** The columns' texts in the order of the Relation; null is NULL, undefined an unchanged value that was not sent. */
export type Tuple = readonly (string | null | undefined)[];

/** An old row: its key columns only (the rest is null and means nothing), or whole under FULL. */
interface OldTuple {
  readonly whole: boolean;
  readonly values: Tuple;
}

/** Reads one message. Nothing of `bytes` is kept. */
export function decodePgoutput(bytes: Buffer): PgoutputMessage {
  const reader = new Reader(bytes);
  const tag = reader.byte();
  switch (tag) {
    case 0x42: // B
      return { tag: 'begin', finalLsn: reader.uint64(), committedAt: reader.int64(), xid: reader.uint32() };
    case 0x43: // C: flags, the commit's position, the end's
      reader.skip(9);
      return { tag: 'commit', endLsn: reader.uint64(), committedAt: reader.int64() };
    case 0x52: // R
      return { tag: 'relation', relation: relation(reader) };
    case 0x49: // I: the relation, 'N', the new row
      return { tag: 'insert', relationId: reader.uint32(), after: tuple(reader.skip(1)) };
    case 0x55: // U
      return update(reader);
    case 0x44: // D
      return { tag: 'delete', relationId: reader.uint32(), old: oldTuple(reader, reader.byte()) };
    case 0x54: // T
      return truncate(reader);
    case 0x4d: // M
      return {
        tag: 'message',
        transactional: (reader.byte() & 1) === 1,
        lsn: reader.uint64(),
        prefix: reader.cString(),
      };
    case 0x4f: // O
    case 0x59: // Y
      return { tag: 'other' };
    default:
      throw protocolError(`a message of the unknown kind 0x${tag.toString(16)}`);
  }
}

function relation(reader: Reader): Relation {
  const id = reader.uint32();
  // An empty namespace stands for pg_catalog.
  const schema = reader.cString() || 'pg_catalog';
  const name = reader.cString();
  const identity = String.fromCharCode(reader.byte());
  const columns = Array.from({ length: reader.uint16() }, () => {
    const isKey = (reader.byte() & 1) === 1;
    const column = { name: reader.cString(), typeOid: reader.uint32(), isKey };
    reader.skip(4); // the type modifier
    return column;
  });
  return { id, schema, name, identity, columns };
}

function update(reader: Reader): PgoutputMessage {
  const relationId = reader.uint32();
  const kind = reader.byte();
  if (kind === 0x4e) return { tag: 'update', relationId, old: undefined, after: tuple(reader) };
  const old = oldTuple(reader, kind);
  return { tag: 'update', relationId, old, after: tuple(reader.skip(1)) };
}

/** `K`: the key columns; `O`: the whole row. */
function oldTuple(reader: Reader, kind: number): OldTuple {
  if (kind !== 0x4b && kind !== 0x4f) throw protocolError(`an old row of the kind 0x${kind.toString(16)}`);
  return { whole: kind === 0x4f, values: tuple(reader) };
}

function truncate(reader: Reader): PgoutputMessage {
  const count = reader.uint32();
  reader.skip(1); // CASCADE, RESTART IDENTITY: told table by table all the same
  return { tag: 'truncate', relationIds: Array.from({ length: count }, () => reader.uint32()) };
}

function tuple(reader: Reader): Tuple {
  const count = reader.uint16();
  const values = new Array<string | null | undefined>(count);
  for (let index = 0; index < count; index += 1) values[index] = tupleValue(reader);
  return values;
}

function tupleValue(reader: Reader): string | null | undefined {
  const kind = reader.byte();
  switch (kind) {
    case 0x6e: // n: NULL
      return null;
    case 0x75: // u: unchanged TOAST
      return undefined;
    case 0x74: // t: text
      return reader.text(reader.uint32());
    default: // b, binary, was not asked for
      throw protocolError(`a value of the kind 0x${kind.toString(16)}`);
  }
}

function protocolError(what: string): BanyanError {
  return new BanyanError(
    'SOURCE_PROTOCOL',
    `The database sent ${what}, which protocol version 1 of pgoutput does not have. Nothing was lost; ` +
      'report this with the version of Postgres.',
  );
}

/** Reads network byte order from the start to the end. */
class Reader {
  private at = 0;
  private readonly bytes: Buffer;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  byte(): number {
    return this.bytes.readUInt8(this.at++);
  }

  uint16(): number {
    this.at += 2;
    return this.bytes.readUInt16BE(this.at - 2);
  }

  uint32(): number {
    this.at += 4;
    return this.bytes.readUInt32BE(this.at - 4);
  }

  uint64(): bigint {
    this.at += 8;
    return this.bytes.readBigUInt64BE(this.at - 8);
  }

  int64(): bigint {
    this.at += 8;
    return this.bytes.readBigInt64BE(this.at - 8);
  }

  text(length: number): string {
    this.at += length;
    return this.bytes.toString('utf8', this.at - length, this.at);
  }

  cString(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw protocolError('a text without an end');
    const value = this.text(end - this.at);
    this.at += 1;
    return value;
  }

  skip(count: number): this {
    this.at += count;
    return this;
  }
}
