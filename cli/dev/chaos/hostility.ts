import { randomInt } from 'node:crypto';
import type { Hostility } from 'banyan/events';

/**
 * How `banyan dev --chaos` treats events: one in fifty is lost, others come up to four times and half a second late.
 * Bad enough that no view is right by luck, and no worse, so that somebody can work with it.
 */
export function chaosHostility(seed: number): Hostility {
  return { seed, drop: 0.02, repeat: 4, delayMs: 500, batch: 50 };
}

/** What waits for each view: a laptop holds several of them beside all the rest of `banyan dev`. */
export const chaosLimits = { waiting: 4000, bytes: 8 * 2 ** 20 } as const;

/** Milliseconds after which what a tally misses is taken from the event log: longer than the bus is ever late. */
export const chaosHealAfterMs = 2000;

/** A seed for who gave none. */
export function randomSeed(): number {
  return randomInt(1_000_000);
}
