import type { Cursor } from 'banyan/cdc';
import type { Stuck } from 'banyan/projections';
import type { JsonObject, JsonValue } from 'banyan/runtime';

/** How a view compares with the legacy database. */
export interface Verification {
  readonly projection: string;
  readonly generation: number;
  readonly source: string;
  /** The place in the change log at which they were compared. */
  readonly position: number;
  /** The same place in the database's own history. */
  readonly cursor: Cursor;
  /** Keys of either side. */
  readonly documents: number;
  readonly equal: number;
  /** Both sides have the key, and some field differs. */
  readonly different: number;
  readonly onlyInView: number;
  readonly onlyInDatabase: number;
  /** Keys that the query gave more than once: the query is wrong there, and the first row was compared. */
  readonly duplicates: number;
  /** Keys that were changing, and were compared again at a later place. */
  readonly rechecked: number;
  /**
   * Keys that wait at an event that cannot be applied: their documents are what came before it, and may differ for that
   * reason.
   */
  readonly parked: number;
  /** In how many documents a field differs; of some 200 fields. */
  readonly fields: Readonly<Record<string, number>>;
  /** The first differences, as many as were asked for. */
  readonly differences: readonly Difference[];
  readonly seconds: number;
}

/** A key at which the two differ. */
export type Difference = { readonly key: string; readonly parked?: Stuck } & (
  | { readonly kind: 'different'; readonly fields: readonly FieldDifference[] }
  | { readonly kind: 'onlyInView' }
  | { readonly kind: 'onlyInDatabase'; readonly told: JsonValue }
  | { readonly kind: 'duplicate'; readonly rows: number }
);

/** A field that differs; a side that has nothing there is left out. */
export interface FieldDifference {
  /** `total`; `lines[].quantity` for the first element of an array that differs. */
  readonly path: string;
  readonly view?: JsonValue;
  readonly database?: JsonValue;
}

/** What an item says at a place: its document's told fields against the row's. */
export interface Sides {
  readonly key: string;
  readonly document: JsonObject | undefined;
  /** What the row tells; undefined when there is no row. */
  readonly told: JsonObject | undefined;
  /** The event that the key is parked at. */
  readonly parked?: Stuck | undefined;
}

/** Whether nothing differs. */
export function isClean({ equal, documents, duplicates }: Verification): boolean {
  return equal === documents && duplicates === 0;
}
