import { eventLogName, type MergedLog, type Progress, type TallyFeed } from 'banyan/events';
import { isBanyanError, systemClock, type Clock, type Logger } from 'banyan/runtime';
import type { UnorderedTarget } from '../apply-unordered.ts';
import { frontierOf } from '../converge/bounds.ts';
import type { ConvergeLimits } from '../converge/limits.ts';
import type { AnyProjection } from '../projection.ts';
import { coversCursor } from '../progress.ts';
import { never, type Pause } from '../pause.ts';
import { Purge, type PurgeOptions } from '../purge.ts';
import { trackingView } from '../tracking-view.ts';
import type { Generation, Stuck, Trouble, ViewStore } from '../view-store.ts';
import { heal } from './heal.ts';
import type { Tracking } from './ledger.ts';
import { catchUpWindows, decideDoubts, type MendOptions } from './mend.ts';
import { isWithinAny } from './position-ranges.ts';
import { ReceiptCount, type CountedRange, type Tracked, type Unmet } from './track.ts';
import { wantedRanges, type WantedRanges } from './wanted-ranges.ts';

/** Bounds of a tracker's work. */
export interface TrackerLimits {
  /** Events that are counted at once, about. */
  readonly events: number;
  /** Ranges of a log that are counted at once. */
  readonly ranges: number;
  /** Receipts that are removed at once. */
  readonly removed: number;
  /** Receipts of a page, 1 to 1000. */
  readonly pageReceipts: number;
  /** Healed events of a log that are remembered. */
  readonly healed: number;
  /** Events of a range that is counted from the event log. */
  readonly splitEvents: number;
  /** How often one run counts. */
  readonly rounds: number;
}

/** What a tracker needs. */
export interface TrackerOptions extends Pick<PurgeOptions, 'purgeAfterMs'> {
  /** With the code that built the generation. */
  readonly projection: AnyProjection;
  readonly generation: Generation;
  readonly store: ViewStore;
  /** The generation's event logs. */
  readonly logs: readonly MergedLog[];
  readonly tallies: TallyFeed;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Milliseconds after which a tally that is not met is healed from the event log. Default 30,000. */
  readonly healAfterMs?: number;
  readonly limits?: Partial<TrackerLimits>;
  /** Of items. Default: those of the store. */
  readonly itemLimits?: ConvergeLimits;
  /** How it waits where others are at its keys. Default: a timer. */
  readonly pause?: Pause;
}

/** What a tracker found. */
export interface TrackerStatus {
  readonly watermark: Progress;
  /** Milliseconds since the log time of the frontier; undefined while the log time at some watermark is not known. */
  readonly lagMs: number | undefined;
  /** Events ever healed, and those of them that came by the bus afterwards. */
  readonly healed: number;
  readonly late: number;
  /** Keys that are parked, and those that are behind otherwise or in doubt; up to 1,000 are counted. */
  readonly parked: number;
  readonly behind: number;
  /** Events known by tallies whose receipts have not come yet, as far as was counted. */
  readonly unmet: number;
  /** The event whose key cannot be told: the projection is parked. */
  readonly stuck?: Stuck;
}

/** Moves a generation's watermark, by tallies and receipts. */
export interface Tracker {
  /**
   * One run: what tallies and receipts tell now, healing of what is overdue, and a look at items in trouble. Several
   * may run at once, in any process: of two that would move the watermark one does, the other ends.
   * @param signal aborted, it stops after the piece that it is at: what it did stays done, the next run goes on
   * @throws errors of the store and of the logs
   */
  run(signal?: AbortSignal): Promise<TrackerStatus>;
}

const defaults: TrackerLimits = {
  events: 100_000,
  ranges: 5000,
  removed: 20_000,
  pageReceipts: 1000,
  healed: 20_000,
  splitEvents: 1000,
  rounds: 100,
};

/** Keys of each trouble that are counted at most. */
const mostCounted = 1000;

/** Makes a tracker of a generation. Call `run` when there is a new tally, and now and then. */
export function createTracker(options: TrackerOptions): Tracker {
  return new GenerationTracker(options);
}

/** What one count came to. */
type Counted =
  /** Somebody else moved the watermark meanwhile. */
  | { readonly kind: 'lost' }
  | {
      readonly kind: 'counted';
      readonly unmet: readonly Unmet[];
      readonly hasMoved: boolean;
      readonly hasMore: boolean;
    };

