import { toError, type Logger } from 'banyan/runtime';
import { noTracer, type Metrics, type Tracer } from 'banyan/runtime/aws';
import { createTracker, type Tracker, type TrackerOptions, type TrackerStatus } from '../tracker/tracker.ts';
import { isBeingBuilt } from '../generation-state.ts';
import type { GenerationId } from '../view-store.ts';
import { deadlineOf } from './deadline.ts';
import type { LambdaContext, SqsBatchResponse } from './function-types.ts';
import { viewDimensions } from './projector-figures.ts';
import { registered } from './registered.ts';
import { shownMetrics, viewAnnotations } from './traced-batch.ts';

/** A generation whose watermark the function moves. */
export type TrackedView = Omit<TrackerOptions, 'generation' | 'logger'> & {
  readonly generation: GenerationId;
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
  /** Milliseconds before the function's time limit within which no view is begun. Default 5,000. */
  readonly marginMs?: number;
}

/** A function that tallies (by a queue) and a schedule invoke. */
export type TrackerHandler = (event: unknown, context: LambdaContext) => Promise<SqsBatchResponse>;

/**
 * Makes the function that moves the watermarks: `export const handler = trackerFunction(…)`. What invokes it only rings
 * a bell: each view is tracked once, whatever the number of messages, and reads what tallies there are. Have a schedule
 * ring each minute too, for what is healed when nothing happens. A view that fails does not stop the others; those for
 * which there was no time are the first of the next invocation.
 * @throws what a view failed with, once all were tried, so that the invocation is repeated
 */
export function trackerFunction(options: TrackerFunctionOptions): TrackerHandler {
  const { metrics, marginMs = 5000 } = options;
  const views = options.views.map((view) => ({ view, trackerOf: trackerOf(view, options.logger) }));
  let first = 0;
  return async (_, context) => {
    const deadline = deadlineOf(context, marginMs);
    const failures: unknown[] = [];
    try {
      for (let left = views.length; left > 0 && deadline.hasTime; left -= 1) {
        const next = views[first % views.length];
        first += 1;
        if (!next) break;
        try {
          await deadline.timed(() => track(options, next));
        } catch (error) {
          failures.push(error);
          sayFailed(options, next.view.generation, context, error);
        }
      }
    } finally {
      metrics.flush();
    }
    if (failures.length > 0) throw toError(failures[0]);
    return { batchItemFailures: [] };
  };
}

/** A view, and how its tracker is come by. */
interface Followed {
  readonly view: TrackedView;
  readonly trackerOf: () => Promise<Tracker | undefined>;
}

async function track(
  { metrics, group, tracer = noTracer }: TrackerFunctionOptions,
  { view: { generation }, trackerOf }: Followed,
): Promise<void> {
  await tracer.traced({ name: 'track', annotations: viewAnnotations(group, generation) }, async (span) => {
    const status = await (await trackerOf())?.run();
    if (status) writeStatus(shownMetrics(metrics, span), generation, status);
  });
}

/**
 * One in the life of a process: it remembers since when nothing has moved, and when it last purged. None while the
 * generation is built: nothing is missing then.
 */
function trackerOf(view: TrackedView, logger: Logger): () => Promise<Tracker | undefined> {
  const generationOf = registered(view.store, view.generation);
  let tracker: Tracker | undefined;
  return async () => {
    if (tracker) return tracker;
    const generation = await generationOf();
    if (!isBeingBuilt(generation)) tracker = createTracker({ ...view, generation, logger });
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
  error: unknown,
): void {
  const err = toError(error);
  logger.error(
    { group, projection, generation, requestId, err },
    `The watermark of view ${projection}, generation ${generation}, was not moved: ${err.message}`,
  );
}
