import { BanyanError } from 'banyan/runtime';
import { escapeText } from '../index-key.ts';
import { generationUnknown, lost } from '../item-rules.ts';
import type { Generation, GenerationId, ViewStore } from '../view-store.ts';
import type { Dynamo, Row } from './dynamo.ts';
import { hasName } from './faults.ts';
import { controlTable, newTableName, newToken } from './names.ts';
import { describe, dropTable, ensureTable } from './tables.ts';
import { firstTracking } from './tracking.ts';

/** How the rows of a generation are spread; kept with it, so that another setting leaves it as it is. */
export interface Spread {
  /** Partitions of its items. */
  readonly shards: number;
  /** Partitions of its receipts. */
  readonly receipts: number;
  /** Rows that writes which create items look at. */
  readonly guards: number;
}

/** A generation as the registry has it. */
export interface Entry {
  readonly generation: Generation;
  readonly table: string;
  readonly spread: Spread;
  /** A generation whose table is being made, or dropped, is none yet, or none any more. */
  readonly status: 'creating' | 'active' | 'dropping';
}

/** The version of the layout that this code reads and writes. */
const layout = 2;

/** How many steps the making of a generation takes at most; three when nobody else is at it. */
const mostSteps = 20;

/** The methods of a view store that concern generations. */
export type Registry = Pick<
  ViewStore,
  'prepare' | 'createGeneration' | 'generations' | 'changeGeneration' | 'dropGeneration'
> & {
  /** The entry of a generation. @throws BanyanError GENERATION_UNKNOWN */
  readonly entry: (id: GenerationId) => Promise<Entry>;
};

/**
 * Keeps generations in the control table, a row each. A generation is made in three steps, and dropped in three; who
 * finds one half done does the rest.
 */
export function createRegistry(dynamo: Dynamo, prefix: string, spread: Spread): Registry {
  const TableName = controlTable(prefix);
  const Key = ({ projection, number }: GenerationId): Row => ({
    p: { S: `g.${escapeText(projection)}` },
    k: { S: String(number).padStart(10, '0') },
  });
  const find = async (id: GenerationId): Promise<Entry | undefined> => {
    const { Item } = await dynamo.get({ TableName, Key: Key(id), ConsistentRead: true });
    return Item && entryOf(Item);
  };
  /** Whether it is done: not when another was quicker. */
  const hasHeld = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      if (hasName(error, 'ConditionalCheckFailedException')) return false;
      throw error;
    }
  };
  /** Moves an entry to another status, from whichever other it has or from that one. */
  const moveOn = (
    id: GenerationId,
    { table }: Entry,
    to: Entry['status'],
    from?: Entry['status'],
  ): Promise<boolean> =>
    hasHeld(() =>
      dynamo.update({
        TableName,
        Key: Key(id),
        UpdateExpression: 'SET h = :to',
        ConditionExpression: from === undefined ? 't = :t' : 't = :t AND h = :from',
        ExpressionAttributeValues: {
          ':to': { S: to },
          ':t': { S: table },
          ...(from !== undefined && { ':from': { S: from } }),
        },
      }),
    );
  const finishDrop = async (id: GenerationId, { table }: Entry): Promise<void> => {
    await dropTable(dynamo, table);
    await hasHeld(() =>
      dynamo.delete({
        TableName,
        Key: Key(id),
        ConditionExpression: 't = :t',
        ExpressionAttributeValues: { ':t': { S: table } },
      }),
    );
  };
  const register = (generation: Generation): Promise<boolean> =>
    hasHeld(() =>
      dynamo.put({
        TableName,
        Item: { ...Key(generation), ...firstRow(generation, newTableName(prefix, generation), spread) },
        ConditionExpression: 'attribute_not_exists(k)',
      }),
    );
  /** Another node may not know the table yet, though one has answered. */
  const putFirst = ({ generation, table }: Entry): Promise<object> =>
    dynamo.until('PutItem', async () => {
      try {
        await hasHeld(() => dynamo.put(firstTracking(table, generation.floor)));
        return {};
      } catch (error) {
        if (!hasName(error, 'ResourceNotFoundException')) throw error;
        return (await find(generation))?.table === table ? undefined : {};
      }
    });
  /** One step of making a generation; gives it once it is there. */
  const makeOn = async (generation: Generation): Promise<Generation | undefined> => {
    const found = await find(generation);
    switch (found?.status) {
      case undefined:
        await register(generation);
        return undefined;
      case 'dropping':
        await finishDrop(generation, found);
        return undefined;
      case 'active':
        return found.generation;
      case 'creating':
        await ensureTable(dynamo, found.table, found.generation);
        await putFirst(found);
        if (await moveOn(generation, found, 'active', 'creating')) return undefined;
        // Dropped by another meanwhile, which may have been before the table was made: nobody else knows of it.
        if ((await find(generation))?.table !== found.table) await dropTable(dynamo, found.table);
        return undefined;
    }
  };

  return {
    prepare: async () => prepareControl(dynamo, TableName),
    createGeneration: async (generation) => {
      // A step may take as long as a table takes to come or go.
      for (let step = 0; step < mostSteps; step += 1) {
        const made = await makeOn(generation);
        if (made) return made;
      }
      throw new BanyanError(
        'VIEW_STORE_UNREACHABLE',
        `Generation ${generation.number} of view ${generation.projection} could not be made: others make and drop it at ` +
          'the same time. The same again may succeed.',
        { retryable: true, details: { projection: generation.projection, generation: generation.number } },
      );
    },
    generations: async (projection) =>
      (await listed(dynamo, TableName, projection)).map((one) => one.generation),
    changeGeneration: async (id, expected, { state, floor }) => {
      const token = newToken();
      try {
        await dynamo.update({
          TableName,
          Key: Key(id),
          UpdateExpression: 'SET c = :c, s = :s, f = :f, w = :w',
          ConditionExpression: 'c = :e AND h = :h',
          ExpressionAttributeValues: {
            ':c': { S: state.kind },
            ':s': { S: JSON.stringify(state) },
            ':f': { S: JSON.stringify(floor) },
            ':w': { S: token },
            ':e': { S: expected },
            ':h': { S: 'active' },
          },
        });
      } catch (error) {
        if (!hasName(error, 'ConditionalCheckFailedException')) throw error;
        const { Item } = await dynamo.get({ TableName, Key: Key(id), ConsistentRead: true });
        // The answer to a first try of ours was lost.
        if (Item?.['w']?.S === token) return;
        if (!Item || entryOf(Item).status !== 'active') throw generationUnknown(id);
        throw lost.generation(id, expected, entryOf(Item).generation.state.kind);
      }
    },
    dropGeneration: async (id) => {
      const found = await find(id);
      if (!found) return;
      // Not held: another drops it too.
      if (found.status !== 'dropping') await moveOn(id, found, 'dropping');
      await finishDrop(id, found);
    },
    entry: async (id) => {
      const found = await find(id);
      if (found?.status !== 'active') throw generationUnknown(id);
      return found;
    },
  };
}