class GenerationTracker implements Tracker {
  readonly #options: TrackerOptions;
  readonly #target: UnorderedTarget;
  readonly #mending: MendOptions;
  readonly #clock: Clock;
  readonly #limits: TrackerLimits;
  readonly #names: readonly string[];
  /** By log: where its watermark was seen, and when first. */
  readonly #seen = new Map<string, { readonly watermark: string; readonly since: number }>();
  readonly #purge: Purge;
  /** No catch-up before this time: one that leaves items behind reads the same again. */
  #notBefore = -Infinity;
  #decidedAt: number | undefined;
  /** Ranges with events whose items the store refuses, and when they are tried again. */
  #refused: ReadonlyMap<string, number> = new Map();

  constructor(options: TrackerOptions) {
    const { projection, generation, store, logger, clock = systemClock, itemLimits, pause } = options;
    this.#options = options;
    this.#clock = clock;
    this.#limits = { ...defaults, ...options.limits };
    this.#purge = new Purge(options);
    this.#names = options.logs.map(({ log }) => eventLogName(log));
    const tracking = trackingView({ store, generation, clock });
    const limits = itemLimits && { limits: itemLimits };
    this.#target = { projection, generation, store, tracking, logger, ...limits, ...(pause && { pause }) };
    this.#mending = { projection, generation, store, logs: options.logs, logger, ...limits };
  }

  async run(signal: AbortSignal = never): Promise<TrackerStatus> {
    const proven = new Set<string>();
    let unmet = 0;
    for (let round = 0; round < this.#limits.rounds && !signal.aborted; round += 1) {
      const counted = await this.#count(proven, signal);
      if (counted.kind === 'lost') break;
      unmet = counted.unmet.reduce((sum, { missing }) => sum + missing, 0);
      const hasHealed = await this.#healOverdue(counted.unmet, proven, signal);
      if (!hasHealed && !(counted.hasMoved && counted.hasMore)) break;
    }
    const tracking = await this.#target.tracking.fresh();
    await this.#lookAfterItems(tracking, signal);
    const frontier = frontierOf(this.#options.generation.logs, tracking);
    if (frontier && !signal.aborted) await this.#purge.below(frontier.logTime);
    return this.#status(tracking, unmet);
  }

  async #count(proven: ReadonlySet<string>, signal: AbortSignal): Promise<Counted> {
    const { generation, store } = this.#options;
    const tracking = await this.#target.tracking.fresh();
    const wanted = await this.#wanted(tracking);
    const ranges = wanted.flatMap((one) => one.ranges);
    const landmarks = wanted.flatMap((one) => one.landmarks);
    const count = new ReceiptCount(tracking, this.#names, ranges, this.#limits);
    await this.#readReceipts(count, signal);
    const tracked = count.end(landmarks, (range) => proven.has(nameOf(range)));
    if (tracked.hasChanged && !(await store.changeTracking(generation, tracking.revision, tracked.next)))
      return { kind: 'lost' };
    await this.#forget(tracked, signal);
    const hasMore = wanted.some((one) => one.hasMore);
    return { kind: 'counted', unmet: tracked.unmet, hasMoved: tracked.hasChanged, hasMore };
  }

  async #wanted(tracking: Tracking): Promise<readonly WantedRanges[]> {
    const { logs, tallies, projection } = this.#options;
    const { events, ranges, splitEvents } = this.#limits;
    const types = new Set(projection.handlers.keys());
    const all: WantedRanges[] = [];
    for (const log of logs) {
      const most = { events: events / logs.length, ranges };
      const since = this.#sinceOf(eventLogName(log.log), tracking);
      const wanted = await wantedRanges({ log, tallies, types, tracking, since, most, splitEvents });
      // While nothing is wanted the watermark does not move and nothing is late.
      if (wanted.ranges.length === 0) this.#seen.delete(eventLogName(log.log));
      all.push(wanted);
    }
    return all;
  }

