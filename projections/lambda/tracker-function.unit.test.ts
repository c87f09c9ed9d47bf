import { expect, test } from '@jest/globals';
import { BanyanError, createLogger, silentLogger } from 'banyan/runtime';
import type { Pause } from '../pause.ts';
import { hookedStore } from '../testing/hooked-store.ts';
import { UnorderedView } from '../testing/unordered-view.ts';
import { contextOf, gatheredMetrics, tallyMessage } from './testing/messages.ts';
import { trackerFunction, type TrackedView, type TrackerFunctionOptions } from './tracker-function.ts';

function tracked({ projection, generation, store, logs, tallies, clock }: UnorderedView): TrackedView {
  return { projection, generation, store, logs, tallies, clock };
}

function functionOf(views: readonly TrackedView[], given: Partial<TrackerFunctionOptions> = {}) {
  const metrics = gatheredMetrics();
  const handler = trackerFunction({ views, metrics, logger: silentLogger, group: 'counting', ...given });
  return { handler, metrics };
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** A view with an event that was applied, one that the bus lost, and their tally. */
async function begun(): Promise<UnorderedView> {
  const view = await UnorderedView.begin();
  const [there] = view.append(['Counted', 'a'], ['Counted', 'b']);
  await view.apply([there]);
  view.tally();
  return view;
}

test('a batch of tallies moves the watermark once, and says how the view stands', async () => {
  const view = await begun();
  let changes = 0;
  const store = hookedStore(view.store, (call, isDone) => {
    if (call === 'changeTracking' && !isDone) changes += 1;
  });
  const { handler, metrics } = functionOf([{ ...tracked(view), store }]);
  const records = view.log.tallies
    .flatMap((tally) => [tally, tally, tally])
    .map((tally) => tallyMessage(view.log.log, tally));
  expect(await handler({ Records: records }, contextOf())).toEqual({ batchItemFailures: [] });
  expect(changes).toBe(0);
  expect(metrics.figures).toMatchObject({
    unmet: 1,
    healed: 0,
    late: 0,
    parkedKeys: 0,
    behind: 0,
    projectionParked: 0,
  });

  // A schedule rings as well; what is overdue is healed.
  view.now += 60_000;
  await handler({ 'detail-type': 'Scheduled Event' }, contextOf());
  expect(metrics.figures).toMatchObject({ unmet: 0, healed: 1 });
  expect(metrics.figures['lag']).toBeGreaterThan(0);
  expect(metrics.flushed()).toBe(2);
  expect(await view.documents()).toEqual(view.expected);
  expect((await view.store.tracking(view.generation)).watermark['shop:orders@1']?.position).toBe(
    view.log.end,
  );
});

test('a view that fails does not stop the others, and the invocation is repeated', async () => {
  const [broken, sound] = [await begun(), await begun()];
  const store = hookedStore(broken.store, (call) => {
    if (call === 'receipts')
      throw new BanyanError('VIEW_STORE_UNREACHABLE', 'no answer', { retryable: true });
  });
  const lines: unknown[] = [];
  const logger = createLogger({ write: (line) => void lines.push(JSON.parse(line)) });
  sound.now += 60_000;
  const { handler, metrics } = functionOf([{ ...tracked(broken), store }, tracked(sound)], { logger });
  await expect(handler({}, contextOf())).rejects.toThrow('no answer');
  expect(await sound.documents()).toEqual(sound.expected);
  // With each view.
  expect(metrics.flushed()).toBe(2);
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 50,
      group: 'counting',
      projection: broken.generation.projection,
      requestId: 'request-1',
    }),
  );
});

test('views for which there was no time are the first of the next invocation', async () => {
  const views = [await begun(), await begun(), await begun()];
  let remaining = 10_000;
  const ran: number[] = [];
  const { handler } = functionOf(
    views.map((view, at) => ({
      ...tracked(view),
      store: hookedStore(view.store, (call, isDone) => {
        if (call !== 'receipts' || !isDone) return;
        ran.push(at);
        remaining -= 4000;
      }),
    })),
    // As they are given.
    { marginMs: 1000, random: () => 0.999 },
  );
  await handler(
    {},
    contextOf(() => remaining),
  );
  expect(ran).toEqual([0, 1]);
  remaining = 10_000;
  await handler(
    {},
    contextOf(() => remaining),
  );
  expect(ran).toEqual([0, 1, 2, 0]);
});

