import { describe, expect, test } from '@jest/globals';
import type { DomainEvent } from 'banyan/events';
import { exampleEvent } from '../testing/counters.ts';
import { at } from '../testing/examples.ts';
import type { Item } from '../view-store.ts';
import { orderedBounds, trackedBounds, type Bounds } from './bounds.ts';
import { converge, type Converged } from './converge.ts';
import { defaultLimits, limitsOf, type ConvergeLimits } from './limits.ts';
import { newlyParked } from './newly-parked.ts';
import { actsProjection, type Act, type Calls } from './testing/acts.ts';

const logs = [{ source: 'shop', translation: 'orders', version: 1 }];
/** What is known when the watermark is at a position. */
const upTo = (position: number): Bounds =>
  trackedBounds(logs, {
    watermark: { 'shop:orders@1': { position } },
    logTimes: { 'shop:orders@1': at(position).logTime },
  });
const act = (position: number, type: Act): DomainEvent => exampleEvent(position, type, {});
const id = (position: number): string => `shop:orders@1:${position}:0`;

/** A key's item, folded again and again. */
function key(limits: ConvergeLimits = defaultLimits) {
  const calls: Calls = new Map();
  const projection = actsProjection(calls);
  const self = {
    calls,
    item: undefined as Item | undefined,
    result: { kind: 'unchanged' } as Converged,
    take: (bounds: Bounds, ...events: DomainEvent[]) => {
      self.result = converge(projection, 'k', self.item, events, bounds, limits);
      if (self.result.kind === 'changed') self.item = self.result.item;
      return self;
    },
    /** The positions of the events that the document is made of. */
    get positions() {
      return ((self.item?.document?.['ids'] ?? []) as string[]).map((one) => Number(one.split(':')[2]));
    },
    get state() {
      return self.item?.state;
    },
    get window() {
      return self.state?.kind === 'open' ? self.state.window.map(({ position }) => position) : undefined;
    },
  };
  return self;
}

describe('in order and settled', () => {
  test('an item is a plain document, each event folded once', () => {
    const k = key();
    const first = [act(1, 'Count'), act(2, 'Count')];
    k.take(orderedBounds(first), ...first);
    expect(k.item).toMatchObject({ revision: Date.parse(at(2).logTime) * 1000 });
    expect(k.state).toEqual({ kind: 'settled', at: at(2) });
    k.take(orderedBounds([act(3, 'Count')]), act(3, 'Count'));
    expect(k.state).toEqual({ kind: 'settled', at: at(3) });
    expect(k.positions).toEqual([1, 2, 3]);
    expect([...k.calls.values()]).toEqual([1, 1, 1]);
    const gone = [act(4, 'Remove')];
    expect(k.take(orderedBounds(gone), ...gone).item).toEqual({
      key: 'k',
      revision: expect.any(Number),
      state: { kind: 'removed', at: at(4) },
    });
  });

  test('what changes nothing writes nothing', () => {
    const nothing = [act(1, 'Leave'), act(2, 'Want'), act(3, 'Remove')];
    expect(key().take(orderedBounds(nothing), ...nothing).result).toEqual({ kind: 'unchanged' });
    const undone = [act(1, 'Count'), act(2, 'Remove')];
    expect(key().take(orderedBounds(undone), ...undone).result).toEqual({ kind: 'unchanged' });
    const k = key().take(orderedBounds([act(1, 'Count')]), act(1, 'Count'));
    expect(k.take(orderedBounds([act(2, 'Leave')]), act(2, 'Leave')).result.kind).toBe('unchanged');
  });
});

