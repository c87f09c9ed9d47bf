import fc from 'fast-check';
import { customers, orders, timeAt, type Said, type World } from './world.ts';

/** A transaction of one of the two logs. */
export interface Happening {
  readonly log: 'orders' | 'customers';
  /** Milliseconds since the one before: often none. */
  readonly later: number;
  readonly gap: number;
  readonly said: readonly Said[];
}

const saidCounted: fc.Arbitrary<Said> = fc.record({
  type: fc.constantFrom('Counted', 'Counted', 'Counted', 'Cleared', 'Unheard'),
  data: fc.record({
    keys: fc.array(
      fc.nat(15).map((number) => `k${String(number)}`),
      { maxLength: 3 },
    ),
  }),
});

/** What may happen where such events are said. */
export function happeningsOf(said: fc.Arbitrary<Said>): fc.Arbitrary<readonly Happening[]> {
  return fc.array(
    fc.record({
      log: fc.constantFrom('orders' as const, 'customers' as const),
      later: fc.nat(2),
      gap: fc.nat(1),
      said: fc.array(said, { maxLength: 4 }),
    }),
    { maxLength: 60 },
  );
}

/** What may happen. */
export const happenings = happeningsOf(saidCounted);

/** Writes a history into a world's logs, then a tick far behind it in both, so that all of it can be merged. */
export async function write(world: World, history: readonly Happening[], from = 0): Promise<number> {
  let time = from;
  for (const { log, later, gap, said: events } of history) {
    time += later;
    await world.append(log === 'orders' ? orders : customers, timeAt(time), events, gap);
  }
  time += 1000;
  await world.append(orders, timeAt(time), []);
  await world.append(customers, timeAt(time), []);
  return time;
}
