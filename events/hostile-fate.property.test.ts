import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkHostility, fateOf, type Hostility } from './hostile-fate.ts';
import { createDueQueue, type Copy } from './hostile-queue.ts';

const numRuns = process.env['BANYAN_LONG'] ? 20_000 : 300;

const hostilities: fc.Arbitrary<Hostility> = fc.record({
  seed: fc.maxSafeInteger(),
  drop: fc.double({ min: 0, max: 1, noNaN: true }),
  repeat: fc.integer({ min: 1, max: 10 }),
  delayMs: fc.nat(100_000),
  batch: fc.integer({ min: 1, max: 100 }),
});
const names = fc.string({ minLength: 1 });

test('a fate lies within what was asked for, and follows from seed, subscription and event alone', () => {
  fc.assert(
    fc.property(hostilities, names, names, (hostility, subscription, id) => {
      checkHostility(hostility);
      const fate = fateOf(hostility, subscription, id);
      expect(fateOf({ ...hostility }, subscription, id)).toEqual(fate);
      expect(fate.copies.length).toBeLessThanOrEqual(hostility.repeat);
      for (const { delay } of fate.copies) {
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(hostility.delayMs);
      }
      expect(fate.batch).toBeGreaterThanOrEqual(1);
      expect(fate.batch).toBeLessThanOrEqual(hostility.batch);
      expect(fateOf({ ...hostility, drop: 1 }, subscription, id).copies).toEqual([]);
      expect(fateOf({ ...hostility, drop: 0, repeat: 1 }, subscription, id).copies).toHaveLength(1);
    }),
    { numRuns },
  );
});

test('another seed, subscription or event has other fates', () => {
  const hostility: Hostility = { seed: 1, drop: 0.5, repeat: 3, delayMs: 100, batch: 10 };
  const fates = (seed: number, subscription: string, at: number): string =>
    JSON.stringify(
      Array.from({ length: 20 }, (_, n) => fateOf({ ...hostility, seed }, subscription, String(n + at))),
    );
  const all = [fates(1, 'a', 0), fates(2, 'a', 0), fates(1, 'b', 0), fates(1, 'a', 100)];
  expect(new Set(all).size).toBe(4);
});

test.each([
  ['seed', 0.5],
  ['drop', 1.1],
  ['drop', Number.NaN],
  ['repeat', 0],
  ['delayMs', -1],
  ['batch', 1.5],
])('%s %d is refused', (field, value) => {
  const hostility = { seed: 1, drop: 0.1, repeat: 2, delayMs: 10, batch: 5, [field]: value };
  expect(() => {
    checkHostility(hostility);
  }).toThrow(expect.objectContaining({ code: 'HOSTILITY_INVALID', message: expect.stringContaining(field) }));
});

/** A copy of no event in particular. */
function copy(number: number, due: number, batch: number): Copy {
  const event = {} as Copy['event'];
  return { event, bytes: number, number, due, refused: 0, batch, spread: 0 };
}

test('a queue gives what is due, the soonest first, as many as the first allows', () => {
  const step = fc.record({
    due: fc.nat(10),
    batch: fc.integer({ min: 1, max: 4 }),
    take: fc.option(fc.nat(12), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const queue = createDueQueue();
      let model: Copy[] = [];
      steps.forEach(({ due, batch, take }, number) => {
        const added = copy(number, due, batch);
        queue.add(added);
        model = [...model, added].sort((one, other) => one.due - other.due || one.number - other.number);
        if (take === undefined) return;
        const expected = model.filter((one) => one.due <= take).slice(0, model[0]?.batch);
        expect(queue.take(take)).toEqual(expected);
        model = model.slice(expected.length);
      });
      expect(queue.size).toBe(model.length);
      expect(queue.bytes).toBe(model.reduce((sum, { bytes }) => sum + bytes, 0));
      expect(queue.nextDue).toBe(model[0]?.due);
    }),
    { numRuns },
  );
});
