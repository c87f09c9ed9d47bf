import fc from 'fast-check';

/** What a transaction of a source says in one of its event logs. */
export interface Said {
  readonly type: 'Put' | 'Gone' | 'Skip' | 'Maybe' | 'Needs' | 'Poison' | 'Noise';
  readonly keys: readonly string[];
}

/** One transaction: a source, how much later than the one before, and what its translations make of it. */
export interface Happening {
  readonly source: 'shop' | 'crm';
  /** Milliseconds: often none, so that order keys are decided by their later fields. */
  readonly later: number;
  readonly orders: readonly Said[];
  readonly stock: readonly Said[];
}

/** Few, so that each is removed and used again often. */
const key = fc.nat({ max: 2 }).map((number) => `k${String(number)}`);

const said: fc.Arbitrary<Said> = fc.record({
  // Poison parks a key for good, so that it must be rare for anything else to be seen.
  type: fc.oneof(
    { weight: 60, arbitrary: fc.constant('Put' as const) },
    { weight: 15, arbitrary: fc.constant('Gone' as const) },
    { weight: 5, arbitrary: fc.constant('Skip' as const) },
    { weight: 8, arbitrary: fc.constant('Maybe' as const) },
    { weight: 4, arbitrary: fc.constant('Needs' as const) },
    { weight: 1, arbitrary: fc.constant('Poison' as const) },
    { weight: 7, arbitrary: fc.constant('Noise' as const) },
  ),
  keys: fc.array(key, { maxLength: 3 }),
});

/** Histories of two sources, the first with two translations. */
export const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.record({
    source: fc.constantFrom('shop' as const, 'shop' as const, 'crm' as const),
    later: fc.nat({ max: 2 }),
    orders: fc.array(said, { maxLength: 4 }),
    stock: fc.array(said, { maxLength: 2 }),
  }),
  { minLength: 1, maxLength: 40 },
);
