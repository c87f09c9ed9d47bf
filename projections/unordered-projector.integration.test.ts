import { expect, test } from '@jest/globals';
import { createHostileBus, type HostileBus } from 'banyan/events';
import { silentLogger } from 'banyan/runtime';
import { eventually } from '../kit/eventually.ts';
import { testDatabase } from '../kit/test-database.ts';
import { createMemoryViewStore } from './memory-view-store.ts';
import { postgresViews } from './postgres/postgres-views.ts';
import type { Projector } from './projector.ts';
import { crmLog, shopLog, UnorderedView } from './testing/unordered-view.ts';
import { startUnorderedProjector } from './unordered-projector.ts';
import type { ViewStore } from './view-store.ts';

const stores: readonly [string, () => Promise<ViewStore>][] = [
  ['memory', async () => createMemoryViewStore()],
  [
    'Postgres',
    async () => {
      const store = postgresViews({ connectionString: await testDatabase('unordered_projector') });
      await store.prepare();
      return store;
    },
  ],
];

/** Two sources, a few keys that everybody wants, some removed now and then. */
function happen(view: UnorderedView, transactions: number): void {
  for (let at = 0; at < transactions; at += 1)
    view.appendTo(
      at % 2,
      ['Counted', `k${at % 7}`],
      [at % 11 === 0 ? 'Cleared' : 'Counted', 'a', `k${at % 5}`],
    );
  view.tally();
}

test.each(stores)('projectors on hostile buses come to the ordered fold, on %s', async (_, open) => {
  const store = await open();
  const view = await UnorderedView.begin([shopLog, crmLog], store);
  happen(view, 300);
  const buses: HostileBus[] = [];
  const projectors: Projector[] = [];
  for (let seed = 0; seed < 3; seed += 1) {
    const bus = createHostileBus({
      hostility: { seed, drop: 0.5, repeat: 3, delayMs: 20, batch: 20 },
      eventLog: (ref) => view.readerOf(ref),
    });
    buses.push(bus);
    const { projection, generation } = view;
    projectors.push(
      await startUnorderedProjector({ projection, generation, store, bus, logger: silentLogger, everyMs: 5 }),
    );
  }
  const limits = { windowEvents: 20, windowBytes: 1e6 };
  const trackers = [1, 2].map(() => view.tracker({ itemLimits: limits, purgeAfterMs: 0 }));
  await eventually(async () => {
    const statuses = await Promise.all(trackers.map((tracker) => tracker.run()));
    // What all of them have lost is overdue once nothing else comes.
    if (buses.every((bus) => bus.figures().waiting === 0)) view.now += 40_000;
    for (const { watermark, behind } of statuses)
      expect([behind, ...view.logs.map(({ name }) => watermark[name]?.position)]).toEqual([
        0,
        ...view.logs.map(({ end }) => end),
      ]);
  });
  expect(await view.documents()).toEqual(view.expected);
  expect(projectors.map((projector) => projector.status().state.kind)).toEqual(
    projectors.map(() => 'running'),
  );
  expect((await store.tracking(view.generation)).figures.healed).toBeGreaterThan(0);
  for (const part of [...projectors, ...buses, store]) await part.close();
});
