import type { Progress } from 'banyan/events';
import { checkLimit, generationUnknown } from '../item-rules.ts';
import { decodePlaces, encodePlaces } from '../receipt-codec.ts';
import { emptyTracking, type Ledger, type Tracking } from '../tracker/ledger.ts';
import type { GenerationId, ViewStore } from '../view-store.ts';
import type { Connection, Statement } from './connection.ts';
import { quoted, receiptsOf } from './names.ts';
import { inParts } from './parts.ts';
import { receiptRow } from './receipt-rows.ts';
import { insertReceipts, prepared } from './statements.ts';
import { tellTable } from './writer.ts';

interface TrackingRow {
  readonly progress: Progress;
  readonly revision: string;
  readonly tracking: StoredTracking | null;
}

/** As {@link Tracking}, with healed places as {@link encodePlaces} has them: there may be many. */
type StoredTracking = Omit<Tracking, 'revision' | 'watermark' | 'healed'> & {
  readonly healed: Readonly<Record<string, readonly number[]>>;
};

interface ReceiptRow {
  readonly id: string;
  readonly log: string;
  readonly healed: boolean;
  readonly places: readonly number[];
}

/** Keeps progress, tracking and receipts in the schema. */
export function createLedger(connection: Connection, schema: string): Ledger & Pick<ViewStore, 'progress'> {
  const run = <Row extends object>(id: GenerationId, statement: Statement): Promise<Row[]> =>
    connection.run(
      (query) => query<Row>(statement),
      (error) => tellTable(id, error),
    );
  const find = async (id: GenerationId): Promise<TrackingRow> => {
    const [row] = await run<TrackingRow>(id, readTracking(schema, id));
    if (!row) throw generationUnknown(id);
    return row;
  };
  return {
    progress: async (id) => (await find(id)).progress,
    tracking: async (id) => {
      const { progress, revision, tracking } = await find(id);
      const healed = mapValues(tracking?.healed ?? {}, decodePlaces);
      return { ...emptyTracking(progress), ...tracking, healed, revision: Number(revision) };
    },
    changeTracking: async (id, expected, next) => {
      const done = await run(id, writeTracking(schema, id, expected, next));
      // Whether it is another revision, or there is none any more.
      if (done.length === 0) await find(id);
      return done.length > 0;
    },
    addReceipts: async (id, receipts) => {
      for (const { input } of inParts(receipts, receiptRow))
        await run(id, prepared(insertReceipts(schema, id, '$1'), [input]));
    },
    receipts: async (id, { after = '0', limit }) => {
      checkLimit(limit);
      const rows = await run<ReceiptRow>(id, readReceipts(schema, id, after, limit));
      return rows.map(({ places, ...row }) => ({ ...row, places: decodePlaces(places) }));
    },
    removeReceipts: async (id, ids) => {
      await run(id, deleteReceipts(schema, id, ids));
    },
  };
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}

function readTracking(schema: string, { projection, number }: GenerationId): Statement {
  const from = `FROM ${quoted(schema, 'progress')} WHERE projection = $1 AND number = $2`;
  return prepared(`SELECT progress, revision, tracking ${from}`, [projection, number]);
}

function writeTracking(
  schema: string,
  { projection, number }: GenerationId,
  expected: number,
  { watermark, ...tracking }: Omit<Tracking, 'revision'>,
): Statement {
  const stored: StoredTracking = { ...tracking, healed: mapValues(tracking.healed, encodePlaces) };
  const text = `UPDATE ${quoted(schema, 'progress')}
    SET progress = $4, tracking = $5, revision = revision + 1
    WHERE projection = $1 AND number = $2 AND revision = $3 RETURNING 1`;
  const values = [projection, number, expected, JSON.stringify(watermark), JSON.stringify(stored)];
  return prepared(text, values);
}

function readReceipts(schema: string, id: GenerationId, after: string, limit: number): Statement {
  const from = `FROM ${quoted(schema, receiptsOf(id))} WHERE id > $1 ORDER BY id LIMIT $2`;
  return prepared(`SELECT id, log, healed, places ${from}`, [after, limit]);
}

function deleteReceipts(schema: string, id: GenerationId, ids: readonly string[]): Statement {
  return prepared(`DELETE FROM ${quoted(schema, receiptsOf(id))} WHERE id = ANY($1::bigint[])`, [ids]);
}
