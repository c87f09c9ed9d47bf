import { BanyanError, type JsonObject, type JsonValue } from 'banyan/runtime';
import type { z } from 'zod';
import type { AnyProjection } from './projection.ts';

/** A declared reconciliation, whatever its document is: for whoever checks a view by it. */
export interface Reconciliation {
  readonly kind: 'reconciliation';
  readonly projection: AnyProjection;
  /** The source that is asked. */
  readonly source: string;
  /** A SELECT with a text column `key`. */
  readonly query: string;
  /**
   * What a row says of its document: some of its fields, each whole. Other fields are not compared.
   * @throws BanyanError RECONCILIATION_ROW when the row has not what was declared
   */
  readonly told: (key: string, row: JsonObject) => JsonObject;
}

interface Query {
  /** The source whose legacy database is asked. */
  readonly source: string;
  /**
   * A SELECT that gives every document of the view as one row: its key in a text column `key`, and in the others what
   * the document should hold. It is read in a read only transaction. Values come as capture writes them: `numeric`
   * and `int8` (`count(*)` too) as text, timestamps as ISO 8601 with microseconds; cast where the document differs.
   */
  readonly query: string;
}

/** Columns that bear the names of the document's fields. */
export interface ReconciliationByName<Doc> extends Query {
  /** The fields that the query tells, each by the column of its name. Only they are compared. */
  readonly fields: readonly (keyof Doc & string)[];
}

/** Columns that become fields by a function. */
export interface ReconciliationByFunction<Doc, Columns, Told> extends Query {
  /** The columns besides `key`; rows are checked by it. */
  readonly row: z.ZodType<Columns>;
  /** The fields that the row tells, each whole. Only they are compared. Pure. */
  document(row: Columns, key: string): Told & OnlyOf<Told, Doc>;
}

/** Refuses what is no field of the document. */
type OnlyOf<Told, Doc> = { readonly [Name in Exclude<keyof Told, keyof Doc>]: never };

/** A projection, seen as the source of its document's type. */
type ProjectionOf<Doc> = AnyProjection & { readonly schema: z.ZodType<Doc> };

/**
 * Declares what a view should hold by the legacy database's own word; `banyan verify` compares. List it in the group's
 * `reconciliations`. Keep it in a module of its own, beside the projection: then it is no part of the projection's
 * bundle, and a better query makes no view out of date.
 *
 *     reconciliation(accountBalance, {
 *       source: 'bank',
 *       fields: ['balance'],
 *       query: 'SELECT aid::text AS key, abalance AS balance FROM public.pgbench_accounts',
 *     })
 */
export function reconciliation<Doc extends object, Columns, const Told extends Partial<Doc>>(
  projection: ProjectionOf<Doc>,
  declared: ReconciliationByName<NoInfer<Doc>> | ReconciliationByFunction<Doc, Columns, Told>,
): Reconciliation {
  const { source, query } = declared;
  const tell = 'fields' in declared ? byName(declared.fields) : byFunction(declared);
  const told = (key: string, row: JsonObject): JsonObject => {
    try {
      return tell(row, key);
    } catch (error) {
      throw rowInvalid(projection.name, key, error);
    }
  };
  return { kind: 'reconciliation', projection, source, query, told };
}

function byName(fields: readonly string[]): (row: JsonObject) => JsonObject {
  return (row) =>
    Object.fromEntries(
      fields.map((field): [string, JsonValue] => {
        const value = Object.hasOwn(row, field) ? row[field] : undefined;
        if (value === undefined) {
          const columns = Object.keys(row).join(', ') || 'none';
          throw new Error(`it has no column "${field}" (besides the key: ${columns})`);
        }
        return [field, value];
      }),
    );
}

function byFunction<Doc, Columns, Told>(
  declared: ReconciliationByFunction<Doc, Columns, Told>,
): (row: JsonObject, key: string) => JsonObject {
  return (row, key) => {
    const parsed = declared.row.safeParse(row);
    if (!parsed.success) {
      const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
      throw new Error(wrong.join('; '));
    }
    // Fields that are undefined are not told.
    return JSON.parse(JSON.stringify(declared.document(parsed.data, key))) as JsonObject;
  };
}

function rowInvalid(projection: string, key: string, cause: unknown): BanyanError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BanyanError(
    'RECONCILIATION_ROW',
    `The reconciliation query of projection ${projection} gave a row for key ${JSON.stringify(key)} that is not as ` +
      `declared: ${why}. Correct the query, or its declaration.`,
    { cause, details: { projection, key } },
  );
}
