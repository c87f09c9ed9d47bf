import { BanyanError, isBanyanError } from 'banyan/runtime';
import type { DatabaseError } from 'pg';
import { unescapeText } from '../index-key.ts';
import { checkWrites, generationUnknown, indexUnknown, lost } from '../item-rules.ts';
import type { AtomicViewStore, Generation, GenerationId, ItemWrite, ViewStore } from '../view-store.ts';
import type { Connection, Query } from './connection.ts';
import { inputOf } from './rows.ts';
import { commitStatement, writeStatement, type WrittenRow } from './statements.ts';

/** What one statement takes at most: a larger batch becomes several. */
const bounds = { rows: 1000, characters: 4 * 1024 * 1024 } as const;

/** Rows of one statement: their keys, and a JSON array of them. */
interface Part {
  readonly keys: readonly string[];
  readonly input: string;
}

const nothing: Part = { keys: [], input: '[]' };

/** As {@link ViewStore.writeMany}, into a schema. */
export async function writeMany(
  connection: Connection,
  schema: string,
  generation: Generation,
  writes: readonly ItemWrite[],
): ReturnType<ViewStore['writeMany']> {
  const conflicts: string[] = [];
  for (const { keys, input } of split(generation, writes)) {
    const write = (query: Query): Promise<WrittenRow[]> => query(writeStatement(schema, generation, input));
    const rows = await repeated(() => connection.run(write, (error) => tellWrite(generation, error)));
    const written = new Set(rows.map(({ key }) => unescapeText(key)));
    conflicts.push(...keys.filter((key) => !written.has(key)));
  }
  return { conflicts };
}

/** As {@link AtomicViewStore.commit}, into a schema: one statement, or one transaction of several. */
export async function commit(
  connection: Connection,
  schema: string,
  generation: Generation,
  { writes, expected, next }: Parameters<AtomicViewStore['commit']>[1],
): ReturnType<AtomicViewStore['commit']> {
  const [first = nothing, ...rest] = split(generation, writes);
  const progress = { expected: JSON.stringify(expected), next: JSON.stringify(next) };
  const work = async (query: Query): Promise<void> => {
    await query(commitStatement(schema, generation, first, progress));
    for (const part of rest) await query(commitStatement(schema, generation, part));
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
function split(generation: Generation, writes: readonly ItemWrite[]): Part[] {
  checkWrites(generation, writes);
  const unknown = writes
    .flatMap(({ indexEntries }) => indexEntries)
    .find(({ index }) => !generation.indexes.some(({ name }) => name === index));
  if (unknown) throw indexUnknown(generation, unknown);
  const parts: { keys: string[]; rows: string[]; characters: number }[] = [];
  const sorted =
    writes.length < 2 ? writes : [...writes].sort((one, other) => (one.item.key < other.item.key ? -1 : 1));
  for (const write of sorted) {
    const row = inputOf(generation, generation.indexes, write);
    let part = parts.at(-1);
    if (!part || part.rows.length >= bounds.rows || part.characters + row.length > bounds.characters) {
      parts.push((part = { keys: [], rows: [], characters: 0 }));
    }
    part.keys.push(write.item.key);
    part.rows.push(row);
    part.characters += row.length;
  }
  return parts.map(({ keys, rows }) => ({ keys, input: `[${rows.join(',')}]` }));
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
