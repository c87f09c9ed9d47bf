import type { Progress } from 'banyan/events';
import type { ParkedKey } from 'banyan/projections';
import type { JsonValue } from 'banyan/runtime';

/** How a document differs: only the next generation has it, only the live one, or both and they are not equal. */
export type DifferenceKind = 'added' | 'removed' | 'changed';

/**
 * What the next generation of a view changes, document by document. It is JSON; the samples are bounded in number,
 * and a large value in them is cut (see `shown.ts`), so that the size of the view does not matter.
 */
export interface Comparison {
  readonly projection: string;
  /** The numbers of the generations, and the hashes of the bundles that built them. */
  readonly live: number;
  readonly next: number;
  readonly liveBundle: string;
  readonly nextBundle: string;
  /** How many documents; a tombstone is no document. */
  readonly documents: {
    readonly added: number;
    readonly removed: number;
    readonly changed: number;
    readonly unchanged: number;
  };
  /** Which fields changed in the changed documents, the most frequent first. */
  readonly fields: readonly FieldChange[];
  /** Paths that found no room in `fields`: in a view whose field names are data there may be any number. */
  readonly fieldsLeftOut: number;
  readonly added: readonly DocumentSample[];
  readonly removed: readonly DocumentSample[];
  /** Differences that the operator's declaration does not explain. */
  readonly unexplained: { readonly count: number; readonly listed: readonly UnexplainedDifference[] };
  /** Keys that wait at an event that cannot be applied; their documents are what came before it. */
  readonly parked: {
    readonly live: number;
    readonly next: number;
    /** Parked in the live generation only: what their documents have gone on to needs no declaration. */
    readonly freed: number;
    /** Parked in the next generation only. */
    readonly added: number;
    /** Some of those. */
    readonly listed: readonly ParkedKey[];
  };
  /** The operator's declaration, in words. */
  readonly expectation: string;
  /** Keys that did not come to rest within the time: counted as they were last seen. */
  readonly unsettled: number;
  /** How far each generation was at the end. */
  readonly progress: { readonly live: Progress; readonly next: Progress };
  /** ISO 8601. */
  readonly comparedAt: string;
  readonly seconds: number;
}

/** In how many changed documents a field changed, with examples. */
export interface FieldChange {
  /** `total`; `lines[].unitPrice` for any element of an array; `["odd.name"]` for a name that is no plain word. */
  readonly path: string;
  readonly changed: number;
  /** The first of its values that differs in a document; absent where the field is. */
  readonly samples: readonly {
    readonly key: string;
    readonly before?: JsonValue;
    readonly after?: JsonValue;
  }[];
}

/** A document that only one of the generations has. */
export interface DocumentSample {
  readonly key: string;
  readonly document: JsonValue;
}

/** A difference that nobody declared. */
export interface UnexplainedDifference {
  readonly key: string;
  readonly kind: DifferenceKind;
  /** The paths that changed; none for a document that was added or removed. */
  readonly fields: readonly string[];
  /** False when the key did not come to rest: it may be no difference at all. */
  readonly settled: boolean;
}

/** Where a comparison has come. */
export interface CompareProgress {
  /** Keys of either generation that were passed. */
  readonly keys: number;
  /** Keys that are checked again. */
  readonly rechecking: number;
  readonly differing: number;
  readonly unexplained: number;
}
