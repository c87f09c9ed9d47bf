import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { readEvents, type DomainEvent, type EventLogLine } from 'banyan/events';
import { eventLogDirectory } from 'banyan/replay';
import { nodeFileSystem, openLogReader } from 'banyan/runtime';
import pg from 'pg';
import { log } from './replay-log.ts';

/*
 * The peer of `bench:replay`: emmett rebuilding the same view from the same events, on Postgres. It is no dependency of
 * Banyan (it wants another commander beside itself), so it is installed from npm into a cache of its own.
 */
const packageName = '@event-driven-io/emmett-postgresql';
const version = '0.42.0';

/** What is used of it. */
interface Emmett {
  getPostgreSQLEventStore(url: string): {
    readonly schema: { migrate(): Promise<void> };
    close(): Promise<void>;
  };
  pongoMultiStreamProjection(options: object): object;
  rebuildPostgreSQLProjections(options: object): { start(): Promise<void>; close?(): Promise<void> };
}

async function installEmmett(): Promise<Emmett> {
  const cache = join(homedir(), '.cache', 'banyan-bench', `emmett-${version}`);
  const entry = join(cache, 'node_modules', packageName, 'dist', 'index.js');
  if (!existsSync(entry)) {
    await mkdir(cache, { recursive: true });
    await writeFile(join(cache, 'package.json'), '{ "private": true }');
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', `${packageName}@${version}`], {
      cwd: cache,
    });
  }
  return (await import(pathToFileURL(entry).href)) as Emmett;
}

/** As the view of `replay-view.ts`: one document an order. */
interface Summary {
  readonly placed: number;
  readonly since: string;
}
interface Placed {
  readonly orderId: string;
  readonly customerId: string;
  readonly total: string;
  readonly status: string;
  readonly lines: readonly unknown[];
  readonly committedAt: string;
}

const evolve = (before: Summary | null, { data }: { readonly data: Placed }): object => ({
  orderId: data.orderId,
  customerId: data.customerId,
  total: data.total,
  status: data.status,
  lines: data.lines.length,
  placed: (before?.placed ?? 0) + 1,
  since: before?.since ?? data.committedAt,
});

/**
 * Puts the events of the benchmark's log into emmett's event store, and has it rebuild the view.
 * @returns events a second; the filling is not counted
 */
export async function rebuildWithEmmett(directory: string, url: string): Promise<number> {
  const emmett = await installEmmett();
  const store = emmett.getPostgreSQLEventStore(url);
  await store.schema.migrate();
  const events = await fill(directory, url);
  const rebuilding = emmett.rebuildPostgreSQLProjections({
    connectionString: url,
    // Its default of 100 is slower.
    pulling: { batchSize: 1000 },
    projection: emmett.pongoMultiStreamProjection({
      collectionName: 'orders',
      canHandle: ['OrderPlaced'],
      getDocumentId: ({ data }: { readonly data: Placed }) => data.orderId,
      evolve,
    }),
  });
  const began = performance.now();
  await rebuilding.start();
  const seconds = (performance.now() - began) / 1000;
  await rebuilding.close?.();
  await store.close();
  return events / seconds;
}

/** Its own append takes one call a stream; what is measured is the rebuild, so its table is filled in bulk. */
async function fill(directory: string, url: string): Promise<number> {
  const reader = await openLogReader<EventLogLine>({
    directory: eventLogDirectory(directory, log),
    fileSystem: nodeFileSystem,
  });
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let count = 0;
  for await (const { events } of readEvents(reader, log)) {
    await client.query(insert, [events.map(({ id }) => id), events.map(messageOf)]);
    count += events.length;
  }
  await client.query('ANALYZE');
  await client.end();
  await reader.close();
  return count;
}

const insert = `
  INSERT INTO emt_messages (stream_position, transaction_id, message_data, message_metadata, message_schema_version,
    message_id, message_type, stream_id)
  SELECT 1, pg_current_xact_id(), data::jsonb, '{}', '1', gen_random_uuid()::text, 'OrderPlaced', id
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS given(id, data, n) ORDER BY n`;

function messageOf({ data, committedAt }: DomainEvent): string {
  return JSON.stringify({ ...data, committedAt });
}
