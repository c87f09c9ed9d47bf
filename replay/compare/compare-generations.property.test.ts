import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createMemoryViewStore, type Document, type Item } from 'banyan/projections';
import { canonicalJson } from 'banyan/runtime';
import type { EventLogRef } from 'banyan/events';
import {
  allPages,
  at,
  exampleGeneration,
  settled,
  tombstone,
  write,
} from '../../projections/testing/examples.ts';
import { feedView, inOrder, interrupted, type MadeEvent, type MadeFold } from '../testing/fed-views.ts';
import { compareGenerations } from './compare-generations.ts';

const long = process.env['BANYAN_LONG'] !== undefined;
const log = { source: 'shop', translation: 'orders', version: 1 };

describe('two generations at rest', () => {
  const item = (key: string): fc.Arbitrary<Item | undefined> =>
    fc.oneof(
      fc.constant(undefined),
      fc.constant(tombstone(key, 3)),
      fc.record({ a: fc.nat(1), b: fc.nat(1) }).map((document) => settled(key, 3, document)),
    );
  const side = fc.tuple(...['a', 'b', 'c', 'd', 'e', 'f'].map(item));

  test('compare as their documents do one by one', async () => {
    const check = fc.asyncProperty(side, side, async (before, after) => {
      const store = createMemoryViewStore();
      const live = await store.createGeneration(exampleGeneration({ state: { kind: 'live' }, logs: [log] }));
      const next = await store.createGeneration({ ...live, number: 2, state: { kind: 'ready' } });
      await store.writeMany(
        live,
        before.flatMap((one) => (one ? [write(one)] : [])),
      );
      await store.writeMany(
        next,
        after.flatMap((one) => (one ? [write(one)] : [])),
      );
      const { documents, unexplained, unsettled } = await compareGenerations({
        store,
        projection: live.projection,
        live: 1,
        next: 2,
        stillMs: 0,
      });
      const kinds = before.map((one, n) => kindOf(one?.document, after[n]?.document));
      const count = (kind: string): number => kinds.filter((one) => one === kind).length;
      expect(documents).toEqual({
        added: count('added'),
        removed: count('removed'),
        changed: count('changed'),
        unchanged: count('unchanged'),
      });
      expect(unexplained.count).toBe(kinds.length - count('unchanged') - count('none'));
      expect(unsettled).toBe(0);
    });
    await fc.assert(check, { numRuns: long ? 2000 : 100 });
  });

  function kindOf(before: Document | undefined, after: Document | undefined): string {
    if (before && after) return canonicalJson(before) === canonicalJson(after) ? 'unchanged' : 'changed';
    return before ? 'removed' : after ? 'added' : 'none';
  }
});