describe('on an unordered bus', () => {
  test('what may be overtaken waits in the window, and a late event is folded where it belongs', () => {
    const k = key().take(upTo(0), act(2, 'Count'), act(4, 'Count'));
    expect(k.state).toMatchObject({
      kind: 'open',
      base: { at: { ...at(1), logTime: at(0).logTime, index: -1 } },
    });
    expect(k.take(upTo(0), act(3, 'Want'), act(2, 'Count')).positions).toEqual([2, 3, 4]);
    expect(k.window).toEqual([2, 3, 4]);
  });

  test('the base moves up for nothing once the window has settled', () => {
    const k = key().take(upTo(0), act(1, 'Count'), act(2, 'Count')).take(upTo(2), act(3, 'Count'));
    expect(k.state).toMatchObject({ kind: 'open', base: { at: at(2), document: { ids: [id(1), id(2)] } } });
    expect(k.window).toEqual([3]);
    expect([...k.calls.values()]).toEqual([1, 1, 1]);
    expect(k.take(upTo(3)).state).toEqual({ kind: 'settled', at: at(3) });
  });

  test('or when half of it has, and not before', () => {
    const k = key().take(upTo(0), act(1, 'Count'), act(2, 'Count'), act(3, 'Count'));
    expect(k.take(upTo(1), act(4, 'Count')).window).toEqual([1, 2, 3, 4]);
    expect(k.take(upTo(3), act(5, 'Count')).window).toEqual([4, 5]);
    expect(Object.fromEntries(k.calls)).toEqual({
      [id(1)]: 2,
      [id(2)]: 2,
      [id(3)]: 2,
      [id(4)]: 1,
      [id(5)]: 1,
    });
    expect(k.positions).toEqual([1, 2, 3, 4, 5]);
  });

  test('what the watermark covers is dropped, though the item does not have it', () => {
    const k = key().take(upTo(1), act(1, 'Count'));
    expect(k.result).toEqual({ kind: 'unchanged' });
    expect(k.take(upTo(1), act(2, 'Count'), act(1, 'Count')).positions).toEqual([2]);
    // Of a log that is ahead of the others, it may lie behind all that has settled.
    const ahead: Bounds = { ...upTo(1), isCovered: ({ position }) => position === 4 };
    expect(k.take(ahead, act(3, 'Count'), act(4, 'Count')).positions).toEqual([2, 3]);
  });

  test('a removed document stays removed when an older event comes', () => {
    const k = key().take(upTo(0), act(1, 'Count'), act(3, 'Remove')).take(upTo(0), act(2, 'Count'));
    expect(k.item).not.toHaveProperty('document');
    expect(k.take(upTo(3)).state).toEqual({ kind: 'removed', at: at(3) });
    expect(k.take(upTo(1), act(2, 'Count')).result).toEqual({ kind: 'unchanged' });
  });
});

describe('an event that cannot be applied', () => {
  test('is in doubt, and mended by one that comes late', () => {
    const k = key().take(upTo(0), act(3, 'Need'), act(4, 'Count'));
    expect(k.item).not.toHaveProperty('document');
    expect(k.state).toMatchObject({ doubt: { eventId: id(3), code: 'HANDLER_THREW' } });
    expect(k.window).toEqual([3, 4]);
    expect(newlyParked(k.result)).toBeUndefined();
    expect(k.take(upTo(0)).result).toEqual({ kind: 'unchanged' });
    k.take(upTo(1), act(2, 'Count'));
    expect(k.positions).toEqual([2, 3, 4]);
    expect(k.state).not.toHaveProperty('doubt');
  });

  test('parks the key once nothing can come before it: the document before it stays', () => {
    const k = key().take(upTo(0), act(1, 'Count'), act(2, 'Make'), act(3, 'Count'));
    expect(k.positions).toEqual([1]);
    expect(k.take(upTo(1)).state).toMatchObject({ kind: 'open', base: { at: at(1) } });
    k.take(upTo(2), act(4, 'Count'));
    expect(k.state).toEqual({
      kind: 'behind',
      base: { document: k.item?.document, at: at(1) },
      cause: {
        kind: 'parked',
        eventId: id(2),
        code: 'HANDLER_THREW',
        message: '`apply` of Make threw: there is one',
      },
    });
    expect(k.positions).toEqual([1]);
    expect(newlyParked(k.result)).toMatchObject({ key: 'k', eventId: id(2) });
    expect(k.result).toMatchObject({ indexEntries: [{ index: 'byFirst', partition: id(1) }] });
    // The catch-up reads what comes from the log.
    expect(k.take(upTo(4), act(5, 'Count')).result).toEqual({ kind: 'unchanged' });
  });

  test('parks an open item too, when it is the newest and nothing can come before it', () => {
    const k = key().take(upTo(0), act(1, 'Count'));
    const made = [act(2, 'Make')];
    expect(k.take(orderedBounds(made), ...made).state).toMatchObject({
      kind: 'behind',
      base: { at: at(1) },
      cause: { kind: 'parked', eventId: id(2) },
    });
  });

  test('is told anew when something else is wrong with it', () => {
    let why = 'away';
    const { projection, code } = failing(() => why);
    const events = [act(2, 'Count')];
    const first = converge(projection, 'k', undefined, events, upTo(0), defaultLimits);
    if (first.kind !== 'changed') throw new Error('nothing has changed');
    expect(code(first)).toBe('away');
    const again = (): Converged => converge(projection, 'k', first.item, [], upTo(0), defaultLimits);
    expect(again()).toEqual({ kind: 'unchanged' });
    why = 'still away';
    expect(code(again())).toBe('still away');
    why = 'x'.repeat(5000);
    expect(code(again())).toHaveLength(1000 - '`apply` of Count threw: '.length);
  });

  test('is also one whose document no index takes, though the next event replaces it', () => {
    const all = [act(1, 'Count'), act(2, 'Second'), act(3, 'Remove')];
    expect(key().take(orderedBounds(all), ...all).state).toMatchObject({
      cause: { eventId: id(2), code: 'INDEX_INVALID' },
      base: { at: at(1) },
    });
  });

  test('is also one whose document the store cannot hold', () => {
    const all = [act(1, 'Grow'), act(2, 'Grow'), act(3, 'Remove')];
    const small = { ...defaultLimits, itemBytes: 400 };
    expect(key(small).take(orderedBounds(all), ...all).state).toMatchObject({
      cause: {
        eventId: id(2),
        code: 'DOCUMENT_TOO_LARGE',
        message: expect.stringContaining('has 400 at most'),
      },
    });
  });
});

