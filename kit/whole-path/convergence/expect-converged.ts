import { expect } from '@jest/globals';
import type { GenerationId, Item, ViewStore } from 'banyan/projections';
import { canonicalJson } from 'banyan/runtime';
import type { Happening } from './history.ts';
import { committed, eventsInOrder, expectedItems } from './oracle.ts';
import type { ToldLogs } from './told-logs.ts';

/** A view that should be complete. */
export interface Complete {
  readonly store: ViewStore;
  readonly generation: GenerationId;
  /** Where every log ends. */
  readonly end: ToldLogs['end'];
  /** Events that were never brought, by id. */
  readonly lost: ReadonlySet<string>;
}

/** Checks a view against the oracle: its documents, what is parked, its watermark, and what was healed. */
export async function expectConverged(history: readonly Happening[], view: Complete): Promise<void> {
  const { store, generation, lost, end } = view;
  const told = eventsInOrder(committed(history));
  const expected = Object.fromEntries(
    [...expectedItems(told)]
      .filter(([, { document, parked }]) => document ?? parked)
      .map(([key, { document, parked }]) => [
        key,
        canonicalJson({ ...(document && { document }), ...(parked !== undefined && { parked }) }),
      ]),
  );
  expect(await itemsOf(store, generation)).toEqual(expected);
  const { figures, watermark } = await store.tracking(generation);
  const known = await store.generations(generation.projection);
  const { floor = {} } = known.find(({ number }) => number === generation.number) ?? {};
  expect(watermark).toEqual(end);
  // Each loss was healed and counted; what was only late was told apart in the end.
  const missing = told.filter(
    ({ id, log, order: [, , position] }) => lost.has(id) && position > (floor[log]?.position ?? 0),
  );
  expect(figures.healed - figures.late).toBe(missing.length);
}

/** What a reader would see, and what is parked. */
async function itemsOf(store: ViewStore, id: GenerationId): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  let after: string | undefined;
  do {
    const page = await store.scan(id, { limit: 1000, ...(after !== undefined && { after }) });
    for (const item of page.items) {
      const parked = parkedAt(item);
      if (item.document === undefined && parked === undefined) continue;
      found[item.key] = canonicalJson({
        ...(item.document && { document: item.document }),
        ...(parked !== undefined && { parked }),
      });
    }
    after = page.next;
  } while (after !== undefined);
  return found;
}

function parkedAt({ state }: Item): string | undefined {
  return state.kind === 'behind' && state.cause.kind === 'parked' ? state.cause.eventId : undefined;
}
