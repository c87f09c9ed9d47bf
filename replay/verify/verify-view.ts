import type { SourceSnapshot } from 'banyan/cdc';
import {
  isParked,
  type Generation,
  type Item,
  type Reconciliation,
  type Stuck,
  type ViewStore,
} from 'banyan/projections';
import type { JsonObject } from 'banyan/runtime';
import { compareSides } from './compare-sides.ts';
import { openPlace, type OpenPlace } from './open-place.ts';
import { createFindings } from './findings.ts';
import { itemsNow, standsAt } from './items.ts';
import { joinByKey } from './join.ts';
import { tell, type Verifying, type VerifyOptions } from './options.ts';
import { openFeed } from './feed.ts';
import { refuseUnfit } from './refusals.ts';
import { rollForward } from './roll-forward.ts';
import type { Verification } from './verification.ts';

/** Keys that are compared again at once. */
const keysOfRecheck = 2000;

/**
 * Compares a view with its legacy database at one exact place: a snapshot whose place in the WAL is known, and the
 * view once it has everything up to there. A document that has gone on meanwhile and differs is compared again, rolled
 * forward to the exact place of another snapshot. Both sides are read as streams.
 * @throws BanyanError VERIFY_*, RECONCILIATION_ROW, SOURCE_*, LOG_*
 */
export async function verifyView(options: VerifyOptions): Promise<Verification> {
  const { generation, reconciliation, source, limit = 100, timeoutMs = 60_000 } = options;
  refuseUnfit(generation, source, reconciliation);
  const began = performance.now();
  const feed = await openFeed(options);
  const findings = createFindings(limit);
  const verifying: Verifying = { ...options, timeoutMs, feed, findings };
  try {
    const place = await openPlace(verifying, await feed.head());
    try {
      await compareAll(verifying, place);
    } finally {
      await place.snapshot.close();
    }
    return {
      projection: generation.projection,
      generation: generation.number,
      source: source.name,
      position: place.position,
      cursor: place.cursor,
      ...findings.result(),
      seconds: (performance.now() - began) / 1000,
    };
  } finally {
    await feed.close();
  }
}

async function compareAll(verifying: Verifying, place: OpenPlace): Promise<void> {
  const { store, generation, reconciliation, source, findings, signal } = verifying;
  const moving: string[] = [];
  let latest = place;
  const rows = place.snapshot.rows({ sql: reconciliation.query });
  for await (const { key, left: item, right, repeated } of joinByKey(scan(store, generation), rows)) {
    signal.throwIfAborted();
    if (repeated > 0) findings.addDuplicate(key, repeated + 1);
    const told = right && reconciliation.told(key, right.row);
    const parked = parkedAt(verifying, item);
    if (!item?.document && !told) continue;
    const difference = compareSides({ key, document: item?.document, told, parked });
    if (!difference || standsAt(item, source.name, place.position)) findings.add(difference);
    else moving.push(key);
    if (moving.length >= keysOfRecheck) latest = await recheck(verifying, moving.splice(0), latest);
    tell(verifying, 'comparing');
  }
  if (moving.length > 0) await recheck(verifying, moving, latest);
}

/** All items of the view, in key order. */
async function* scan(store: ViewStore, id: Generation): AsyncGenerator<readonly Item[], void> {
  let after: string | undefined;
  do {
    const page = await store.scan(id, { limit: 500, ...(after !== undefined && { after }) });
    yield page.items;
    after = page.next;
  } while (after !== undefined);
}

/** Counts the key, if it is parked. @returns at which event */
function parkedAt({ findings }: Verifying, item: Item | undefined): Stuck | undefined {
  if (!isParked(item)) return undefined;
  findings.addParked();
  const { eventId, code, message } = item.state.cause;
  return { eventId, code, message };
}

/** Compares keys again, at the exact place of another snapshot. @returns that place */
async function recheck(verifying: Verifying, keys: readonly string[], from: OpenPlace): Promise<OpenPlace> {
  const { projection, feed, findings, reconciliation } = verifying;
  findings.addRechecked(keys.length);
  const { progress, items } = await itemsNow(verifying, keys);
  const place = await openPlace(verifying, from);
  try {
    tell(verifying, 'rechecking');
    const documents = await rollForward(keys, items, {
      projection,
      logs: feed.logs,
      from: progress,
      to: place.position,
    });
    const rows = await toldOf(place.snapshot, reconciliation, keys);
    for (const key of keys) {
      const parked = parkedAt(verifying, items.get(key));
      const sides = { key, document: documents.get(key), told: rows.get(key), parked };
      if (sides.document || sides.told) findings.add(compareSides(sides));
    }
    return place;
  } finally {
    await place.snapshot.close();
  }
}

async function toldOf(
  snapshot: SourceSnapshot,
  { query, told }: Reconciliation,
  keys: readonly string[],
): Promise<ReadonlyMap<string, JsonObject>> {
  const rows = new Map<string, JsonObject>();
  for await (const portion of snapshot.rows({ sql: query, keys })) {
    for (const { key, row } of portion) if (!rows.has(key)) rows.set(key, told(key, row));
  }
  return rows;
}
