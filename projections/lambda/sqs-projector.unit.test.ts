import { describe, expect, test } from '@jest/globals';
import type { SQSHandler } from 'aws-lambda';
import { eventAt, eventLogName, type DomainEvent, type Progress } from 'banyan/events';
import { BanyanError, createLogger, systemClock, type Logger } from 'banyan/runtime';
import { subscriptionName } from '../generation-state.ts';
import { skipStuck } from '../parked.ts';
import type { Pause } from '../pause.ts';
import { hookedStore, type StoreHook } from '../testing/hooked-store.ts';
import { shopLog, UnorderedView } from '../testing/unordered-view.ts';
import type { GenerationState } from '../view-store.ts';
import type { SqsRecord } from './function-types.ts';
import { sqsProjector, type SqsProjectorOptions } from './sqs-projector.ts';
import {
  contextOf,
  eventMessage,
  gatheredMetrics,
  probeMessage,
  referenceMessage,
  tallyMessage,
} from './testing/messages.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

function logged(): { readonly lines: Line[]; readonly logger: Logger } {
  const lines: Line[] = [];
  return { lines, logger: createLogger({ write: (line) => void lines.push(JSON.parse(line) as Line) }) };
}

/** A function for the view, invoked by batches; answers with the messages that come again. */
function functionOf(
  view: UnorderedView,
  { hook, ...given }: Partial<SqsProjectorOptions> & { readonly hook?: StoreHook } = {},
) {
  const { lines, logger } = logged();
  const metrics = gatheredMetrics();
  const handler = sqsProjector({
    projection: view.projection,
    generation: { projection: view.generation.projection, number: view.generation.number },
    store: hook ? hookedStore(view.store, hook) : view.store,
    resolve: () => Promise.reject(new Error('nothing is to be resolved')),
    group: 'counting',
    clock: view.clock,
    everyMs: 0,
    logger,
    metrics,
    ...given,
  });
  const invoke = async (
    records: readonly SqsRecord[],
    remaining?: () => number,
  ): Promise<readonly string[]> => {
    const { batchItemFailures } = await handler({ Records: records }, contextOf(remaining));
    return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  };
  return { handler, invoke, lines, metrics };
}

/** A pause that takes no time, but for what waits for the end of the invocation. */
const gone: Pause = (milliseconds, signal) => (milliseconds > 10_000 ? ended(signal) : Promise.resolve());

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

const idsOf = (records: readonly SqsRecord[]): readonly string[] => records.map(({ messageId }) => messageId);
const unreachable = (): BanyanError =>
  new BanyanError('VIEW_STORE_UNREACHABLE', 'no answer', { retryable: true });

describe('the function', () => {
  test('applies and records what the queue brings, whatever the order and repetitions', async () => {
    const view = await UnorderedView.begin();
    const { invoke, metrics, lines } = functionOf(view);
    const events = view.append(['Counted', 'a'], ['Counted', 'b'], ['Counted', 'a', 'b'], ['Cleared', 'b']);
    const records = [...events, ...events].toReversed().map(eventMessage);
    expect(await invoke(records)).toEqual([]);
    expect(await view.documents()).toEqual(view.expected);
    expect(metrics.figures).toMatchObject({ events: 4, duplicates: 4, documents: 2, coldStarts: 1 });
    expect(metrics.flushed()).toBe(1);
    expect(lines).toEqual([]);
    view.tally();
    expect((await view.tracker().run()).unmet).toBe(0);
    await invoke(view.append(['Counted', 'a']).map(eventMessage));
    expect(metrics.figures['coldStarts']).toBe(1);
  });

  test('has the shape that Lambda wants', async () => {
    const { handler } = functionOf(await UnorderedView.begin());
    const typed: SQSHandler = (event, context) => handler(event, context);
    expect(typed).toBeDefined();
  });

  test('splits a batch into chunks', async () => {
    const view = await UnorderedView.begin();
    const calls: string[] = [];
    const { invoke } = functionOf(view, {
      chunkEvents: 10,
      hook: (call, isDone) => {
        if (!isDone) calls.push(call);
      },
    });
    const events = Array.from({ length: 25 }, (_, at) => view.append(['Counted', `k${at % 4}`])[0]);
    expect(await invoke(events.map(eventMessage))).toEqual([]);
    expect(calls.filter((call) => call === 'writeMany')).toHaveLength(3);
    expect(await view.documents()).toEqual(view.expected);
  });

  test('writes fields of the event on each line, and the attributes of the user', async () => {
    const view = await UnorderedView.begin();
    const attributes = ({ data }: DomainEvent) => ({ first: String((data['keys'] as string[])[0]) });
    const { invoke, lines } = functionOf(view, { logEvents: true, attributes });
    const [one] = view.append(['Counted', 'a']);
    await invoke([eventMessage(one)]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      group: 'counting',
      requestId: 'request-1',
      projection: view.generation.projection,
      generation: 1,
      log: 'shop:orders@1',
      position: one.position,
      eventId: one.id,
      eventType: 'Counted',
      key: 'a',
      traceId: one.traceparent.slice(3, 35),
      first: 'a',
    });
  });

  test('goes on when the attributes of the user throw', async () => {
    const view = await UnorderedView.begin();
    const attributes = (): never => {
      throw new Error('no field in what was given');
    };
    const { invoke, lines } = functionOf(view, { logEvents: true, attributes });
    expect(await invoke(view.append(['Counted', 'a']).map(eventMessage))).toEqual([]);
    // Its message may quote the event.
    expect(lines[0]).toMatchObject({ attributesError: 'Error', key: 'a' });
  });
});

