import { isParked, parkedKeyOf, type Item, type ParkedKey } from 'banyan/projections';
import type { Comparison } from './comparison.ts';

/** Counts of parked keys, as keys come by. */
export interface ParkedTally {
  /** Counts one key. @returns whether it is parked in the live generation only */
  add(live: Item | undefined, next: Item | undefined): boolean;
  result(): Comparison['parked'];
}

/** Begins a count. @param listed keys that are parked in the next generation only, at most */
export function createParkedTally(listed: number): ParkedTally {
  const counts = { live: 0, next: 0, freed: 0, added: 0 };
  const added: ParkedKey[] = [];
  return {
    add: (live, next) => {
      const isLive = isParked(live);
      if (isLive) counts.live += 1;
      if (!isParked(next)) {
        if (isLive) counts.freed += 1;
        return isLive;
      }
      counts.next += 1;
      if (!isLive) {
        counts.added += 1;
        if (added.length < listed) added.push(parkedKeyOf(next));
      }
      return false;
    },
    result: () => ({ ...counts, listed: added }),
  };
}
