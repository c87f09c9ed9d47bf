import type { Generation, ViewStore } from 'banyan/projections';
import type { LogSize } from './log-size.ts';

/** About what a rebuild takes. */
export interface ViewCost {
  readonly events: number;
  readonly bytes: number;
  /** Documents expected: those of the live generation. */
  readonly documents: number;
  /** Bytes of a document, by a sample. */
  readonly documentBytes: number;
  readonly seconds: number;
  /** Write units of DynamoDB: one for each KB of each document (Developer Guide, "Read/write capacity mode"). */
  readonly writeUnits: number;
}

/** Events a second on one core, and documents a second into a store: of our own measurements, bench/RESULTS.md. */
const rates = { events: 60_000, documents: 8_000 } as const;
const sampled = 200;

/**
 * Estimates what a rebuild takes, by the live generation and the logs.
 * @param writeRate documents written a second at most
 */
export async function viewCost(
  store: ViewStore,
  live: Generation,
  logs: readonly LogSize[],
  writeRate: number,
): Promise<ViewCost> {
  const [documents, { items }] = await Promise.all([store.count(live), store.scan(live, { limit: sampled })]);
  const sizes = items.flatMap(({ document }) =>
    document ? [Buffer.byteLength(JSON.stringify(document))] : [],
  );
  const documentBytes =
    sizes.length === 0 ? 0 : Math.round(sizes.reduce((sum, size) => sum + size, 0) / sizes.length);
  const events = logs.reduce((sum, log) => sum + log.events, 0);
  return {
    events,
    bytes: logs.reduce((sum, log) => sum + log.rawBytes, 0),
    documents,
    documentBytes,
    seconds: Math.ceil(events / rates.events + documents / Math.min(rates.documents, writeRate)),
    writeUnits: documents * Math.max(1, Math.ceil(documentBytes / 1024)),
  };
}
