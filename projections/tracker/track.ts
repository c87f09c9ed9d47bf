import type { LogCursor } from 'banyan/events';
import { coversCursor } from '../progress.ts';
import type { EventPlace, KeptReceipt, PositionRange, Tracking } from './ledger.ts';
import { PlaceSet } from './place-set.ts';
import { absorbed, firstOf, isWithinAny, withRange } from './position-ranges.ts';

/** A part of an event log of which it is known how many events it holds for the view. */
export interface CountedRange {
  /** `source:translation@version`. */
  readonly log: string;
  /** It begins behind this cursor; undefined: at the beginning. */
  readonly after: LogCursor | undefined;
  /** It ends with this position. */
  readonly to: number;
  /** Events of the types that the projection subscribes to. */
  readonly count: number;
  /** When this was known first, milliseconds. */
  readonly at: number;
}

/** The log time at a position of a log: no later event has a lower one. */
export interface Landmark {
  readonly log: string;
  readonly position: number;
  readonly logTime: string;
}

/** A range of which not all events have receipts. */
export interface Unmet {
  readonly range: CountedRange;
  /** Whether the event at this place has one. */
  readonly has: (place: EventPlace) => boolean;
  /** How many have none, as far as the count tells. */
  readonly missing: number;
}

/** What receipts made of a tracking. */
export interface Tracked {
  readonly next: Omit<Tracking, 'revision'>;
  /** Whether it is another than before. */
  readonly hasChanged: boolean;
  /** Receipts that nobody needs any more, once `next` is kept. */
  readonly removable: readonly string[];
  readonly unmet: readonly Unmet[];
}

/** Bounds of a {@link ReceiptCount}. */
export interface TrackLimits {
  /** Healed events of a log that are remembered, so that one that still comes is known as late. */
  readonly healed: number;
  /** Receipts that are removed at once. */
  readonly removed: number;
}

/** What receipts say of one range. */
interface Counting {
  readonly range: CountedRange;
  /** Places that the bus brought, and places that were healed. */
  readonly brought: PlaceSet;
  readonly healed: PlaceSet;
  /** Places that are in either. */
  seen: number;
}

/** Where a place stands: it is done; in a range that is counted; or neither. */
type Standing =
  | { readonly kind: 'done' }
  | { readonly kind: 'counted'; readonly counting: Counting }
  | { readonly kind: 'beyond' };

const done: Standing = { kind: 'done' };
const beyond: Standing = { kind: 'beyond' };

/**
 * Folds receipts into what is tracked of a generation: a range is done once as many different places of it have
 * receipts as it holds events, and the watermark moves over what is done. Pure; memory grows with the ranges and not
 * with the receipts.
 */
export class ReceiptCount {
  readonly #tracking: Tracking;
  readonly #limits: TrackLimits;
  readonly #byLog = new Map<string, Counting[]>();
  readonly #late = new Map<string, PlaceSet>();
  readonly #known: ReadonlyMap<string, PlaceSet>;
  readonly #removable: { readonly id: string; readonly of: ReadonlySet<Counting> }[] = [];

  /**
   * @param logs names of the generation's logs
   * @param ranges in order, behind the watermark, apart from each other and from what is done
   */
  constructor(
    tracking: Tracking,
    logs: readonly string[],
    ranges: readonly CountedRange[],
    limits: TrackLimits,
  ) {
    this.#tracking = tracking;
    this.#limits = limits;
    for (const log of logs) this.#byLog.set(log, []);
    for (const range of ranges) {
      const counting = { range, brought: new PlaceSet(), healed: new PlaceSet(), seen: 0 };
      this.#byLog.get(range.log)?.push(counting);
    }
    this.#known = new Map(logs.map((log) => [log, setOf(tracking.healed[log])]));
  }

