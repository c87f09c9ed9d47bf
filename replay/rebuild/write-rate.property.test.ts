import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { faster, fullRate, slower, type WriteRate } from './write-rate.ts';

const numRuns = process.env['BANYAN_LONG'] ? 5000 : 500;

/** What happens, each so many milliseconds behind the one before. */
const happenings = fc.array(
  fc.record({
    behindMs: fc.integer({ min: 0, max: 30_000 }),
    measured: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
  }),
  { maxLength: 40 },
);
const most = fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined });

function after(rate: WriteRate, now: number, measured: number | undefined): WriteRate {
  return measured === undefined ? faster(rate, now) : slower(rate, measured, now, now);
}

test('it is never above what is allowed nor below what is always tried, and only a refusal makes it smaller', () => {
  const holds = fc.property(most, happenings, (allowed, all) => {
    let [now, rate] = [0, fullRate(allowed, 0)];
    expect(rate.perSecond).toBe(allowed ?? Infinity);
    for (const { behindMs, measured } of all) {
      now += behindMs;
      const next = after(rate, now, measured);
      expect(next.perSecond).toBeLessThanOrEqual(allowed ?? Infinity);
      expect(next.perSecond).toBeGreaterThanOrEqual(Math.min(allowed ?? Infinity, 20));
      if (measured === undefined) expect(next.perSecond).toBeGreaterThanOrEqual(rate.perSecond);
      // Whatever was refused at once: half of it at least goes on.
      const floor = Math.min(rate.perSecond, Math.max(20, measured ?? Infinity)) / 2;
      expect(next.perSecond).toBeGreaterThanOrEqual(Math.min(floor, rate.perSecond));
      rate = next;
    }
  });
  fc.assert(holds, { numRuns });
});

test('writes that are refused together halve it once', () => {
  const holds = fc.property(fc.integer({ min: 100, max: 100_000 }), fc.nat(999), (measured, behindMs) => {
    const once = slower(fullRate(undefined, 0), measured, 0, 0);
    expect(once.perSecond).toBe(measured / 2);
    expect(slower(once, measured, behindMs, behindMs).perSecond).toBe(once.perSecond);
    expect(slower(once, measured, 1000, 1000).perSecond).toBeLessThan(once.perSecond);
  });
  fc.assert(holds, { numRuns });
});

test('a write that began before the rate was halved does not halve it again, however long it takes', () => {
  const holds = fc.property(fc.integer({ min: 100, max: 100_000 }), fc.nat(100_000), (measured, behindMs) => {
    const once = slower(fullRate(undefined, 0), measured, 1000, 0);
    const late = slower(once, measured, 1000 + behindMs, 999);
    expect(late).toEqual(faster(once, 1000 + behindMs));
    expect(late.perSecond).toBeGreaterThanOrEqual(once.perSecond);
  });
  fc.assert(holds, { numRuns });
});

test('half of what a store takes is the whole in ten seconds; of a store that takes more by now, twice as much in ten more', () => {
  const holds = fc.property(fc.integer({ min: 100, max: 100_000 }), (measured) => {
    const once = slower(fullRate(undefined, 0), measured, 0, 0);
    expect(faster(once, 9000).perSecond).toBeLessThan(measured);
    const whole = faster(once, 10_000);
    expect(whole.perSecond).toBeCloseTo(measured, 5);
    expect(faster(whole, 20_000).perSecond).toBeGreaterThan(measured * 2);
    // However it is asked, and however long nothing was.
    expect(faster(once, 20_000).perSecond).toBeCloseTo(faster(whole, 20_000).perSecond, 5);
    expect(faster(once, 10 ** 9).perSecond).toBe(Infinity);
  });
  fc.assert(holds, { numRuns });
});

test('a store that takes no more than so many a second is used well, by several at once too', () => {
  const capacities = fc.integer({ min: 100, max: 50_000 });
  const holds = fc.property(capacities, fc.integer({ min: 1, max: 4 }), (capacity, writers) => {
    let rates = Array.from({ length: writers }, () => fullRate(undefined, 0));
    let written = 0;
    const seconds = 400;
    for (let second = 1; second <= seconds; second += 1) {
      const now = second * 1000;
      const asked = rates.reduce((sum, { perSecond }) => sum + perSecond, 0);
      // The store takes a part of what each asks for.
      const share = Math.min(1, capacity / asked);
      const taken = rates.map(({ perSecond }) =>
        perSecond === Infinity ? capacity / writers : perSecond * share,
      );
      if (second > 100) written += taken.reduce((sum, one) => sum + one, 0);
      rates = rates.map((rate, at) => after(rate, now, asked > capacity ? taken[at] : undefined));
    }
    expect(written / (seconds - 100)).toBeGreaterThan(capacity * 0.6);
    expect(written / (seconds - 100)).toBeLessThanOrEqual(capacity);
  });
  fc.assert(holds, { numRuns: numRuns / 10 });
});
