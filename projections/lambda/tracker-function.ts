import type { Logger } from 'banyan/runtime';
import { noTracer, type Metrics, type Tracer } from 'banyan/runtime/aws';
import { createTracker, type Tracker, type TrackerOptions, type TrackerStatus } from '../tracker/tracker.ts';
import { isBeingBuilt } from '../generation-state.ts';
import type { Pause } from '../pause.ts';
import type { GenerationId } from '../view-store.ts';
import { deadlineOf, type Deadline } from './deadline.ts';
import { trackingLate } from './errors.ts';
import type { LambdaContext, SqsBatchResponse } from './function-types.ts';
import { viewDimensions } from './projector-figures.ts';
import { registered } from './registered.ts';
import { toldError } from './told-error.ts';
import { shownMetrics, viewAnnotations } from './traced-batch.ts';

/** A generation whose watermark the function moves. */
export type TrackedView = Omit<TrackerOptions, 'generation' | 'logger' | 'pause'> & {
  readonly generation: GenerationId;
  /** As of a projector: the hash of the bundle that `projection` is of. Absent: nobody looks. */
  readonly bundle?: string;
};

/** What a tracker on Lambda needs. */
export interface TrackerFunctionOptions {
  readonly views: readonly TrackedView[];
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Shows the tracking of each view. Default: nothing is traced. */
  readonly tracer?: Pick<Tracer, 'traced'>;
  /** The function group that owns the views. */
  readonly group: string;
  /**
   * Milliseconds before the function's time limit within which no view is begun, a quarter of the time at most. Default
   * 5,000. Half of it, or a second, before the limit it answers, whatever a view is at.
   */
  readonly marginMs?: number;
  /** Numbers in [0, 1), by which the order of the views is chosen. */
  readonly random?: () => number;
  /** How it waits. Default: a timer. */
  readonly pause?: Pause;
}

/** A function that tallies (by a queue) and a schedule invoke. */
export type TrackerHandler = (event: unknown, context: LambdaContext) => Promise<SqsBatchResponse>;

/**
 * Makes the function that moves the watermarks: `export const handler = trackerFunction(…)`. What invokes it only rings
 * a bell: each view is tracked once, whatever the number of messages, and reads what tallies there are. Have a schedule
 * ring each minute too, for what is healed when nothing happens. A view that fails does not stop the others. Each has
 * its share of the time, and stops with what it has done when that is over; those for which there was none are the first
 * of the next invocation. Each process has an order of its own, so that no view keeps the others from being tracked,
 * though each process may end with it.
 * @throws what a view failed with, once all were tried, so that the invocation is repeated
 */
export function trackerFunction(options: TrackerFunctionOptions): TrackerHandler {
  const { metrics, marginMs, logger, pause, random = Math.random } = options;
  const given = { logger, ...(pause && { pause }) };
  const views = shuffled(options.views, random).map((view) => ({ view, runOf: runsOf(view, given) }));
  let first = 0;
  return async (_, context) => {
    const deadline = deadlineOf({ context, marginMs, pause });
    const failures: Error[] = [];
    for (let left = views.length; left > 0 && deadline.hasTime; left -= 1) {
      const next = views[first % views.length];
      first += 1;
      if (!next) break;
      try {
        await deadline.piece(left, (signal) => track(options, next, deadline, signal));
      } catch (error) {
        const told = toldError(error);
        failures.push(told);
        sayFailed(options, next.view.generation, context, told);
      } finally {
        // With each view: whoever is cut off at the next has told of this one.
        metrics.flush();
      }
    }
    const [failure] = failures;
    if (failure) throw failure;
    return { batchItemFailures: [] };
  };
}

/** In an order by chance. */
function shuffled<T>(given: readonly T[], random: () => number): T[] {
  const order: T[] = [];
  for (const [at, one] of given.entries()) order.splice(Math.floor(random() * (at + 1)), 0, one);
  return order;
}

/** What the trackers of all views have. */
type Given = Pick<TrackerOptions, 'logger' | 'pause'>;

/** A view, and how it is tracked: not at all while it is built. */
interface Followed {
  readonly view: TrackedView;
  readonly runOf: (signal: AbortSignal) => Promise<TrackerStatus | undefined>;
}

async function track(
  { metrics, group, tracer = noTracer }: TrackerFunctionOptions,
  { view: { generation }, runOf }: Followed,
  deadline: Deadline,
  signal: AbortSignal,
): Promise<void> {
  await tracer.traced({ name: 'track', annotations: viewAnnotations(group, generation) }, async (span) => {
    const run = await deadline.inTime(runOf(signal));
    if (run.kind === 'late') throw trackingLate(generation);
    if (run.result) writeStatus(shownMetrics(metrics, span), generation, run.result);
  });
}

/**
 * Runs of one tracker in the life of a process: it remembers since when nothing has moved, and when it last purged. One
 * that had not ended when an invocation had to answer is waited for by the next; it does not go far, since its time is
 * over.
 */
function runsOf(view: TrackedView, given: Given): Followed['runOf'] {
  const trackerOf = trackersOf(view, given);
  let running: Promise<TrackerStatus | undefined> | undefined;
  return (signal) => {
    running ??= trackerOf()
      .then((tracker) => tracker?.run(signal))
      .finally(() => (running = undefined));
    return running;
  };
}

function trackersOf(view: TrackedView, given: Given): () => Promise<Tracker | undefined> {
  const generationOf = registered(view.store, view.generation, view.bundle);
  let tracker: Tracker | undefined;
  return async () => {
    if (tracker) return tracker;
    const generation = await generationOf();
    if (!isBeingBuilt(generation)) tracker = createTracker({ ...view, ...given, generation });
    return tracker;
  };
}

/** `healed` and `late` are totals: alarms look at their difference. */
function writeStatus(metrics: Metrics, id: GenerationId, status: TrackerStatus): void {
  const dimensions = viewDimensions(id);
  const { lagMs, healed, late, parked, behind, unmet, stuck } = status;
  if (lagMs !== undefined) metrics.gauge('lag', lagMs, 'milliseconds', dimensions);
  for (const [name, value] of Object.entries({ healed, late, parkedKeys: parked, behind, unmet }))
    metrics.gauge(name, value, 'count', dimensions);
  metrics.gauge('projectionParked', stuck ? 1 : 0, 'count', dimensions);
}

function sayFailed(
  { logger, group }: TrackerFunctionOptions,
  { projection, number: generation }: GenerationId,
  { awsRequestId: requestId }: LambdaContext,
  err: Error,
): void {
  logger.error(
    { group, projection, generation, requestId, err },
    `The watermark of view ${projection}, generation ${generation}, was not moved: ${err.message}`,
  );
}
