import { cursorBefore, eventLogName, logEnds, readMerged } from 'banyan/events';
import {
  indexEntriesOf,
  isParked,
  keysOf,
  projectionFailed,
  type Generation,
  type Item,
  type ItemWrite,
} from 'banyan/projections';
import { canonicalJson } from 'banyan/runtime';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { replayDirectory } from '../../places.ts';
import { AffectedKeys, readAffected, writeAffected } from '../affected-file.ts';
import { narrowRefused } from '../errors.ts';
import { PacedWriter } from '../paced-writer.ts';
import type { Rebuilding } from '../rebuild.ts';
import type { Narrow } from './narrow.ts';

/** What came of the beginning of a narrow rebuild. */
export interface Copied {
  readonly affected: number;
  readonly copied: number;
}

/** Where the affected keys of a generation are kept. */
export function affectedFile({ directory }: Pick<Rebuilding, 'directory'>, generation: Generation): string {
  return join(replayDirectory(directory, generation), 'affected.ndjson');
}

const pageItems = 1000;

/**
 * Finds the affected keys and keeps them.
 * @throws BanyanError REPLAY_NARROW_REFUSED when the generation that is live has other logs; REPLAY_TOO_WIDE
 */
export async function chooseAffected(
  all: Rebuilding,
  generation: Generation,
  { choice }: Narrow,
  live: number,
): Promise<void> {
  await refuseOtherLogs(all, live);
  all.meter.begin('choosing');
  const affected = new AffectedKeys(all.projection);
  switch (choice.kind) {
    case 'keys':
      for (const key of choice.keys) affected.add(key);
      break;
    case 'where':
      for await (const items of pagesOf(all, live)) {
        for (const { key, document } of items) if (document && choice.where(document, key)) affected.add(key);
      }
      break;
    case 'since':
      await addSince(all, generation, choice.since, affected);
  }
  await writeAffected(all.fileSystem, affectedFile(all, generation), affected.keys);
}

/**
 * Copies every item of the live generation but the affected ones, tombstones and windows included. Keys that are parked
 * there, or that the new code's indexes refuse, turn out to be affected too. May be repeated: a key that was copied
 * before it was parked is gone on with from its copy, as every other.
 */
export async function copyOthers(all: Rebuilding, generation: Generation, live: number): Promise<Copied> {
  const path = affectedFile(all, generation);
  const before = await readAffected(all.fileSystem, path);
  const affected = new AffectedKeys(all.projection, before);
  const paced = new PacedWriter({ store: all.store, generation, rate: all.rate });
  all.meter.begin('copying');
  let copied = 0;
  for await (const items of pagesOf(all, live)) {
    const writes: ItemWrite[] = [];
    for (const item of items) {
      if (before.has(item.key)) continue;
      const write = copyOf(all, item);
      if (write) writes.push(write);
      else affected.add(item.key);
    }
    await writeCopies(all, paced, writes);
    copied += writes.length;
  }
  if (affected.keys.size > before.size) await writeAffected(all.fileSystem, path, affected.keys);
  return { affected: affected.keys.size, copied };
}

async function writeCopies(
  { meter, signal }: Rebuilding,
  paced: PacedWriter,
  writes: readonly ItemWrite[],
): Promise<void> {
  for (let at = 0; at < writes.length;) {
    if (paced.pauseMs > 0) await wait(paced.pauseMs, undefined, { signal });
    const some = writes.slice(at, at + paced.batch);
    const before = paced.throttled;
    // What an earlier run copied is there already: it is as good.
    await paced.write(some);
    at += some.length;
    meter.wrote(some.length, paced.throttled - before);
  }
}

/** The item as it is, in the indexes of the new code; undefined: it is to be folded anew. */
function copyOf({ code }: Rebuilding, found: Item): ItemWrite | undefined {
  if (isParked(found)) return undefined;
  const item = withoutKept(found);
  if (item.document === undefined) return { item, expected: undefined, indexEntries: [] };
  const indexed = indexEntriesOf(code, item.document, { id: item.key, type: 'a copied document' });
  if (indexed.kind === 'failed') return undefined;
  return { item, expected: undefined, indexEntries: indexed.indexEntries };
}

/** What a catch-up of the live generation has asked an item to keep is of no use to one of the new generation. */
function withoutKept(item: Item): Item {
  if (item.state.kind !== 'behind' || !item.state.kept) return item;
  const { kept: _, ...state } = item.state;
  return { ...item, state };
}

/** All items of a generation of the projection, in pages. */
export async function* pagesOf(
  { store, projection, signal }: Pick<Rebuilding, 'store' | 'projection' | 'signal'>,
  number: number,
): AsyncGenerator<readonly Item[], void> {
  let after: string | undefined;
  do {
    signal.throwIfAborted();
    const page = await store.scan(
      { projection, number },
      { limit: pageItems, ...(after !== undefined && { after }) },
    );
    yield page.items;
    after = page.next;
  } while (after !== undefined);
}

async function refuseOtherLogs({ store, projection, logs }: Rebuilding, live: number): Promise<void> {
  const found = (await store.generations(projection)).find(({ number }) => number === live);
  if (!found) throw narrowRefused(projection, `there is no generation ${String(live)} to copy from`);
  const namesOf = (refs: Generation['logs']): string =>
    canonicalJson(refs.map((ref) => canonicalJson(ref)).sort());
  if (namesOf(found.logs) !== namesOf(logs))
    throw narrowRefused(projection, `generation ${String(live)} was built from other event logs`);
}

async function addSince(
  { readers, code, signal }: Rebuilding,
  generation: Generation,
  since: string,
  affected: AffectedKeys,
): Promise<void> {
  const to = await logEnds(readers);
  const types = new Set(code.handlers.keys());
  for (const one of readers) {
    const cursor = await cursorBefore(one.reader, since);
    const from = cursor ? { [eventLogName(one.log)]: cursor } : {};
    for await (const { events } of readMerged([one], { from, to, types })) {
      signal.throwIfAborted();
      for (const event of events) {
        if (event.logTime < since) continue;
        const found = keysOf(code, event);
        if (found.kind === 'failed') throw projectionFailed(generation, found.failure);
        for (const key of found.keys) affected.add(key);
      }
    }
  }
}
