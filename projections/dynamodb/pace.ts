/**
 * How many calls run at once: a little more with each that goes well, half as many when the store throttles. So many
 * processes that share a table find its rate together, and none of them waits a fixed time.
 */
export interface Pace {
  /** Calls at once, a fraction included. */
  readonly width: number;
  /** Grows with each slowing: calls that began before it say nothing new. */
  readonly slowings: number;
  readonly most: number;
}

/** As fast as is allowed: throttling is the exception. */
export function fullPace(most: number): Pace {
  return { width: most, slowings: 0, most };
}

/** A call went well: one more call at once for as many as run at once. */
export function eased(pace: Pace): Pace {
  return pace.width >= pace.most
    ? pace
    : { ...pace, width: Math.min(pace.most, pace.width + 1 / pace.width) };
}

/** A call that began after so many slowings was throttled: half of the calls, but one. */
export function slowed(pace: Pace, begunAfter: number): Pace {
  if (begunAfter < pace.slowings) return pace;
  return { ...pace, width: Math.max(1, pace.width / 2), slowings: pace.slowings + 1 };
}