/** A projection whose handler throws what it is told to. */
function failing(why: () => string) {
  const acting = actsProjection();
  const handlers = new Map(acting.handlers);
  const counting = handlers.get('Count');
  if (!counting) throw new Error('there is no handler');
  const apply = (): never => {
    throw new Error(why());
  };
  handlers.set('Count', { ...counting, handler: { ...counting.handler, apply } });
  const code = (result: Converged): string | undefined =>
    result.kind === 'changed' && result.item.state.kind === 'open'
      ? result.item.state.doubt?.message.replace('`apply` of Count threw: ', '')
      : undefined;
  return { projection: { ...acting, handlers }, code };
}

describe('an item that grows too much leaves it to a catch-up', () => {
  test('with too many events', () => {
    const k = key({ ...defaultLimits, windowEvents: 3 });
    k.take(upTo(0), act(1, 'Count'), act(2, 'Count'), act(3, 'Count'));
    expect(k.state?.kind).toBe('open');
    // What has settled makes room first.
    expect(k.take(upTo(1), act(4, 'Count')).window).toEqual([2, 3, 4]);
    k.take(upTo(1), act(5, 'Count'));
    expect(k.state).toMatchObject({ kind: 'behind', base: { at: at(1) }, cause: { kind: 'window' } });
    expect(k.positions).toEqual([1, 2, 3, 4, 5]);
  });

  test('with too many bytes of events', () => {
    const k = key({ ...defaultLimits, windowBytes: 1000 });
    k.take(upTo(0), exampleEvent(1, 'Count', { text: 'x'.repeat(800) }));
    expect(k.state?.kind).toBe('open');
    expect(k.take(upTo(0), act(2, 'Count')).state?.kind).toBe('open');
    expect(k.take(upTo(0), act(3, 'Count')).state?.kind).toBe('behind');
  });

  test('with its documents and events together; then two documents that do not fit are one', () => {
    const k = key(limitsOf({ itemBytes: 850 }));
    const first = [act(1, 'Grow')];
    k.take(orderedBounds(first), ...first);
    expect(k.take(upTo(1), act(2, 'Count')).state?.kind).toBe('open');
    const larger = k.item;
    expect(k.take(upTo(1), act(3, 'Grow')).state).toMatchObject({ kind: 'behind', base: { at: at(1) } });
    expect(k.positions).toEqual([1, 2, 3]);
    k.item = larger;
    k.take(upTo(1), act(3, 'Grow'), act(4, 'Grow'));
    expect(k.state).toMatchObject({ kind: 'behind', base: { at: at(1) } });
    expect(k.positions).toEqual([1]);
    expect(k.result).toMatchObject({ indexEntries: [{ partition: id(1) }] });
  });

  test('a store without a limit has the default ones', () => {
    expect(limitsOf({})).toBe(defaultLimits);
  });
});