describe('two generations that are fed meanwhile', () => {
  const orders = log;
  const customers = { source: 'shop', translation: 'customers', version: 1 };
  const contacts = { source: 'crm', translation: 'contacts', version: 1 };
  const keys = Array.from({ length: 12 }, (_, n) => `k${String(n).padStart(2, '0')}`);
  const isFlagged = (key: string): boolean => Number(key.slice(1)) % 3 === 0;

  /** The live code counts, and writes again what a touch does not change; the next one has its fault mended. */
  const oldCode: MadeFold = (document, { kind, amount }) => {
    if (kind === 'remove') return 'removed';
    if (kind === 'touch') return document;
    return { n: Number(document?.['n'] ?? 0) + 1, total: Number(document?.['total'] ?? 0) + amount };
  };
  const newCode: MadeFold = (document, event) => {
    if (event.kind === 'touch') return undefined;
    const made = oldCode(document, event);
    return typeof made === 'object' && isFlagged(event.key) ? { ...made, total: -1 } : made;
  };

  const step = fc.record({
    log: fc.nat(2),
    key: fc.oneof(fc.constantFrom(...keys), fc.constant('k00')),
    kind: fc.constantFrom('add' as const, 'add' as const, 'touch' as const, 'remove' as const),
    amount: fc.integer({ min: 1, max: 9 }),
    /** Whether it belongs to the transaction before. */
    joined: fc.boolean(),
    /** Whether log time stands still. */
    sameTime: fc.boolean(),
  });
  const scenario = fc.record({
    steps: fc.array(step, { minLength: 5, maxLength: 60 }),
    logs: fc.constantFrom([orders], [orders, customers], [orders, contacts], [orders, customers, contacts]),
    newVersion: fc.boolean(),
    began: fc.tuple(fc.nat(40), fc.nat(40)),
    feeding: fc.array(fc.record({ side: fc.nat(1), events: fc.nat(4), ahead: fc.boolean() }), {
      maxLength: 200,
    }),
  });
  type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

  function historyOf({ steps, logs }: Scenario): MadeEvent[] {
    const positions = new Map<string, number>();
    let time = 0;
    const first = keys.map((key) => ({
      log: 0,
      key,
      kind: 'add' as const,
      amount: 1,
      joined: false,
      sameTime: false,
    }));
    return [...first, ...steps].map(({ log: n, key, kind, amount, joined, sameTime }, index) => {
      const of = logs[n % logs.length] ?? orders;
      const before = positions.get(of.source) ?? 0;
      const position = joined && before > 0 ? before : before + 1;
      positions.set(of.source, position);
      if (position > before && !sameTime) time += 1;
      return {
        at: { ...at(time), source: of.source, position, translation: of.translation, index },
        log: of,
        key,
        kind,
        amount,
      };
    });
  }

  /** A transaction has one log time: that of its first event. */
  function withOneTime(events: MadeEvent[]): MadeEvent[] {
    const times = new Map<string, string>();
    return events.map((event) => {
      const transaction = `${event.at.source} ${event.at.position}`;
      const logTime = times.get(transaction) ?? event.at.logTime;
      times.set(transaction, logTime);
      return { ...event, at: { ...event.at, logTime } };
    });
  }

  test('differ in what their code makes of them, and never in their time', async () => {
    const check = fc.asyncProperty(scenario, async (given) => {
      const events = inOrder(withOneTime(historyOf(given)));
      const store = createMemoryViewStore();
      const live = await store.createGeneration(
        exampleGeneration({ state: { kind: 'live' }, logs: given.logs }),
      );
      // A mended translation: the same positions, other versions, other numbers of the events within.
      const version = (ref: EventLogRef): EventLogRef => ({ ...ref, version: 2 });
      const mended = given.newVersion
        ? events.map((event) => ({
            ...event,
            log: version(event.log),
            at: { ...event.at, index: event.at.index + 7 },
          }))
        : events;
      const next = await store.createGeneration({
        ...live,
        number: 2,
        state: { kind: 'ready' },
        logs: given.newVersion ? given.logs.map(version) : given.logs,
      });
      const views = [feedView(store, live, events, oldCode), feedView(store, next, mended, newCode)];
      for (const [n, view] of views.entries()) await view.feed(keys.length + (given.began[n] ?? 0));
      const feeding = [...given.feeding];
      let turn = 0;
      const between = async (): Promise<void> => {
        const {
          side,
          events: count,
          ahead,
        } = feeding.shift() ?? { side: (turn += 1) % 2, events: 2, ahead: false };
        const view = views[side];
        if (view && !view.isAtEnd) await view.feed(count, ahead);
      };
      const shown = await compareGenerations({
        store: interrupted(store, between),
        projection: live.projection,
        live: 1,
        next: 2,
        chunkSize: 3,
        listed: 100,
      });
      for (const { key, fields } of shown.unexplained.listed)
        expect([key, isFlagged(key), fields]).toEqual([key, true, ['total']]);
      expect(shown).toMatchObject({ documents: { added: 0, removed: 0 }, unsettled: 0 });
      const removed = new Set(events.filter(({ kind }) => kind === 'remove').map(({ key }) => key));
      const lasting = keys.filter((key) => isFlagged(key) && !removed.has(key));
      expect(shown.unexplained.listed.map(({ key }) => key)).toEqual(expect.arrayContaining(lasting));
      expect(shown.documents.unchanged).toBeGreaterThanOrEqual(
        keys.filter((key) => !isFlagged(key) && !removed.has(key)).length,
      );
    });
    await fc.assert(check, { numRuns: long ? 2000 : 60 });
  });
});

test('pages on both sides are joined whatever their keys', async () => {
  const store = createMemoryViewStore();
  const live = await store.createGeneration(exampleGeneration({ state: { kind: 'live' }, logs: [log] }));
  const next = await store.createGeneration({ ...live, number: 2, state: { kind: 'ready' } });
  const name = (n: number): string => `k${String(n).padStart(5, '0')}`;
  const numbers = Array.from({ length: 3000 }, (_, n) => n);
  await store.writeMany(
    live,
    numbers.filter((n) => n % 2 === 0 || n > 2000).map((n) => write(settled(name(n), 1, { n }))),
  );
  await store.writeMany(
    next,
    numbers
      .filter((n) => n % 3 === 0 || n < 700)
      .map((n) => write(settled(name(n), 1, { n: n % 500 === 0 ? -1 : n }))),
  );
  const [one, other] = await Promise.all(
    [live, next].map(
      async (id) =>
        new Map(
          (
            await allPages((after) => store.scan(id, { limit: 1000, ...(after !== undefined && { after }) }))
          ).map(({ key, document }) => [key, document]),
        ),
    ),
  );
  const both = [...(one ?? [])].filter(([key]) => other?.has(key));
  const changed = both.filter(
    ([key, document]) => canonicalJson(document) !== canonicalJson(other?.get(key)),
  ).length;
  const seen: number[] = [];
  const { documents } = await compareGenerations({
    store,
    projection: live.projection,
    live: 1,
    next: 2,
    onProgress: ({ keys }) => void seen.push(keys),
  });
  expect(documents).toEqual({
    added: (other?.size ?? 0) - both.length,
    removed: (one?.size ?? 0) - both.length,
    changed,
    unchanged: both.length - changed,
  });
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
});