describe('what is not for this generation', () => {
  test('is refused, and all else is applied', async () => {
    const view = await UnorderedView.begin();
    const { invoke, lines, metrics } = functionOf(view);
    const [mine] = view.append(['Counted', 'a']);
    const other = eventAt({ ...shopLog, version: 2 }, { ...mine }, mine);
    view.tally();
    const tally = view.log.tallies[0];
    if (!tally) throw new Error('there is a tally');
    const foreign = [
      eventMessage(other),
      referenceMessage(other),
      tallyMessage(shopLog, tally),
      probeMessage({
        subscription: `${view.generation.projection}.g2`,
        id: 'p1',
        at: '2026-06-01T00:00:00Z',
      }),
    ];
    const unreadable = [
      { messageId: 'x1', body: 'DE00 1234 of Jane Doe' },
      { messageId: 'x2', body: 'null' },
      { messageId: 'x3', body: '{"detail":{"specversion":"1.0","kind":"event"}}' },
      { messageId: 'x4', body: '{"detail":"DE00 1234 of Jane Doe"}' },
    ];
    expect(await invoke([...foreign, ...unreadable, eventMessage(mine)])).toEqual(
      idsOf([...foreign, ...unreadable]),
    );
    expect(await view.documents()).toEqual(view.expected);
    expect(metrics.figures).toMatchObject({ refused: 8, returned: 8, events: 1 });
    expect(lines.map(({ level, err }) => [level, (err as { code: string }).code])).toEqual([
      ...foreign.map(() => [50, 'QUEUE_FOREIGN']),
      ...unreadable.map(() => [50, 'MESSAGE_UNREADABLE']),
    ]);
    expect(lines[0]?.msg).toContain(other.id);
    expect(JSON.stringify(lines)).not.toContain('DE00');
  });

  test('a generation that is not there takes no message', async () => {
    const view = await UnorderedView.begin();
    const { invoke, lines } = functionOf(view, {
      generation: { projection: view.generation.projection, number: 7 },
    });
    const records = view.append(['Counted', 'a']).map(eventMessage);
    expect(await invoke(records)).toEqual(idsOf(records));
    expect(lines[0]).toMatchObject({ level: 50, err: { code: 'GENERATION_UNKNOWN' } });
  });

  test.each(['live', 'building'] as const)(
    'a %s generation of other code takes none either',
    async (kind) => {
      const view = await UnorderedView.begin(undefined, undefined, { bundle: 'b1', state: { kind } });
      const records = view.append(['Counted', 'a']).map(eventMessage);
      const { invoke, lines } = functionOf(view, { bundle: 'b2' });
      for (let time = 0; time < 2; time += 1) expect(await invoke(records)).toEqual(idsOf(records));
      expect(lines[0]).toMatchObject({
        level: 50,
        err: { code: 'GENERATION_OTHER_CODE', details: { registered: 'b1', given: 'b2' } },
      });
      expect(await view.documents()).toEqual(new Map());
      expect(await functionOf(view, { bundle: 'b1' }).invoke(records)).toEqual([]);
    },
  );
});

