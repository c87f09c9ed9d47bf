import type pg from 'pg';
import type { Row } from '../change.ts';
import type { TableShape } from '../source.ts';
import { converterOf, type Converter } from '../values.ts';
import type { Relation, Tuple } from './pgoutput.ts';
import { readColumns, type CatalogColumn } from './table-catalog.ts';
import type { TypeCatalog } from './type-catalog.ts';

/** A table's shape with what turns its texts into rows. */
export interface Shape {
  readonly table: TableShape;
  readonly names: readonly string[];
  readonly converters: readonly Converter[];
  /** Which columns are part of the replica identity, by index. */
  readonly identity: readonly boolean[];
}

/** A column as a Relation message or the catalog tells it. */
type ShapeColumn = Pick<CatalogColumn, 'name' | 'typeOid' | 'isKey'>;

/** The shape of a table whose types have been loaded. */
function shapeOf(
  fullName: string,
  columns: readonly ShapeColumn[],
  key: readonly string[],
  types: TypeCatalog,
): Shape {
  const valueTypes = columns.map(({ typeOid }) => types.typeOf(typeOid));
  return {
    table: {
      table: fullName,
      columns: columns.map(({ name }, index) => ({ name, type: valueTypes[index]?.name ?? '' })),
      key,
    },
    names: columns.map(({ name }) => name),
    converters: valueTypes.map(converterOf),
    identity: columns.map(({ isKey }) => isKey),
  };
}

/** The shape that the catalog has of a table, equal to the one that its Relation message gives. */
export function catalogShape(fullName: string, columns: readonly CatalogColumn[], types: TypeCatalog): Shape {
  return shapeOf(fullName, columns, keyOf(columns), types);
}

function keyOf(columns: readonly ShapeColumn[]): string[] {
  return columns.filter(({ isKey }) => isKey).map(({ name }) => name);
}

/** A row of texts as JSON; columns that were not sent are left out. `only`: these columns and no others. */
export function rowOf(shape: Shape, values: Tuple, only?: readonly boolean[]): Row {
  const row: Record<string, Row[string]> = {};
  const { names, converters } = shape;
  for (let index = 0; index < names.length; index += 1) {
    const text = values[index];
    const name = names[index];
    if (text === undefined || name === undefined || only?.[index] === false) continue;
    const value = text === null ? null : (converters[index]?.(text) ?? null);
    // Assigning to a column of this name would set the object's prototype.
    if (name === '__proto__')
      Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true });
    else row[name] = value;
  }
  return row;
}

/**
 * Shapes by the relation's OID, kept up to date with the Relation messages of one stream. A relation that is told again
 * unchanged keeps its shape object, so that `===` tells whether a shape is new.
 */
export class ShapeBook {
  private readonly shapes = new Map<number, { readonly relation: Relation; readonly shape: Shape }>();
  private readonly types: TypeCatalog;
  /** Runs a look-up on a connection of its own, since the streaming one is busy. */
  private readonly lookUp: (run: (client: pg.ClientBase) => Promise<void>) => Promise<void>;

  constructor(types: TypeCatalog, lookUp: (run: (client: pg.ClientBase) => Promise<void>) => Promise<void>) {
    this.types = types;
    this.lookUp = lookUp;
  }

  get(relationId: number): Shape {
    const known = this.shapes.get(relationId);
    // pgoutput tells a relation before its first change, always.
    if (known === undefined)
      throw new Error(`No Relation message came for the relation ${String(relationId)}.`);
    return known.shape;
  }

  /** Takes a Relation message in; returns a promise only if the catalog must be asked. */
  learn(relation: Relation): Promise<void> | undefined {
    const known = this.shapes.get(relation.id);
    if (known !== undefined && sameRelation(known.relation, relation)) return undefined;
    const typesKnown = relation.columns.every(({ typeOid }) => this.types.has(typeOid));
    if (typesKnown && relation.identity !== 'f') {
      this.remember(relation, keyOf(relation.columns));
      return undefined;
    }
    return this.lookUp(async (client) => {
      await this.types.load(
        client,
        relation.columns.map(({ typeOid }) => typeOid),
      );
      this.remember(relation, await this.keyFromCatalog(client, relation));
    });
  }

  /** Under FULL every column is flagged; the key is then the primary key, if there is one. */
  private async keyFromCatalog(client: pg.ClientBase, relation: Relation): Promise<string[]> {
    if (relation.identity !== 'f') return keyOf(relation.columns);
    const columns = (await readColumns(client, [relation.id])).get(relation.id) ?? [];
    return keyOf(columns).filter((name) => relation.columns.some((column) => column.name === name));
  }

  private remember(relation: Relation, key: readonly string[]): void {
    const fullName = `${relation.schema}.${relation.name}`;
    this.shapes.set(relation.id, { relation, shape: shapeOf(fullName, relation.columns, key, this.types) });
  }
}

function sameRelation(one: Relation, other: Relation): boolean {
  return (
    one.schema === other.schema &&
    one.name === other.name &&
    one.identity === other.identity &&
    one.columns.length === other.columns.length &&
    one.columns.every((column, index) => {
      const same = other.columns[index];
      return column.name === same?.name && column.typeOid === same.typeOid && column.isKey === same.isKey;
    })
  );
}
