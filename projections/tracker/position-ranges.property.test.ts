import { expect, test } from '@jest/globals';
import type { LogCursor } from 'banyan/events';
import fc from 'fast-check';
import type { PositionRange } from './ledger.ts';
import { absorbed, gapsBetween, isWithinAny, withRange } from './position-ranges.ts';

const last = 20;
const range = fc
  .tuple(fc.integer({ min: 1, max: last }), fc.nat(4))
  .map(([from, more]): PositionRange => ({ from, to: from + more }));
const ranges = fc
  .array(range, { maxLength: 6 })
  .map((all) => all.reduce<readonly PositionRange[]>((some, one) => withRange(some, one), []));
const cursor: fc.Arbitrary<LogCursor | undefined> = fc.option(
  fc.oneof(
    fc.record({ position: fc.nat(last) }),
    fc.record({ position: fc.integer({ min: 1, max: last }), index: fc.nat(3) }),
  ),
  { nil: undefined },
);

const positions = Array.from({ length: last + 10 }, (_, at) => at + 1);
const within = (all: readonly PositionRange[]): number[] => positions.filter((at) => isWithinAny(all, at));
/** Whether something of a position lies behind the cursor. */
const isBehind = (at: number, from: LogCursor | undefined): boolean =>
  at > (from?.position ?? 0) || (at === from?.position && from.index !== undefined);

test('a range is added to ranges, which stay in order and apart', () => {
  fc.assert(
    fc.property(ranges, range, (all, one) => {
      const more = withRange(all, one);
      expect(within(more)).toEqual(positions.filter((at) => isWithinAny([...all, one], at)));
      more.forEach(({ from, to }, at) => {
        expect(from).toBeLessThanOrEqual(to);
        expect(from).toBeGreaterThan((more[at - 1]?.to ?? -1) + 1);
      });
    }),
  );
});

test('gaps and ranges make up all that lies behind a cursor', () => {
  fc.assert(
    fc.property(ranges, cursor, fc.nat(last), (all, after, to) => {
      const gaps = gapsBetween(after, to, all);
      const found = positions.filter((at) => gaps.some((gap) => isBehind(at, gap.after) && at <= gap.to));
      expect(found).toEqual(
        positions.filter((at) => isBehind(at, after) && at <= to && !isWithinAny(all, at)),
      );
      // Only the first begins within a transaction, where the cursor is.
      for (const { after: begin } of gaps) if (begin?.index !== undefined) expect(begin).toEqual(after);
    }),
  );
});

test('a cursor moves over the ranges that follow it, and no further', () => {
  fc.assert(
    fc.property(ranges, cursor, (all, from) => {
      const { cursor: moved, ranges: left } = absorbed(from, all);
      const isOpen = (at: number): boolean => isBehind(at, from) && !isWithinAny(all, at);
      const firstOpen = positions.find(isOpen);
      expect(positions.find((at) => isBehind(at, moved) && !isWithinAny(left, at))).toBe(firstOpen);
      expect(positions.filter((at) => isBehind(at, moved))[0]).toBe(firstOpen);
      expect(positions.filter((at) => isBehind(at, moved) && isWithinAny(left, at))).toEqual(
        positions.filter((at) => at > (firstOpen ?? 0) && isWithinAny(all, at)),
      );
    }),
  );
});