describe('references', () => {
  test('a reference is resolved from the event log; one that cannot be comes again', async () => {
    const view = await UnorderedView.begin();
    const [first, second] = view.append(['Counted', 'a'], ['Counted', 'b']);
    let isThere = false;
    const { invoke, lines } = functionOf(view, {
      resolve: async ({ id }) => {
        if (id === second.id && !isThere) throw new BanyanError('LOG_NOT_FOUND', 'the log is not there');
        return id === first.id ? first : second;
      },
    });
    const records = [first, second].map(referenceMessage);
    expect(await invoke(records)).toEqual(idsOf(records.slice(1)));
    expect(lines[0]).toMatchObject({ eventId: second.id, position: second.position, group: 'counting' });
    isThere = true;
    expect(await invoke(records.slice(1))).toEqual([]);
    expect(await view.documents()).toEqual(view.expected);
  });
});

describe('before its generation is open', () => {
  const probeOf = (view: UnorderedView, id: string): SqsRecord =>
    probeMessage({ subscription: subscriptionName(view.generation), id, at: '2026-06-01T00:00:00Z' });
  const stateOf = async ({ store, generation }: UnorderedView): Promise<GenerationState | undefined> =>
    (await store.generations(generation.projection))[0]?.state;
  const change = (
    { store, generation }: UnorderedView,
    from: GenerationState['kind'],
    state: GenerationState,
    floor: Progress = {},
  ): Promise<void> => store.changeGeneration(generation, from, { state, floor });

  test('while it is built its events are dropped, and a probe is noted before it is taken', async () => {
    const view = await UnorderedView.begin(undefined, undefined, { state: { kind: 'building' } });
    let fails = true;
    const { invoke, metrics } = functionOf(view, {
      hook: (call) => {
        if (call === 'changeGeneration' && fails) throw unreachable();
      },
    });
    const probe = probeOf(view, 'p1');
    const dropped = view.append(['Counted', 'a'], ['Counted', 'b']);
    const records = [...dropped.map(eventMessage), probe];
    expect(await invoke(records)).toEqual([probe.messageId]);
    fails = false;
    expect(await invoke([probe, probe])).toEqual([]);
    expect(await stateOf(view)).toEqual({ kind: 'building', heard: 'p1' });
    expect(await view.documents()).toEqual(new Map());
    expect(metrics.figures).toMatchObject({ beforeOpening: 2 });
    expect(metrics.figures['events']).toBeUndefined();
    // As a rebuild does that has read what was dropped from the log.
    const floor = { [eventLogName(shopLog)]: { position: 1 } };
    const { revision, ...tracking } = await view.store.tracking(view.generation);
    await view.store.changeTracking(view.generation, revision, { ...tracking, watermark: floor });
    await change(view, 'building', { kind: 'ready' }, floor);
    const later = view.append(['Counted', 'c']);
    expect(await invoke([...dropped, ...later].map(eventMessage))).toEqual([]);
    expect([...(await view.documents()).keys()]).toEqual(['c']);
  });

  test('a probe that comes when the rebuild has gone on changes nothing', async () => {
    const view = await UnorderedView.begin(undefined, undefined, { state: { kind: 'building' } });
    const { invoke } = functionOf(view, {
      // Between the look at the registry and the note.
      hook: async (call, isDone) => {
        if (call === 'changeGeneration' && !isDone && (await stateOf(view))?.kind === 'building')
          await change(view, 'building', { kind: 'opening' });
      },
    });
    expect(await invoke([probeOf(view, 'late')])).toEqual([]);
    expect(await stateOf(view)).toEqual({ kind: 'opening' });
  });

  test('while its floor is fixed nothing is taken: it waits for a while, then the messages come again', async () => {
    const view = await UnorderedView.begin(undefined, undefined, { state: { kind: 'opening' } });
    const records = view.append(['Counted', 'a']).map(eventMessage);
    const impatient = functionOf(view, { openingMs: 0 });
    expect(await impatient.invoke(records)).toEqual(idsOf(records));
    const late = functionOf(view, { clock: systemClock });
    expect(await late.invoke(records, () => 0)).toEqual(idsOf(records));
    expect(await view.documents()).toEqual(new Map());
    let looks = 0;
    const pauses: number[] = [];
    const { invoke } = functionOf(view, {
      clock: systemClock,
      openingMs: 60_000,
      // The function's time is not over.
      pause: (milliseconds, signal) => {
        if (milliseconds > 10_000) return ended(signal);
        pauses.push(milliseconds);
        return Promise.resolve();
      },
      hook: async (call, isDone) => {
        if (call !== 'generations' || !isDone || (looks += 1) !== 4) return;
        await view.store.changeGeneration(view.generation, 'opening', {
          state: { kind: 'ready' },
          floor: {},
        });
      },
    });
    expect(await invoke(records)).toEqual([]);
    expect(looks).toBe(5);
    // A quick look, and then one about each second.
    expect(pauses).toHaveLength(4);
    for (const later of pauses.slice(1)) expect(later).toBeGreaterThanOrEqual(500);
    expect(await view.documents()).toEqual(view.expected);
  });
});

