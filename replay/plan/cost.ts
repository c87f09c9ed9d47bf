import type { Generation } from 'banyan/projections';
import { readHistory } from '../history/history.ts';
import type { ReplayProject } from '../project.ts';
import { basisOf, type Basis } from './basis.ts';
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
  /** What `seconds` rests on. */
  readonly basis: Basis;
  /** Write units of DynamoDB: one for each KB of each document (Developer Guide, "Read/write capacity mode"). */
  readonly writeUnits: number;
}

const sampled = 200;

/**
 * Estimates what a rebuild takes, by the live generation and the logs.
 * @param writeRate documents written a second at most
 */
export async function viewCost(
  { store, directory }: Pick<ReplayProject, 'store' | 'directory'>,
  live: Generation,
  logs: readonly LogSize[],
  writeRate: number,
): Promise<ViewCost> {
  const { projection } = live;
  const [documents, { items }, generations, history] = await Promise.all([
    store.count(live),
    store.scan(live, { limit: sampled }),
    store.generations(projection),
    readHistory(directory, { projection }),
  ]);
  const sizes = items.flatMap(({ document }) =>
    document ? [Buffer.byteLength(JSON.stringify(document))] : [],
  );
  const documentBytes = Math.round(average(sizes, 0));
  const unitsPerDocument = average(
    sizes.map((size) => Math.max(1, Math.ceil(size / 1024))),
    1,
  );
  const basis = basisOf({ projection, store, generations, history, unitsPerDocument, writeRate });
  const events = logs.reduce((sum, log) => sum + log.events, 0);
  return {
    events,
    bytes: logs.reduce((sum, log) => sum + log.rawBytes, 0),
    documents,
    documentBytes,
    seconds: Math.ceil(secondsBy(basis, { events, documents, writeRate })),
    basis,
    writeUnits: Math.round(documents * unitsPerDocument),
  };
}

/** A rebuild that was seen did both at once; what was measured apart is added. */
function secondsBy(
  basis: Basis,
  { events, documents, writeRate }: Record<'events' | 'documents' | 'writeRate', number>,
): number {
  const [folding, writing] = [events / basis.events, documents / Math.min(basis.documents, writeRate)];
  return basis.kind === 'rebuild' ? Math.max(folding, writing) : folding + writing;
}

function average(numbers: readonly number[], ofNone: number): number {
  return numbers.length === 0 ? ofNone : numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}
