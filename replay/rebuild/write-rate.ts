/**
 * How fast documents are written into a store that may ask for less: additive increase, multiplicative decrease, as
 * TCP shares a line (RFC 5681). So several rebuilds, and the projectors beside them, come to share what there is. Beyond
 * where the store asked for less it grows by a part of itself, since there may be far more by now: as CUBIC probes
 * (RFC 9438).
 */
export interface WriteRate {
  /** Documents a second; Infinity until the store has asked for less. */
  readonly perSecond: number;
  /** What the operator allows. */
  readonly most: number;
  /** By how much it grows in each second, up to the limit. */
  readonly step: number;
  /** Where the store asked for less the last time. */
  readonly limit: number;
  /** Until when it is as it is, milliseconds of the caller's clock. */
  readonly since: number;
  /** When the store asked for less the last time: what began before that says nothing new. */
  readonly slowedAt: number;
}

/** Documents a second that are always tried, by how many more a second at least, and seconds from half to the whole. */
const bounds = { least: 20, leastStep: 5, recoverySeconds: 10 } as const;

/** By what it is multiplied in each second beyond the limit. */
const growth = 1.1;

/**
 * Milliseconds in which the rate is halved once at most: the writes that are under way together are refused together.
 */
const onceInMs = 1000;

/** Begins with what the operator allows. */
export function fullRate(most: number | undefined, now: number): WriteRate {
  const perSecond = most ?? Infinity;
  return { perSecond, most: perSecond, step: 0, limit: 0, since: now, slowedAt: -Infinity };
}

/**
 * The rate after the store has asked for less.
 * @param measured documents a second that the store has taken: a limit far above them was none
 * @param begun when the write began for which it did
 */
export function slower(rate: WriteRate, measured: number, now: number, begun: number): WriteRate {
  const grown = faster(rate, now);
  if (begun < rate.slowedAt || now - rate.slowedAt < onceInMs) return grown;
  const from = Math.min(grown.perSecond, Math.max(measured, bounds.least));
  const perSecond = Math.min(rate.most, Math.max(bounds.least, from / 2));
  return {
    ...rate,
    perSecond,
    step: Math.max(bounds.leastStep, from / 2 / bounds.recoverySeconds),
    limit: from,
    since: now,
    slowedAt: now,
  };
}

/** The rate when the store has asked for nothing since. */
export function faster(rate: WriteRate, now: number): WriteRate {
  const seconds = Math.floor((now - rate.since) / 1000);
  const { perSecond, step, limit } = rate;
  if (step === 0 || seconds < 1) return rate;
  const below = Math.min(seconds, Math.max(0, Math.ceil((limit - perSecond) / step)));
  return {
    ...rate,
    perSecond: Math.min(rate.most, (perSecond + below * step) * growth ** (seconds - below)),
    since: rate.since + seconds * 1000,
  };
}