describe('when it cannot go on', () => {
  test('a store that does not answer returns the chunk and all behind it', async () => {
    const view = await UnorderedView.begin();
    let writes = 0;
    const { invoke, lines } = functionOf(view, {
      chunkEvents: 2,
      hook: (call, isDone) => {
        if (call === 'writeMany' && !isDone && (writes += 1) === 2) throw unreachable();
      },
    });
    const records = view
      .append(['Counted', 'a'], ['Counted', 'b'], ['Counted', 'a'], ['Counted', 'b'], ['Counted', 'a'])
      .map(eventMessage);
    const again = await invoke(records);
    expect(again).toEqual(idsOf(records.slice(2)));
    expect(writes).toBe(2);
    expect(lines).toHaveLength(1);
    expect(await invoke(records.filter(({ messageId }) => again.includes(messageId)))).toEqual([]);
    expect(await view.documents()).toEqual(view.expected);
  });

  test('events whose items others write all the time come again; all else of their chunk is taken', async () => {
    const view = await UnorderedView.begin();
    let isBusy = true;
    const { invoke, lines, metrics } = functionOf(view, {
      pause: gone,
      hook: async (call, isDone) => {
        if (call === 'writeMany' && !isDone && isBusy) await view.apply(view.append(['Counted', 'hot']));
      },
    });
    const records = view
      .append(['Counted', 'hot'], ['Counted', 'b'], ['Counted', 'b', 'hot'], ['Counted', 'c'])
      .map(eventMessage);
    const again = await invoke(records);
    expect(again).toEqual(idsOf([records[0], records[2]].flatMap((one) => one ?? [])));
    expect(metrics.figures).toMatchObject({ events: 2, returned: 2 });
    expect(lines).toEqual([
      expect.objectContaining({
        level: 50,
        err: expect.objectContaining({
          code: 'ITEMS_CONTESTED',
          details: expect.objectContaining({ keys: ['hot'] }),
        }),
      }),
    ]);
    isBusy = false;
    expect(await invoke(records.filter(({ messageId }) => again.includes(messageId)))).toEqual([]);
    expect(await view.documents()).toEqual(view.expected);
    view.tally();
    expect((await view.tracker().run()).unmet).toBe(0);
  });

  test('it answers before its time is over, though the store does not', async () => {
    const view = await UnorderedView.begin();
    let writes = 0;
    let over: () => void = () => undefined;
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const isOver = new Promise<void>((resolve) => (over = resolve));
    const { invoke, lines, metrics } = functionOf(view, {
      chunkEvents: 1,
      pause: (_, signal) => Promise.race([isOver, ended(signal)]),
      hook: async (call, isDone) => {
        if (call !== 'writeMany' || isDone || (writes += 1) !== 2) return;
        over();
        await held;
        throw unreachable();
      },
    });
    const records = view.append(['Counted', 'a'], ['Counted', 'a'], ['Counted', 'b']).map(eventMessage);
    expect(await invoke(records)).toEqual(idsOf(records.slice(1)));
    expect(metrics.figures).toMatchObject({ outOfTime: 1, returned: 2, events: 1 });
    // What becomes of the call that it was at is nothing to anybody.
    release();
    expect(await functionOf(view).invoke(records.slice(1))).toEqual([]);
    expect(lines).toEqual([expect.objectContaining({ level: 40, messages: 2 })]);
    expect(await view.documents()).toEqual(view.expected);
  });

  test('what a parser says of an item is in no line', async () => {
    const view = await UnorderedView.begin();
    const { invoke, lines } = functionOf(view, {
      hook: (call) => {
        if (call === 'readMany') JSON.parse('DE00 1234 of Jane Doe');
      },
    });
    const records = view.append(['Counted', 'a']).map(eventMessage);
    expect(await invoke(records)).toEqual(idsOf(records));
    expect(lines).toEqual([expect.objectContaining({ level: 50 })]);
    expect(JSON.stringify(lines)).not.toContain('DE00');
  });

  test('an item that the store cannot hold returns its messages alone', async () => {
    const view = await UnorderedView.begin();
    const store = new Proxy(view.store, {
      get: (target, name) =>
        name === 'writeMany'
          ? async (...given: Parameters<typeof target.writeMany>) => {
              if (given[1].some(({ item }) => item.key === 'bad'))
                throw new BanyanError('DOCUMENT_NOT_STORABLE', 'its index key is too long');
              return target.writeMany(...given);
            }
          : (Reflect.get(target, name) as unknown),
    });
    const { invoke, lines } = functionOf(view, { store });
    const events = view.append(['Counted', 'a'], ['Counted', 'bad'], ['Counted', 'b'], ['Counted', 'c']);
    const records = events.map(eventMessage);
    expect(await invoke(records)).toEqual(idsOf(records.slice(1, 2)));
    expect([...(await view.documents()).keys()]).toEqual(['a', 'b', 'c']);
    expect(lines).toEqual([expect.objectContaining({ eventId: events[1].id, key: 'bad', level: 50 })]);
  });

  test('what there is no time for comes again, and something is always done', async () => {
    const view = await UnorderedView.begin();
    let remaining = 10_000;
    const { invoke, lines, metrics } = functionOf(view, {
      chunkEvents: 1,
      marginMs: 2000,
      hook: (call, isDone) => {
        if (call === 'writeMany' && isDone) remaining -= 3000;
      },
    });
    const records = view.append(['Counted', 'a'], ['Counted', 'b'], ['Counted', 'a']).map(eventMessage);
    // 10 s: a chunk; 7 s: another one fits, and 2 s; 4 s: none does.
    expect(await invoke(records, () => remaining)).toEqual(idsOf(records.slice(2)));
    expect(lines).toEqual([expect.objectContaining({ level: 40, remainingMs: 4000 })]);
    expect(metrics.figures).toMatchObject({ outOfTime: 1, returned: 1, events: 2 });
    // A function with less time than the margin.
    remaining = 1000;
    expect(await invoke(records.slice(2), () => remaining)).toEqual([]);
    expect(await view.documents()).toEqual(view.expected);
  });

  test('while the projection is parked messages are taken, and healed from the event log afterwards', async () => {
    const view = await UnorderedView.begin();
    const { invoke, lines, metrics } = functionOf(view, { chunkEvents: 3 });
    const before = view.append(['Counted', 'a'], ['Nowhere', 'a'], ['Counted', 'b']);
    expect(await invoke(before.map(eventMessage))).toEqual([]);
    expect((await view.store.tracking(view.generation)).parked?.eventId).toBe(before[1].id);
    expect([...(await view.documents()).keys()]).toEqual(['a', 'b']);
    const after = view.append(['Counted', 'c'], ['Cleared', 'b']);
    expect(await invoke(after.map(eventMessage))).toEqual([]);
    expect(lines).toEqual([
      expect.objectContaining({
        messages: 3,
        level: 50,
        err: expect.objectContaining({ code: 'PROJECTION_FAILED' }),
      }),
    ]);
    // Not each time, but now and then, and how many there were.
    view.now += 60_000;
    expect(await invoke(view.append(['Counted', 'd']).map(eventMessage))).toEqual([]);
    expect(lines.slice(1)).toEqual([expect.objectContaining({ messages: 3, level: 50 })]);
    expect(metrics.figures['leftToLog']).toBe(6);
    expect([...(await view.documents()).keys()]).toEqual(['a', 'b']);

    await skipStuck(view.store, view.generation, view.logs, before[1].id);
    view.tally();
    view.now += 60_000;
    expect((await view.tracker().run()).unmet).toBe(0);
    expect(await view.documents()).toEqual(view.expected);
  });
});
