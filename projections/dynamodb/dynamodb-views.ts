import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BanyanError, silentLogger, type Logger } from 'banyan/runtime';
import { escapeText } from '../index-key.ts';
import { isTooLong } from '../item-rules.ts';
import type { GenerationId, Item, ViewStore } from '../view-store.ts';
import { readRows } from './batches.ts';
import { countDocuments, countTroubled } from './counts.ts';
import { createDynamo, type CallCost, type Dynamo } from './dynamo.ts';
import { isMissing } from './faults.ts';
import { Gate } from './gate.ts';
import { Guards } from './guards.ts';
import { indexPage, scanPage, troubledPage } from './pages.ts';
import { createPointers } from './pointers.ts';
import { purgeRemoved } from './purge.ts';
import { addReceipts, readReceipts, removeReceipts } from './receipts.ts';
import { createRegistry, type Entry, type Spread } from './registry.ts';
import { itemOf, rowKey } from './rows.ts';
import { changeTracking, readTracking, readWatermark } from './tracking.ts';
import { writeItems } from './writer.ts';

/** Where the views are kept. */
export interface DynamodbViewsOptions {
  /** Ready to be used, and closed by who made it. */
  readonly client: DynamoDBClient;
  /** How the names of all tables begin. Default `banyan`. */
  readonly prefix?: string;
  /**
   * Partitions of a new generation's items, 1 to 1024; it keeps the number. More take more writes of a new table, and
   * make a page of a scan, and a purge, as many queries. Default 32.
   */
  readonly shards?: number;
  /** As {@link ViewStore.itemBytes}. Default, and at most: {@link mostItemBytes}. */
  readonly itemBytes?: number;
  /** Calls at once at most; fewer while DynamoDB throttles. Default 64. */
  readonly concurrency?: number;
  /** Milliseconds for which a call that fails for a while is tried again, beyond what the client does. Default 10,000. */
  readonly patienceMs?: number;
  readonly logger?: Logger;
  /** Told what each call has cost. */
  readonly onCost?: (cost: CallCost) => void;
  /** Told each time that DynamoDB throttled a call, the client's own attempts included, by its operation (`PutItem`). */
  readonly onThrottled?: (operation: string) => void;
}

/**
 * The most that an item takes, bytes: DynamoDB's 400 KB, less what its key, 19 index entries of the greatest length,
 * its order key and the names of attributes may take.
 */
export const mostItemBytes = 350 * 1024;

/** What a new table on demand takes: Developer Guide, "Initial throughput and scaling properties" of on-demand mode. */
const writeUnitsPerSecond = 4000;

/**
 * How a new generation's rows are spread. Guards: some for each of the functions that may create at once; who purges
 * moves them all, a write unit each, once a minute at most.
 */
function spreadOf(shards: number): Spread {
  return { shards, receipts: 8, guards: Math.min(512, 8 * shards) };
}

/**
 * Views in DynamoDB: a table for each generation, and one for the registry. `prepare()` makes the latter; call it before
 * anything else. Indexes and lists of items in trouble follow the items a moment later; all else is consistent.
 * @throws BanyanError VIEW_STORE_OPTIONS_INVALID
 */
export function dynamodbViews(options: DynamodbViewsOptions): ViewStore {
  const { client, prefix = 'banyan', shards = 32, itemBytes = mostItemBytes } = options;
  const { concurrency = 64, patienceMs = 10_000, logger = silentLogger, onCost, onThrottled } = options;
  checkOptions({ prefix, shards, itemBytes, concurrency });
  const calling = { client, gate: new Gate(concurrency), patienceMs, logger, onCost };
  const dynamo = createDynamo({ ...calling, onThrottled });
  const { entry, ...registry } = createRegistry(dynamo, prefix, spreadOf(shards));
  const on = generationsOf(dynamo, entry);
  return {
    ...registry,
    ...createPointers(dynamo, prefix),
    itemBytes,
    writeUnitsPerSecond,
    hasEventualIndexes: true,
    close: async () => undefined,
    readMany: (id, keys) => on(id, ({ found }) => readItems(dynamo, found, keys)),
    writeMany: (id, writes, receipts = []) =>
      on(id, async ({ found, guards }) => {
        let throttled = 0;
        const counted = createDynamo({
          ...calling,
          onThrottled: (operation) => {
            throttled += 1;
            onThrottled?.(operation);
          },
        });
        const outcome = await writeItems(counted, found, guards, writes, itemBytes);
        if (outcome.conflicts.length === 0) await addReceipts(counted, found, receipts);
        return throttled === 0 ? outcome : { ...outcome, throttled };
      }),
    progress: (id) => on(id, ({ found }) => readWatermark(dynamo, id, found.table)),
    query: (id, query) => on(id, ({ found }) => indexPage(dynamo, found, query)),
    scan: (id, page) => on(id, ({ found }) => scanPage(dynamo, found, page)),
    troubled: (id, trouble, page) => on(id, ({ found }) => troubledPage(dynamo, found, trouble, page)),
    count: (id) => on(id, ({ found }) => countDocuments(dynamo, found)),
    countTroubled: (id, trouble, most) => on(id, ({ found }) => countTroubled(dynamo, found, trouble, most)),
    purgeRemoved: (id, before) => on(id, ({ found, guards }) => purgeRemoved(dynamo, found, guards, before)),
    addReceipts: (id, receipts) => on(id, ({ found }) => addReceipts(dynamo, found, receipts)),
    receipts: (id, page) => on(id, ({ found }) => readReceipts(dynamo, found, page)),
    removeReceipts: (id, ids) => on(id, ({ found }) => removeReceipts(dynamo, found, ids)),
    tracking: (id) => on(id, ({ found }) => readTracking(dynamo, id, found.table)),
    changeTracking: (id, expected, next) =>
      on(id, ({ found }) => changeTracking(dynamo, found.table, expected, next)),
  };
}

