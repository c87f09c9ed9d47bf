import {
  eventLogName,
  readEvents,
  type LogCursor,
  type MergedLog,
  type Tally,
  type TallyFeed,
} from 'banyan/events';
import type { Tracking } from './ledger.ts';
import { firstOf, gapsBetween } from './position-ranges.ts';
import type { CountedRange, Landmark } from './track.ts';

/** What is to be counted of a log. */
export interface WantedRanges {
  readonly ranges: readonly CountedRange[];
  readonly landmarks: readonly Landmark[];
  /** Whether there is more behind them. */
  readonly hasMore: boolean;
}

/** How the ranges of a log are found. */
export interface WantedOptions {
  readonly log: MergedLog;
  readonly tallies: TallyFeed;
  /** Event types of the projection. */
  readonly types: ReadonlySet<string>;
  readonly tracking: Tracking;
  /** Since when the watermark of the log has not moved, milliseconds: the age of what no tally tells. */
  readonly since: number;
  /** Ends with about so many events, and so many ranges. */
  readonly most: { readonly events: number; readonly ranges: number };
  /** Events of a range that is counted from the log itself, about. */
  readonly splitEvents: number;
}

/**
 * The ranges of a log behind its watermark of which it is not known yet that they are done. A tally tells how much it
 * holds; where none does (before the first one, or where the watermark or what is done lies within one) the event log
 * itself is counted. A log without any tally is counted up to its end.
 */
export async function wantedRanges(options: WantedOptions): Promise<WantedRanges> {
  const wanted = new Wanted(options);
  let hasTallies = false;
  for await (const tally of options.tallies.tallies(options.log.log, wanted.begin)) {
    hasTallies = true;
    if (!(await wanted.add(tally))) return wanted.end(true);
  }
  if (!hasTallies && !(await isTallied(options))) {
    const head = await options.log.reader.head();
    const at = new Date(options.since).toISOString();
    const whole = { after: Infinity, counts: {}, at };
    if (head) await wanted.add({ log: wanted.name, to: head.position, logTime: head.logTime, ...whole });
  }
  return wanted.end(false);
}

async function isTallied({ log: { log }, tallies }: WantedOptions): Promise<boolean> {
  for await (const { to } of tallies.tallies(log, 0)) return to > 0;
  return false;
}

class Wanted {
  readonly name: string;
  readonly #options: WantedOptions;
  readonly #ranges: CountedRange[] = [];
  readonly #landmarks: Landmark[] = [];
  #cursor: LogCursor | undefined;
  #events = 0;

  constructor(options: WantedOptions) {
    this.#options = options;
    this.name = eventLogName(options.log.log);
    this.#cursor = options.tracking.watermark[this.name];
  }

  /** Tallies that end behind this position are asked for. */
  get begin(): number {
    return firstOf(this.#cursor) - 1;
  }

  end(hasMore: boolean): WantedRanges {
    return { ranges: this.#ranges, landmarks: this.#landmarks, hasMore };
  }

  /** Adds what is new of the tally; false when that is enough, or all that can be had now. */
  async add(tally: Tally): Promise<boolean> {
    const { tracking, types, most } = this.#options;
    if (tally.to < firstOf(this.#cursor)) return true;
    const gaps = gapsBetween(this.#cursor, tally.to, tracking.done[this.name] ?? []);
    const at = Date.parse(tally.at);
    const [only, ...others] = gaps;
    if (only && others.length === 0 && isWhole(tally, only)) {
      this.#add({ log: this.name, ...only, at, count: countOf(tally, types) });
    } else {
      for (const gap of gaps) if (!(await this.#count(gap.after, gap.to, at))) return false;
    }
    this.#landmarks.push({ log: this.name, position: tally.to, logTime: tally.logTime });
    this.#cursor = { position: tally.to };
    return this.#events < most.events && this.#ranges.length < most.ranges;
  }

  /** Counts a part of the event log, in ranges of about the same size; false when it ends early. */
  async #count(after: LogCursor | undefined, to: number, at: number): Promise<boolean> {
    const { log, types, most, splitEvents } = this.#options;
    // What is not durable yet, as this reader sees it, cannot be counted.
    if (((await log.reader.head())?.position ?? 0) < to) return false;
    let [begin, count] = [after, 0];
    for await (const { events, cursor, logTime } of readEvents(log.reader, log.log, {
      to,
      types,
      ...(after && { after }),
    })) {
      count += events.length;
      if (cursor.index !== undefined) continue;
      this.#landmarks.push({ log: this.name, position: cursor.position, logTime });
      if (count < splitEvents) continue;
      this.#add({ log: this.name, after: begin, to: cursor.position, at, count });
      [begin, count] = [cursor, 0];
      if (this.#events >= most.events) return false;
    }
    if (firstOf(begin) <= to) this.#add({ log: this.name, after: begin, to, at, count });
    return true;
  }

  #add(range: CountedRange): void {
    this.#ranges.push(range);
    this.#events += range.count;
  }
}

/** Whether it is what the tally counts. */
function isWhole(
  tally: Tally,
  { after, to }: { readonly after: LogCursor | undefined; readonly to: number },
): boolean {
  return to === tally.to && after?.index === undefined && (after?.position ?? 0) === tally.after;
}

function countOf({ counts }: Tally, types: ReadonlySet<string>): number {
  let count = 0;
  for (const [type, some] of Object.entries(counts)) if (types.has(type)) count += some;
  return count;
}
