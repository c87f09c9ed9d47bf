import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LogHistory, type Step } from '../../kit/log-history.ts';

const count = (max: number) => fc.integer({ min: 1, max });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('append' as const), entries: count(5), bytes: count(300) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('sync' as const), wait: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('long' as const),
      lines: count(12),
      bytes: count(200),
      syncEvery: count(6),
      abort: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('follow' as const), from: count(20), outside: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), from: count(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('die' as const), within: count(30), power: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('takeOver' as const), meanwhile: count(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('stale' as const), entries: count(4) }) },
);

test('whatever dies whenever, an acknowledged entry is there once, whole, in order, and none is seen and taken back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer(),
        segmentBytes: fc.integer({ min: 200, max: 3000 }),
        bufferBytes: fc.constantFrom(400, 4000, 4 << 20),
        codec: fc.constantFrom('zst' as const, 'gz' as const),
      }),
      // The largest, since fast-check's own size keeps histories short.
      fc.array(step, { minLength: 3, maxLength: 40, size: 'max' }),
      async (options, steps) => {
        const history = new LogHistory(options);
        await history.run(steps);
        expect(history.violations).toEqual([]);
      },
    ),
    { numRuns: process.env['BANYAN_LONG'] === undefined ? 150 : 5000 },
  );
}, 1_800_000);
