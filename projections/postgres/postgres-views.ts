import { silentLogger, type Logger } from 'banyan/runtime';
import knex from 'knex';
import type { DatabaseError } from 'pg';
import { escapeText } from '../index-key.ts';
import { generationUnknown } from '../item-rules.ts';
import type { AtomicViewStore, Generation, GenerationId, Item, Page } from '../view-store.ts';
import { connect } from './connection.ts';
import { quoted, tableOf } from './names.ts';
import { askIndex, askScan, askTroubled, type PageQuestion, type PageRow } from './pages.ts';
import { createLedger } from './ledger.ts';
import { createRegistry } from './registry.ts';
import { itemOf, type ItemRow } from './rows.ts';
import { prepareSchema } from './schema.ts';
import { readStatement } from './statements.ts';
import { commit, tellTable, writeMany } from './writer.ts';

/** Where the views are kept. */
export interface PostgresViewsOptions {
  /** `postgres://user:password@host:port/database`; not the legacy database. */
  readonly connectionString: string;
  /** Default `banyan`. It must be Banyan's own. */
  readonly schema?: string;
  /** Default 10. */
  readonly maxConnections?: number;
  /** As {@link AtomicViewStore.itemBytes}. Default: no limit but that of Postgres, 255 MB for a document. */
  readonly itemBytes?: number;
  readonly logger?: Logger;
}

/** Keys of one read at most. */
const keysOfRead = 5000;

/**
 * Views in a Postgres database (14 or newer), in a schema of Banyan's own: a table for each generation, its items'
 * index entries as columns of it. Documents and progress change in one transaction. Connects when it is first used;
 * call `prepare()` before anything else.
 * @throws BanyanError VIEW_STORE_URL_INVALID
 */
export function postgresViews(options: PostgresViewsOptions): AtomicViewStore {
  const {
    connectionString,
    schema = 'banyan',
    maxConnections = 10,
    itemBytes,
    logger = silentLogger,
  } = options;
  const connection = connect({ connectionString, maxConnections, logger });
  // Builds SQL and runs nothing: everything goes through the one pool.
  const sql = knex({ client: 'pg' });
  const registry = createRegistry(connection, sql, schema);
  const known = new Map<string, Generation>();

  /** The registered generation, whose indexes never change. */
  const registered = async (id: GenerationId): Promise<Generation> => {
    const cached = known.get(tableOf(id));
    if (cached) return cached;
    const found = (await registry.generations(id.projection)).find(({ number }) => number === id.number);
    if (!found) throw generationUnknown(id);
    known.set(tableOf(id), found);
    return found;
  };
  const readPart = (id: GenerationId, keys: readonly string[]): Promise<ItemRow[]> =>
    connection.run(
      (query) => query<ItemRow>(readStatement(schema, id, keys.map(escapeText))),
      (error) => tellTable(id, error),
    );
  const page = async (id: GenerationId, { statement, pageOf }: PageQuestion, index?: string): Promise<Page> =>
    pageOf(
      await connection.run(
        (query) => query<PageRow>(statement),
        (error) => tellTable(id, error, index),
      ),
    );
  const one = async <Row extends { n: string }>(
    id: GenerationId,
    text: string,
    values: unknown[] = [],
  ): Promise<number> => {
    const run = connection.run(
      (query) => query<Row>({ text: text.replace('TABLE', quoted(schema, tableOf(id))), values }),
      (error: DatabaseError) => tellTable(id, error),
    );
    return Number((await run)[0]?.n);
  };

  return {
    ...registry,
    ...createLedger(connection, schema),
    ...(itemBytes !== undefined && { itemBytes }),
    prepare: () => connection.transaction((query) => prepareSchema(sql, schema, query)),
    close: () => connection.close(),
    dropGeneration: async (id) => {
      known.delete(tableOf(id));
      await registry.dropGeneration(id);
    },
    readMany: async (id, keys) => {
      const found = new Map<string, Item>();
      for (let at = 0; at < keys.length; at += keysOfRead) {
        const rows = await readPart(id, keys.slice(at, at + keysOfRead));
        for (const item of rows.map(itemOf)) found.set(item.key, item);
      }
      return found;
    },
    writeMany: async (id, writes, receipts) =>
      writeMany(connection, schema, await registered(id), { writes, receipts }, itemBytes),
    commit: async (id, batch) => commit(connection, schema, await registered(id), batch, itemBytes),
    query: async (id, question) => page(id, askIndex(sql, schema, id, question), question.index),
    scan: async (id, asked) => page(id, askScan(sql, schema, id, asked)),
    troubled: async (id, trouble, asked) => page(id, askTroubled(sql, schema, id, trouble, asked)),
    count: (id) => one(id, 'SELECT count(document) AS n FROM TABLE'),
    countTroubled: (id, trouble, most) =>
      one(id, 'SELECT count(*) AS n FROM (SELECT FROM TABLE WHERE trouble = $1 LIMIT $2::bigint) AS found', [
        trouble,
        most ?? null,
      ]),
    purgeRemoved: (id, before) =>
      one(
        id,
        'WITH gone AS (DELETE FROM TABLE WHERE removed_at < $1 RETURNING 1) SELECT count(*) AS n FROM gone',
        [before],
      ),
  };
}
