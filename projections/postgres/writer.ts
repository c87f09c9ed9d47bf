import { BanyanError, isBanyanError } from 'banyan/runtime';
import type { DatabaseError } from 'pg';
import { unescapeText } from '../index-key.ts';
import { checkWrites, generationUnknown, indexUnknown, lost } from '../item-rules.ts';
import type { Receipt } from '../tracker/ledger.ts';
import type { AtomicViewStore, Generation, GenerationId, ItemWrite, ViewStore } from '../view-store.ts';
import type { Connection, Query } from './connection.ts';
import { inParts, type Part } from './parts.ts';
import { inputOf } from './rows.ts';
import { receiptRows } from './receipt-rows.ts';
import { commitStatement, writeStatement, type WrittenRow } from './statements.ts';

const nothing: Part<ItemWrite> = { given: [], input: '[]' };

/** As {@link ViewStore.writeMany}, into a schema. */
export async function writeMany(
  connection: Connection,
  schema: string,
  generation: Generation,
  {
    writes,
    receipts = [],
  }: { readonly writes: readonly ItemWrite[]; readonly receipts?: readonly Receipt[] | undefined },
  itemBytes?: number,
): ReturnType<ViewStore['writeMany']> {
  const conflicts: string[] = [];
  const parts = split(generation, writes, itemBytes);
  if (parts.length === 0) parts.push(nothing);
  for (const part of parts) {
    const { given, input } = part;
    // Behind the other parts, and only if none of those had a conflict: then the statement looks at its own.
    const kept = part === parts.at(-1) && conflicts.length === 0 ? receipts : [];
    if (given.length === 0 && kept.length === 0) continue;
    const statement = writeStatement(schema, generation, input, receiptRows(kept));
    const write = (query: Query): Promise<WrittenRow[]> => query(statement);
    const rows = await repeated(() => connection.run(write, (error) => tellWrite(generation, error)));
    const written = new Set(rows.map(({ key }) => unescapeText(key)));
    for (const { item } of given) if (!written.has(item.key)) conflicts.push(item.key);
  }
  return { conflicts };
}

/** As {@link AtomicViewStore.commit}, into a schema: one statement, or one transaction of several. */
export async function commit(
  connection: Connection,
  schema: string,
  generation: Generation,
  { writes, expected, next }: Parameters<AtomicViewStore['commit']>[1],
  itemBytes?: number,
): ReturnType<AtomicViewStore['commit']> {
  const [first = nothing, ...rest] = split(generation, writes, itemBytes);
  const before = { expected: JSON.stringify(expected) };
  const work = async (query: Query): Promise<void> => {
    await query(commitStatement(schema, generation, first, { ...before, next: JSON.stringify(next) }));
    for (const part of rest) await query(commitStatement(schema, generation, part, before));
  };
  const way = rest.length === 0 ? connection.run : connection.transaction;
  try {
    await repeated(() => way(work, (error) => tellWrite(generation, error)));
    return { conflicts: [] };
  } catch (error) {
    if (!isBanyanError(error, 'ITEM_CONFLICT')) throw error;
    return { conflicts: (error.details['keys'] as string[]).map(unescapeText) };
  }
}

/** Parts within the bounds, in key order so that writers who meet wait for each other in the same order. */
function split(
  generation: Generation,
  writes: readonly ItemWrite[],
  itemBytes: number | undefined,
): Part<ItemWrite>[] {
  checkWrites(generation, writes, itemBytes);
  const unknown = writes
    .flatMap(({ indexEntries }) => indexEntries)
    .find(({ index }) => !generation.indexes.some(({ name }) => name === index));
  if (unknown) throw indexUnknown(generation, unknown);
  const sorted =
    writes.length < 2 ? writes : [...writes].sort((one, other) => (one.item.key < other.item.key ? -1 : 1));
  return inParts(sorted, (write) => inputOf(generation, generation.indexes, write));
}

/** A deadlock or a serialization failure wrote nothing: the same again, a few times. */
async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let left = 3; ; left -= 1) {
    try {
      return await work();
    } catch (error) {
      if (left === 0 || !isBanyanError(error, 'VIEW_STORE_FAILED') || !error.retryable) throw error;
    }
  }
}

/** What the errors of our statements mean. */
function tellWrite(id: GenerationId, error: DatabaseError): BanyanError | undefined {
  if (error.code === 'BANYN' && error.message === 'PROGRESS') return lost.progress(id);
  if (error.code === 'BANYN') {
    const keys = JSON.parse(error.detail ?? '[]') as string[];
    return new BanyanError('ITEM_CONFLICT', 'Items were changed meanwhile.', { details: { keys } });
  }
  return tellTable(id, error);
}

/** The error of a table or an index that is not there. */
export function tellTable(id: GenerationId, error: DatabaseError, index?: string): BanyanError | undefined {
  // SQLSTATE undefined_table, undefined_column.
  if (error.code === '42P01') return generationUnknown(id);
  return error.code === '42703' && index !== undefined ? indexUnknown(id, { index }) : undefined;
}