test('a view whose runs take longer than a process may live does not starve the others', async () => {
  const [slow, other] = [await begun(), await begun()];
  other.now += 60_000;
  const stuck = new Promise<void>(() => undefined);
  const isStuck = (): Promise<void> => stuck;
  for (let times = 0; times < 40; times += 1) {
    // Lambda ends the process: the next invocation begins another.
    const views = [{ ...tracked(slow), store: hookedStore(slow.store, isStuck) }, tracked(other)];
    const { handler } = functionOf(views, { pause: (_, signal) => ended(signal) });
    const killed = new Promise((resolve) => setImmediate(resolve)).then(() => undefined);
    await Promise.race([handler({}, contextOf()), killed]);
  }
  expect(await other.documents()).toEqual(other.expected);
});

test('a view that does not end is given up in time, and told; the next run goes on', async () => {
  const view = await begun();
  view.now += 60_000;
  let isStuck = true;
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const store = hookedStore(view.store, () => (isStuck ? held : undefined));
  const pause: Pause = (_, signal) => (isStuck ? Promise.resolve() : ended(signal));
  const { handler, metrics } = functionOf([{ ...tracked(view), store }], { pause });
  await expect(handler({}, contextOf())).rejects.toMatchObject({ code: 'TRACKING_LATE', retryable: true });
  expect(metrics.flushed()).toBe(1);
  isStuck = false;
  release();
  // The run that was given up ends; then there is a new one.
  await handler({}, contextOf());
  await handler({}, contextOf());
  expect(await view.documents()).toEqual(view.expected);
  expect(metrics.figures).toMatchObject({ unmet: 0, healed: 1 });
});

test('a view of other code is not tracked', async () => {
  const view = await begun();
  view.now += 60_000;
  const { handler } = functionOf([{ ...tracked(view), bundle: 'another' }]);
  await expect(handler({}, contextOf())).rejects.toMatchObject({ code: 'GENERATION_OTHER_CODE' });
  expect([...(await view.documents()).keys()]).toEqual(['a']);
});

test('a projection that is parked is told', async () => {
  const view = await begun();
  await expect(view.apply(view.append(['Nowhere', 'a']))).rejects.toThrow('its key cannot be told');
  const { handler, metrics } = functionOf([tracked(view)]);
  await handler({}, contextOf());
  expect(metrics.figures['projectionParked']).toBe(1);
});

test('each view is traced, with what its metrics are, and one that fails as well', async () => {
  const [sound, broken] = [await begun(), await UnorderedView.begin()];
  const store = hookedStore(broken.store, () => {
    throw new BanyanError('VIEW_STORE_UNREACHABLE', 'no answer', { retryable: true });
  });
  const traced: { readonly name: string; annotations: object; error?: unknown }[] = [];
  const tracer: TrackerFunctionOptions['tracer'] = {
    traced: async ({ name, annotations = {} }, run) => {
      const one: (typeof traced)[number] = { name, annotations };
      traced.push(one);
      try {
        return await run({
          annotate: (more) => void (one.annotations = { ...one.annotations, ...more }),
        });
      } catch (error) {
        one.error = error;
        throw error;
      }
    },
  };
  const views = [tracked(sound), { ...tracked(broken), store }];
  const { handler } = functionOf(views, { tracer, random: () => 0.999 });
  await expect(handler({}, contextOf())).rejects.toThrow('no answer');
  const of = ({ generation: { projection } }: UnorderedView): object => ({
    group: 'counting',
    projection,
    generation: 1,
  });
  expect(traced).toEqual([
    {
      name: 'track',
      annotations: expect.objectContaining({ ...of(sound), unmet: 1, healed: 0, projectionParked: 0 }),
    },
    {
      name: 'track',
      annotations: of(broken),
      error: expect.objectContaining({ code: 'VIEW_STORE_UNREACHABLE' }),
    },
  ]);
});
