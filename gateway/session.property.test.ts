import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  covers,
  mergePlaces,
  mergeSessions,
  readSession,
  sessionLimit,
  writeSession,
  type Places,
  type Session,
} from './session.ts';

const numRuns = process.env['BANYAN_LONG'] ? 20_000 : 300;

const position = fc.oneof(
  fc.integer({ min: 1, max: 4 }),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
);
const place = fc.record({ position, index: fc.integer({ min: 0, max: 3 }) });
const log = fc.oneof(
  fc.constantFrom('shop:orders', 'shop:bills', '__proto__'),
  fc.string({ minLength: 1, unit: 'binary' }),
);
const places = fc.array(fc.tuple(log, place), { maxLength: 6 }).map((entries): Places => new Map(entries));
const session = fc.record<Session>({
  group: fc.constant('orders'),
  epoch: fc.integer({ min: 1, max: 1000 }),
  shown: places,
});

describe('a token', () => {
  test('is read as what was written', () => {
    fc.assert(
      fc.property(session, (one) => {
        expect(readSession(writeSession(one), 'orders')).toEqual({ kind: 'session', session: one });
      }),
      { numRuns },
    );
  });

  test('of any text or JSON is a session or a problem, and never throws', () => {
    const bytes = fc.uint8Array().map((some) => Buffer.from(some).toString('base64url'));
    const json = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
    const tuple = fc
      .tuple(fc.constant('orders'), fc.jsonValue(), fc.jsonValue())
      .map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), bytes, json, tuple), (text) => {
        const read = readSession(text, 'orders');
        if (read.kind === 'invalid') expect(read.problem).not.toBe('');
        else expect(read).toMatchObject({ kind: 'session', session: { group: 'orders' } });
      }),
      { numRuns },
    );
  });

  test('of several sessions is that of their merge', () => {
    fc.assert(
      fc.property(fc.array(session, { minLength: 1, maxLength: 4 }), (several) => {
        const [first, ...others] = several as [Session, ...Session[]];
        const read = readSession(several.map(writeSession).join(', '), 'orders');
        expect(read).toEqual({ kind: 'session', session: others.reduce(mergeSessions, first) });
      }),
      { numRuns },
    );
  });
});

describe('merging', () => {
  test('is commutative, associative and idempotent, and never goes back', () => {
    fc.assert(
      fc.property(session, session, session, (a, b, c) => {
        const merged = mergeSessions(a, b);
        expect(mergeSessions(b, a)).toEqual(merged);
        expect(mergeSessions(a, mergeSessions(b, c))).toEqual(mergeSessions(merged, c));
        expect(mergeSessions(a, a)).toEqual(a);
        for (const { epoch, shown } of [a, b]) {
          expect(merged.epoch).toBeGreaterThanOrEqual(epoch);
          expect(covers(merged.shown, shown)).toBe(true);
        }
      }),
      { numRuns },
    );
  });

  test('keeps nothing that neither had', () => {
    fc.assert(
      fc.property(places, places, (a, b) => {
        for (const [name, merged] of mergePlaces(a, b))
          expect([a.get(name), b.get(name)]).toContainEqual(merged);
      }),
      { numRuns },
    );
  });

  test('with what covers it changes nothing, and only then', () => {
    fc.assert(
      fc.property(places, places, (a, b) => {
        const same = JSON.stringify([...mergePlaces(a, b)]) === JSON.stringify([...a]);
        expect(covers(a, b)).toBe(same);
      }),
      { numRuns },
    );
  });
});

test('a session of more logs than a header holds names its epoch alone', () => {
  const shown = new Map(Array.from({ length: 400 }, (_, n) => [`shop:log${n}`, { position: 1, index: 0 }]));
  const text = writeSession({ group: 'orders', epoch: 7, shown });
  expect(readSession(text, 'orders')).toEqual({
    kind: 'session',
    session: { group: 'orders', epoch: 7, shown: new Map() },
  });
  expect(readSession('a'.repeat(sessionLimit + 1), 'orders')).toMatchObject({ kind: 'invalid' });
});
