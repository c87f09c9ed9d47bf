import { BanyanError, type JsonValue } from 'banyan/runtime';
import type { Row } from '../change.ts';

/** A list of column names that was given a number. */
export interface RowShape {
  readonly id: number;
  readonly names: readonly string[];
}

/**
 * Rows as texts: a JSON array of the number of the row's column names, and its values. Half of the bytes of an
 * object with its names, and no slower (figures: `docs/decisions/0002-row-store.md`).
 */
export interface RowCodec {
  encode(row: Row): string;
  /** @throws BanyanError ROWS_CORRUPT when the text names a shape that was never kept. */
  decode(text: string): Row;
  /** Shapes numbered since the last call: to be kept before, or together with, the first row that needs them. */
  takeNew(): readonly RowShape[];
}

/** A codec that knows the shapes kept before. */
export function rowCodec(known: readonly RowShape[]): RowCodec {
  const byId = new Map(known.map((shape) => [shape.id, shape]));
  const byNames = new Map(known.map((shape) => [JSON.stringify(shape.names), shape]));
  let fresh: RowShape[] = [];
  /** Rows of one table mostly come one after another. */
  let recent: RowShape | undefined;

  const shapeOf = (names: readonly string[]): RowShape => {
    const text = JSON.stringify(names);
    let shape = byNames.get(text);
    if (shape === undefined) {
      shape = { id: byId.size + 1, names };
      byNames.set(text, shape);
      byId.set(shape.id, shape);
      fresh.push(shape);
    }
    return shape;
  };

  return {
    encode(row) {
      const names = Object.keys(row);
      if (recent === undefined || !sameNames(recent.names, names)) recent = shapeOf(names);
      const values: JsonValue[] = [recent.id];
      for (const name of names) values.push(row[name] ?? null);
      return JSON.stringify(values);
    },
    decode(text) {
      const values = JSON.parse(text) as JsonValue[];
      const names = byId.get(values[0] as number)?.names;
      if (names === undefined) throw corrupt(values[0]);
      const row: Record<string, JsonValue> = {};
      for (let at = 0; at < names.length; at++) setColumn(row, names[at] ?? '', values[at + 1] ?? null);
      return row;
    },
    takeNew() {
      const taken = fresh;
      fresh = [];
      return taken;
    },
  };
}

/** Sets a property, a column called `__proto__` included. */
export function setColumn(row: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (name === '__proto__') {
    Object.defineProperty(row, name, { value, enumerable: true, configurable: true, writable: true });
  } else row[name] = value;
}

function corrupt(shape: JsonValue | undefined): BanyanError {
  const why = `A stored row has the shape ${JSON.stringify(shape)}, which the store does not know.`;
  return new BanyanError('ROWS_CORRUPT', `${why} Remove the store's directory; it is rebuilt from the log.`);
}

function sameNames(one: readonly string[], other: readonly string[]): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}
