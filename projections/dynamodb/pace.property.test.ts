import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { eased, fullPace, slowed, type Pace } from './pace.ts';

test('a pace stays between one call and as many as are allowed, whatever happens', () => {
  const outcome = fc.record({ isThrottled: fc.boolean(), late: fc.nat(3) });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.array(outcome, { maxLength: 300 }), (most, outcomes) => {
      let pace = fullPace(most);
      for (const { isThrottled, late } of outcomes) {
        const next: Pace = isThrottled ? slowed(pace, pace.slowings - late) : eased(pace);
        if (isThrottled && late > 0) expect(next).toBe(pace);
        else if (isThrottled) expect(next.width).toBe(Math.max(1, pace.width / 2));
        else expect(next.width).toBeGreaterThanOrEqual(pace.width);
        pace = next;
        expect(pace.width).toBeGreaterThanOrEqual(1);
        expect(pace.width).toBeLessThanOrEqual(most);
      }
    }),
  );
});

test('calls that were throttled together slow it once; while all goes well it comes back', () => {
  let pace = slowed(slowed(slowed(fullPace(64), 0), 0), 0);
  expect(pace.width).toBe(32);
  for (let calls = 0; calls < 64 * 64; calls += 1) pace = eased(pace);
  expect(pace.width).toBe(64);
});
