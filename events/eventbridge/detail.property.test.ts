import { expect, test } from '@jest/globals';
import { eventAt, eventLogName, type DomainEvent, type EventLogRef, type Tally } from 'banyan/events';
import { canonicalJson, type JsonObject } from 'banyan/runtime';
import fc from 'fast-check';
import { timeAt } from '../testing/change-entries.ts';
import { toDetail, toProbeDetail, toReferenceDetail, toTallyDetail } from './detail.ts';
import { fromDetail } from './from-detail.ts';

const name = fc.string({ minLength: 1, maxLength: 12, unit: 'binary' });
const time = fc.nat(1_000_000_000).map(timeAt);
const ref: fc.Arbitrary<EventLogRef> = fc.record({ source: name, translation: name, version: fc.nat() });
const json = fc.json({ stringUnit: 'binary' }).map((text) => JSON.parse(text) as JsonObject[string]);
const event: fc.Arbitrary<DomainEvent> = fc
  .record({
    log: ref,
    place: fc.record({
      position: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      index: fc.nat(),
      logTime: time,
      committedAt: time,
    }),
    stored: fc.record({ type: name, data: fc.record({ a: json, ['__proto__']: json }) }),
  })
  .map(({ log, place, stored }) => eventAt(log, place, stored));

/** As EventBridge hands it on: parsed and written again, with white space of its own. */
const carried = (detail: string): unknown => JSON.parse(JSON.stringify(JSON.parse(detail), null, 1));

test('an event read back is the one that was published, from the text and from the envelope', () => {
  fc.assert(
    fc.property(event, (published) => {
      const text = toDetail(published);
      for (const detail of [text, carried(text)]) {
        const read = fromDetail(detail);
        if (read.kind !== 'event') throw new Error(read.kind);
        expect(canonicalJson(read.event)).toBe(canonicalJson(published));
        expect(JSON.stringify(read.event)).toBe(JSON.stringify(published));
        expect(toDetail(read.event)).toBe(text);
      }
    }),
  );
});

test('an event is a CloudEvent: required attributes are texts, names of extensions lower-case, values plain', () => {
  fc.assert(
    fc.property(event, (published) => {
      for (const text of [toDetail(published), toReferenceDetail(published)]) {
        const { data, ...attributes } = JSON.parse(text) as Record<string, unknown>;
        expect(data).toEqual(text === toDetail(published) ? expect.anything() : undefined);
        const { specversion, id, source, type } = attributes;
        expect([specversion, id, source, type]).toEqual([
          '1.0',
          published.id,
          published.source,
          published.type,
        ]);
        for (const [attribute, value] of Object.entries(attributes)) {
          expect(attribute).toMatch(/^[a-z0-9]{1,20}$/);
          expect(['string', 'number']).toContain(typeof value);
        }
      }
    }),
  );
});

test('a reference names its event without the data', () => {
  fc.assert(
    fc.property(event, (published) => {
      const { id, type, position, index, logTime, committedAt, source, translation, version } = published;
      expect(fromDetail(toReferenceDetail(published))).toEqual({
        kind: 'reference',
        reference: { log: { source, translation, version }, position, index, id, type, logTime, committedAt },
      });
    }),
  );
});

test('a tally and a probe are read back', () => {
  const counts = fc.dictionary(name, fc.nat());
  const tally = fc.record({ after: fc.nat(), to: fc.nat(), logTime: time, at: time, counts });
  fc.assert(
    fc.property(ref, tally, name, (log, counted, subscription) => {
      const made: Tally = { log: eventLogName(log), ...counted };
      const read = fromDetail(toTallyDetail(log, made));
      expect(canonicalJson(read)).toBe(canonicalJson({ kind: 'tally', log, tally: made }));
      const probe = { subscription, id: 'p1', at: timeAt(1) };
      expect(fromDetail(toProbeDetail(probe))).toEqual({ kind: 'probe', probe });
    }),
  );
});

test('what is no message of ours is refused by name, whatever it is, and its values are not told', () => {
  const refused = expect.objectContaining({ code: 'DETAIL_INVALID', retryable: false });
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.json()), (detail) => {
      expect(() => fromDetail(detail)).toThrow(refused);
    }),
  );
  const secret = { specversion: '1.0', kind: 'event', id: ['anna@example.org'] };
  expect(() => fromDetail(secret)).toThrow(/"source" is expected to be a text, and is undefined/);
  expect(() => fromDetail({ ...secret, source: 'anna@example.org', translation: 7 })).toThrow(
    /^(?!.*anna).*"translation".* number/,
  );
});

test('each missing attribute of an event is named', () => {
  const log = { source: 'shop', translation: 'orders', version: 1 };
  const place = { position: 4, index: 0, logTime: timeAt(1), committedAt: timeAt(1) };
  const fields = JSON.parse(toDetail(eventAt(log, place, { type: 'A', data: {} }))) as Record<
    string,
    unknown
  >;
  const unread = ['log', 'datacontenttype'];
  for (const field of Object.keys(fields).filter((one) => !unread.includes(one))) {
    const without = Object.fromEntries(Object.entries(fields).filter(([one]) => one !== field));
    expect(() => fromDetail(without)).toThrow(`"${field}"`);
  }
});