  add({ id, log, places, healed }: KeptReceipt): void {
    const of = new Set<Counting>();
    let isOpen = false;
    for (const place of places) {
      const standing = this.#standingOf(log, place);
      if (standing.kind === 'beyond') isOpen = true;
      else if (standing.kind === 'counted') {
        count(standing.counting, place, healed);
        of.add(standing.counting);
      } else if (!healed && this.#known.get(log)?.has(place)) this.#lateOf(log).add(place);
    }
    if (!isOpen && this.#removable.length < this.#limits.removed) this.#removable.push({ id, of });
  }

  /**
   * What came of it.
   * @param landmarks in order; those of the ranges among them
   * @param isProven whether it was seen in the event log that all events of a range have receipts
   */
  end(landmarks: readonly Landmark[], isProven: (range: CountedRange) => boolean = () => false): Tracked {
    const met = new Set<Counting>();
    const unmet: Unmet[] = [];
    for (const counting of [...this.#byLog.values()].flat()) {
      if (counting.seen === counting.range.count || isProven(counting.range)) met.add(counting);
      else unmet.push(unmetOf(counting));
    }
    const next = this.#next(met, landmarks);
    const removable = this.#removable.filter(({ of }) => [...of].every((counting) => met.has(counting)));
    const hasLate = [...this.#late.values()].some(({ size }) => size > 0);
    return {
      next,
      hasChanged: met.size > 0 || hasLate,
      removable: removable.map(({ id }) => id),
      unmet,
    };
  }

  #standingOf(log: string, place: EventPlace): Standing {
    const countings = this.#byLog.get(log);
    if (!countings || coversCursor(this.#tracking.watermark[log], place)) return done;
    if (isWithinAny(this.#tracking.done[log] ?? [], place.position)) return done;
    const counting = findCounting(countings, place);
    return counting ? { kind: 'counted', counting } : beyond;
  }

  #lateOf(log: string): PlaceSet {
    const known = this.#late.get(log) ?? new PlaceSet();
    this.#late.set(log, known);
    return known;
  }

  #next(met: ReadonlySet<Counting>, landmarks: readonly Landmark[]): Omit<Tracking, 'revision'> {
    const { revision: _, ...before } = this.#tracking;
    const watermark = { ...before.watermark };
    const logTimes = { ...before.logTimes };
    const done = { ...before.done };
    const healed = { ...before.healed };
    const figures = { ...before.figures };
    for (const [log, countings] of this.#byLog) {
      const mine = countings.filter((counting) => met.has(counting));
      const moved = absorbed(watermark[log], mine.reduce(withMet, done[log] ?? []));
      if (moved.cursor) watermark[log] = moved.cursor;
      done[log] = moved.ranges;
      const logTime = logTimeAt(log, moved.cursor, landmarks, logTimes[log]);
      if (logTime !== undefined) logTimes[log] = logTime;
      const { places, added, late } = this.#healed(log, mine);
      healed[log] = places.slice(-this.#limits.healed);
      figures.healed += added;
      figures.late += late;
    }
    return withoutSkipped({ ...before, watermark, logTimes, done, healed, figures });
  }

  /** An event that was healed counts when its range is done, since that happens once; one that came after all is late. */
  #healed(
    log: string,
    met: readonly Counting[],
  ): { readonly places: readonly EventPlace[]; readonly added: number; readonly late: number } {
    const late = this.#late.get(log);
    const places = (this.#tracking.healed[log] ?? []).filter((place) => !late?.has(place));
    let [added, both] = [0, 0];
    for (const { brought, healed } of met) {
      for (const place of healed) {
        added += 1;
        if (brought.has(place)) both += 1;
        else places.push(place);
      }
    }
    return { places, added, late: (late?.size ?? 0) + both };
  }
}

/** An event that was left out needs no mention once the watermark has passed it. */
function withoutSkipped({ skipped, ...tracking }: Omit<Tracking, 'revision'>): Omit<Tracking, 'revision'> {
  const left = Object.entries(skipped ?? {}).flatMap(([log, places]) => {
    const beyond = places.filter((place) => !coversCursor(tracking.watermark[log], place));
    return beyond.length > 0 ? [[log, beyond] as const] : [];
  });
  return left.length > 0 ? { ...tracking, skipped: Object.fromEntries(left) } : tracking;
}

function setOf(places: readonly EventPlace[] = []): PlaceSet {
  const set = new PlaceSet();
  for (const place of places) set.add(place);
  return set;
}

function count(counting: Counting, place: EventPlace, healed: boolean): void {
  const [own, other] = healed ? [counting.healed, counting.brought] : [counting.brought, counting.healed];
  if (own.add(place) && !other.has(place)) counting.seen += 1;
}

function unmetOf({ range, brought, healed, seen }: Counting): Unmet {
  return {
    range,
    has: (place) => brought.has(place) || healed.has(place),
    missing: Math.max(0, range.count - seen),
  };
}

function withMet(ranges: readonly PositionRange[], { range }: Counting): readonly PositionRange[] {
  return withRange(ranges, { from: firstOf(range.after), to: range.to });
}

/** Binary search: the range that the place lies in. */
function findCounting(countings: readonly Counting[], place: EventPlace): Counting | undefined {
  let [low, high] = [0, countings.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((countings[middle]?.range.to ?? 0) < place.position) low = middle + 1;
    else high = middle;
  }
  const found = countings[low];
  return found && !coversCursor(found.range.after, place) ? found : undefined;
}

/** Of the last landmark up to the cursor. */
function logTimeAt(
  log: string,
  cursor: LogCursor | undefined,
  landmarks: readonly Landmark[],
  before: string | undefined,
): string | undefined {
  let found = before;
  for (const landmark of landmarks) {
    if (landmark.log !== log || landmark.position >= firstOf(cursor)) continue;
    if (found === undefined || landmark.logTime > found) found = landmark.logTime;
  }
  return found;
}
