import type { EventLogRef, Progress } from 'banyan/events';
import type { Knex } from 'knex';
import { generationUnknown, lost } from '../item-rules.ts';
import type { Generation, GenerationId, GenerationState, LivePointer, ViewStore } from '../view-store.ts';
import type { Connection, Query } from './connection.ts';
import { quoted, receiptsOf, tableOf } from './names.ts';
import { createTables, lockSchema, toStatement } from './schema.ts';

interface GenerationRow {
  readonly projection: string;
  readonly number: number;
  readonly state: GenerationState;
  readonly bundle: string;
  readonly logs: readonly EventLogRef[];
  readonly floor: Progress;
  readonly indexes: Generation['indexes'];
  readonly created_at: string;
}

/** The methods of a view store that concern generations and pointers. */
export type Registry = Pick<
  ViewStore,
  'createGeneration' | 'generations' | 'changeGeneration' | 'dropGeneration' | 'pointer' | 'movePointer'
>;

/** Keeps generations and pointers in the schema. */
export function createRegistry(connection: Connection, sql: Knex, schema: string): Registry {
  const table = (name: string): Knex.QueryBuilder => sql.withSchema(schema).table(name);
  const where = ({ projection, number }: GenerationId): GenerationId => ({ projection, number });

  const find = async (query: Query, id: GenerationId): Promise<Generation | undefined> => {
    const [row] = await query<GenerationRow>(toStatement(table('generations').where(where(id)).select('*')));
    return row && generationOf(row);
  };

  const create = async (query: Query, generation: Generation): Promise<Generation> => {
    await lockSchema(schema, query);
    const found = await find(query, generation);
    if (found) return found;
    await query(toStatement(table('generations').insert(rowOf(generation))));
    const progress = { ...where(generation), progress: JSON.stringify(generation.floor) };
    await query(toStatement(table('progress').insert(progress)));
    for (const statement of createTables(schema, generation)) await query(statement);
    return generation;
  };

  const drop = async (query: Query, id: GenerationId): Promise<void> => {
    await lockSchema(schema, query);
    // Tables before rows, as a commit locks them: the other way round the two wait for each other.
    const tables = [tableOf(id), receiptsOf(id)].map((name) => quoted(schema, name));
    await query({ text: `DROP TABLE IF EXISTS ${tables.join(', ')}`, values: [] });
    for (const name of ['generations', 'progress'])
      await query(toStatement(table(name).where(where(id)).delete()));
  };

  return {
    createGeneration: (generation) => connection.transaction((query) => create(query, generation)),
    generations: (projection) =>
      connection.run(async (query) => {
        const wanted = table('generations').where({ projection }).orderBy('number').select('*');
        return (await query<GenerationRow>(toStatement(wanted))).map(generationOf);
      }),
    changeGeneration: (id, expected, { state, floor }) =>
      connection.run(async (query) => {
        const changed = { state: JSON.stringify(state), floor: JSON.stringify(floor) };
        const condition = table('generations').where(where(id)).whereRaw("state->>'kind' = ?", [expected]);
        const done = await query(toStatement(condition.update(changed).returning('number')));
        if (done.length > 0) return;
        const found = await find(query, id);
        throw found ? lost.generation(id, expected, found.state.kind) : generationUnknown(id);
      }),
    dropGeneration: (id) => connection.transaction((query) => drop(query, id)),
    pointer: (group) => connection.run((query) => pointerOf(query, table('pointers'), group)),
    movePointer: (group, expectedEpoch, live, past) =>
      connection.run((query) =>
        movePointer(query, () => table('pointers'), group, expectedEpoch, { live, past }),
      ),
  };
}

interface PointerRow {
  readonly epoch: string;
  readonly live: LivePointer['live'];
  readonly past: NonNullable<LivePointer['past']> | null;
}

const pointerColumns = ['epoch', 'live', 'past'];

async function pointerOf(
  query: Query,
  pointers: Knex.QueryBuilder,
  group: string,
): Promise<LivePointer | undefined> {
  const [row] = await query<PointerRow>(toStatement(pointers.where({ name: group }).select(pointerColumns)));
  return row && toPointer(row);
}

function toPointer({ epoch, live, past }: PointerRow): LivePointer {
  return { epoch: Number(epoch), live, ...(past && { past }) };
}

async function movePointer(
  query: Query,
  pointers: () => Knex.QueryBuilder,
  group: string,
  expectedEpoch: number,
  { live, past }: { readonly live: LivePointer['live']; readonly past: LivePointer['past'] | undefined },
): Promise<LivePointer> {
  const moved = {
    epoch: expectedEpoch + 1,
    live: JSON.stringify(live),
    ...(past && { past: JSON.stringify(past) }),
  };
  const change =
    expectedEpoch === 0
      ? pointers()
          .insert({ name: group, ...moved })
          .onConflict('name')
          .ignore()
      : pointers().where({ name: group, epoch: expectedEpoch }).update(moved);
  const [row] = await query<PointerRow>(toStatement(change.returning(pointerColumns)));
  if (row) return toPointer(row);
  throw lost.pointer(group, expectedEpoch, (await pointerOf(query, pointers(), group))?.epoch ?? 0);
}

function rowOf({
  projection,
  number,
  state,
  bundle,
  floor,
  logs,
  indexes,
  createdAt,
}: Generation): Record<string, unknown> {
  const json = {
    state: JSON.stringify(state),
    floor: JSON.stringify(floor),
    logs: JSON.stringify(logs),
    indexes: JSON.stringify(indexes),
  };
  return { projection, number, bundle, created_at: createdAt, ...json };
}

function generationOf({ created_at, ...row }: GenerationRow): Generation {
  return { ...row, createdAt: created_at };
}