  #sinceOf(log: string, tracking: Tracking): number {
    const watermark = JSON.stringify(tracking.watermark[log] ?? null);
    const known = this.#seen.get(log);
    if (known?.watermark === watermark) return known.since;
    const since = this.#clock.now();
    this.#seen.set(log, { watermark, since });
    return since;
  }

  /** Reads them all, or as many as there is time for: a range that some of them meet is met. */
  async #readReceipts(count: ReceiptCount, signal: AbortSignal): Promise<void> {
    const { generation, store } = this.#options;
    const limit = this.#limits.pageReceipts;
    let after: string | undefined;
    for (;;) {
      const page = await store.receipts(generation, { limit, ...(after !== undefined && { after }) });
      for (const receipt of page) count.add(receipt);
      after = page.at(-1)?.id;
      if (page.length < limit || after === undefined || signal.aborted) return;
    }
  }

  async #forget({ removable }: Tracked, signal: AbortSignal): Promise<void> {
    const { generation, store } = this.#options;
    for (let at = 0; at < removable.length && !signal.aborted; at += 1000)
      await store.removeReceipts(generation, removable.slice(at, at + 1000));
  }

  /** Heals what is overdue; whether anything is known now that was not before. */
  async #healOverdue(unmet: readonly Unmet[], proven: Set<string>, signal: AbortSignal): Promise<boolean> {
    const { logs, logger, healAfterMs = 30_000 } = this.#options;
    const overdue = unmet.filter(({ range }) => this.#clock.now() - range.at > healAfterMs);
    const refused = new Map<string, number>();
    let isNew = false;
    for (const one of overdue) {
      if (signal.aborted) break;
      const log = logs.find(({ log: ref }) => eventLogName(ref) === one.range.log);
      if (!log || !(await this.#isToHeal(log, one))) continue;
      const name = nameOf(one.range);
      const notBefore = this.#refused.get(name) ?? -Infinity;
      if (this.#clock.now() < notBefore) {
        refused.set(name, notBefore);
        continue;
      }
      try {
        const healed = await heal(this.#target, log, one, signal);
        if (healed.refused > 0) refused.set(name, this.#clock.now() + healAfterMs);
        // All events of the range have receipts, whatever the tally says; unless there was no time to look.
        else if (healed.applied === 0 && !isOver(signal)) proven.add(name);
        isNew ||= healed.applied > 0 || healed.refused === 0;
      } catch (error) {
        if (!isBanyanError(error, 'PROJECTION_FAILED') && !isBanyanError(error, 'ITEMS_CONTESTED'))
          throw error;
        logger.error({ projection: this.#options.projection.name, err: error }, error.message);
      }
    }
    // Of ranges that were not looked at it is not known whether they are refused still.
    this.#refused = signal.aborted ? new Map([...this.#refused, ...refused]) : refused;
    return isNew;
  }

  async #isToHeal({ reader }: MergedLog, { range: { log, to } }: Unmet): Promise<boolean> {
    const { parked, watermark, done } = await this.#target.tracking.fresh();
    // A projection that is parked waits for its operator.
    if (parked) return false;
    // Another tracker may have met it meanwhile.
    if (coversCursor(watermark[log], { position: to }) || isWithinAny(done[log] ?? [], to)) return false;
    // What the log does not show is not proven: an older copy of it, or tallies of another one.
    return ((await reader.head())?.position ?? 0) >= to;
  }

  async #lookAfterItems(tracking: Tracking, signal: AbortSignal): Promise<void> {
    if (isOver(signal)) return;
    const mending = { ...this.#mending, signal };
    // Nothing is decided that the watermark has not passed.
    if (this.#decidedAt !== tracking.revision) {
      await decideDoubts(mending, tracking);
      if (isOver(signal)) return;
      this.#decidedAt = tracking.revision;
    }
    const began = this.#clock.now();
    if (began < this.#notBefore) return;
    const { left } = await catchUpWindows(mending);
    const ended = this.#clock.now();
    if (left > 0) this.#notBefore = ended + 3 * (ended - began);
  }

  async #status(tracking: Tracking, unmet: number): Promise<TrackerStatus> {
    const { watermark, figures, parked: stuck } = tracking;
    const frontier = frontierOf(this.#options.generation.logs, tracking);
    return {
      watermark,
      lagMs: frontier && Math.max(0, this.#clock.now() - Date.parse(frontier.logTime)),
      ...figures,
      parked: await this.#countOf('parked'),
      behind: (await this.#countOf('window')) + (await this.#countOf('doubt')),
      unmet,
      ...(stuck && { stuck }),
    };
  }

  #countOf(trouble: Trouble): Promise<number> {
    const { store, generation } = this.#options;
    return store.countTroubled(generation, trouble, mostCounted);
  }
}

/** Whether there is no time any more; it may have aborted since it was asked last. */
function isOver(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** Of a range, whichever run has found it. */
function nameOf({ log, after, to }: CountedRange): string {
  return JSON.stringify([log, after ?? null, to]);
}