async function listed(dynamo: Dynamo, table: string, projection: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  let start: Row | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await dynamo.query({
      TableName: table,
      KeyConditionExpression: 'p = :p',
      ExpressionAttributeValues: { ':p': { S: `g.${escapeText(projection)}` } },
      ConsistentRead: true,
      ...(start && { ExclusiveStartKey: start }),
    });
    entries.push(...Items.map(entryOf));
    start = LastEvaluatedKey;
  } while (start);
  return entries.filter(({ status }) => status === 'active');
}

async function prepareControl(dynamo: Dynamo, table: string): Promise<void> {
  const found = await describe(dynamo, table);
  const schema = found?.KeySchema?.map(({ AttributeName }) => AttributeName).join();
  if (found && schema !== 'p,k') {
    throw new BanyanError(
      'VIEW_STORE_CLASH',
      `Table ${table} of DynamoDB is not Banyan's: its key is (${schema ?? 'unknown'}), expected (p,k). ` +
        'Give the views another `prefix`.',
      { details: { table } },
    );
  }
  await ensureTable(dynamo, table);
  const Key = { p: { S: 'layout' }, k: { S: 'layout' } };
  const known = await dynamo.get({ TableName: table, Key, ConsistentRead: true });
  const version = Number(known.Item?.['v']?.N ?? 0);
  if (version > 0 && version !== layout) throw otherLayout(table, version);
  if (version === 0) await dynamo.put({ TableName: table, Item: { ...Key, v: { N: String(layout) } } });
}

/** No layout was ever released before this one, so there is nothing that brings an older one on. */
function otherLayout(table: string, version: number): BanyanError {
  const isNewer = version > layout;
  return new BanyanError(
    isNewer ? 'VIEW_STORE_TOO_NEW' : 'VIEW_STORE_TOO_OLD',
    `Table ${table} of the view store has layout ${version}; this Banyan knows ${layout}. ` +
      (isNewer
        ? 'Use the newer Banyan.'
        : 'Give the views another `prefix`, and build them anew: banyan replay start.'),
    { details: { table, found: version, known: layout } },
  );
}

/*
 * A generation as a row. g: what never changes, c: kind of its state, s: its state, f: its floor, t: its table,
 * n: its spread, h: status, w: who changed it last.
 */
function firstRow(generation: Generation, table: string, spread: Spread): Row {
  const { state, floor, ...rest } = generation;
  return {
    g: { S: JSON.stringify(rest) },
    c: { S: state.kind },
    s: { S: JSON.stringify(state) },
    f: { S: JSON.stringify(floor) },
    t: { S: table },
    n: { S: JSON.stringify(spread) },
    h: { S: 'creating' },
  };
}

function entryOf(row: Row): Entry {
  const text = (name: string): string => row[name]?.S ?? '';
  const parsed = <T>(name: string): T => JSON.parse(text(name)) as T;
  const generation = { ...parsed<Generation>('g'), state: parsed<Generation['state']>('s') };
  return {
    generation: { ...generation, floor: parsed<Generation['floor']>('f') },
    table: text('t'),
    spread: parsed<Spread>('n'),
    status: text('h') as Entry['status'],
  };
}