/** A generation that this process works on. */
interface Known {
  readonly found: Entry;
  readonly guards: Guards;
}

/**
 * Runs work on a generation. Its table never changes; when it is gone, the registry is asked for another. One that is
 * registered and not there is so new that not all of DynamoDB knows it: it is waited for.
 */
function generationsOf(
  dynamo: Dynamo,
  entry: (id: GenerationId) => Promise<Entry>,
): <T>(id: GenerationId, work: (known: Known) => Promise<T>) => Promise<T> {
  const all = new Map<string, Known>();
  const know = async (id: GenerationId): Promise<Known> => {
    const found = await entry(id);
    const known = { found, guards: new Guards(dynamo, found.table, found.spread.guards) };
    all.set(nameOf(id), known);
    return known;
  };
  const tried = async <T>(
    id: GenerationId,
    known: Known,
    work: (known: Known) => Promise<T>,
  ): Promise<{ readonly done: T } | undefined> => {
    try {
      return { done: await work(known) };
    } catch (error) {
      if (!isMissing(error)) throw error;
      all.delete(nameOf(id));
      return undefined;
    }
  };
  return async (id, work) => {
    const first = await tried(id, all.get(nameOf(id)) ?? (await know(id)), work);
    if (first) return first.done;
    const why = `the table of generation ${id.number} of view ${id.projection} is registered and not there. If it was deleted by hand, drop the generation.`;
    const again = await dynamo.until('The work', async () => tried(id, await know(id), work), why);
    return again.done;
  };
}

function nameOf({ projection, number }: GenerationId): string {
  return `${projection}.g${number}`;
}

async function readItems(
  dynamo: Dynamo,
  { table, spread: { shards } }: Entry,
  keys: readonly string[],
): Promise<ReadonlyMap<string, Item>> {
  // DynamoDB refuses keys that no item can have.
  const possible = [...new Set(keys)].filter((key) => key !== '' && !isTooLong('key', escapeText(key)));
  const rows = await readRows(
    dynamo,
    table,
    possible.map((key) => rowKey(key, shards)),
  );
  return new Map(rows.map(itemOf).map((item) => [item.key, item]));
}

function checkOptions(
  given: Required<Pick<DynamodbViewsOptions, 'prefix' | 'shards' | 'itemBytes' | 'concurrency'>>,
): void {
  const isWithin = (value: number, most: number): boolean =>
    Number.isInteger(value) && value >= 1 && value <= most;
  const wrong = [
    !/^[\w.-]{1,100}$/.test(given.prefix) && 'a prefix of up to 100 letters, digits, _, - and .',
    !isWithin(given.shards, 1024) && 'shards from 1 to 1024',
    !isWithin(given.itemBytes, mostItemBytes) && `itemBytes from 1 to ${mostItemBytes}`,
    !isWithin(given.concurrency, 10_000) && 'a concurrency from 1 to 10000',
  ].filter((one) => one !== false);
  if (wrong.length === 0) return;
  throw new BanyanError(
    'VIEW_STORE_OPTIONS_INVALID',
    `dynamodbViews was given ${JSON.stringify(given)}; expected ${wrong.join(', ')}.`,
    { details: { ...given } },
  );
}
