import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LogHistory, type Step } from '../log-history.ts';

const count = (max: number) => fc.integer({ min: 1, max });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('append' as const), entries: count(3), bytes: count(60) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('sync' as const), wait: fc.boolean() }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('long' as const),
      lines: count(12),
      bytes: fc.constantFrom(10, 60, 120),
      syncEvery: count(4),
      abort: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('die' as const), within: count(30), power: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('takeOver' as const), meanwhile: count(4) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stale' as const), entries: count(4) }) },
);

/*
 * As the log's own property, with entries that are longer than its segments and its buffer, as large transactions are:
 * what is cut off or taken back lies in several files then, and partly synced.
 */
test('entries over several segments, taken back and cut off: what is acknowledged stays, nothing else comes back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer(),
        segmentBytes: fc.constantFrom(150, 300, 2000),
        bufferBytes: fc.constantFrom(100, 400),
        codec: fc.constant('zst' as const),
      }),
      fc.array(step, { minLength: 3, maxLength: 20 }),
      async (options, steps) => {
        const history = new LogHistory(options);
        await history.run(steps);
        expect(history.violations).toEqual([]);
      },
    ),
    { numRuns: process.env['BANYAN_LONG'] === undefined ? 600 : 10_000 },
  );
}, 1_800_000);
