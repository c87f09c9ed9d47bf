import type { ViewPlan } from './plan.ts';

/** A view whose rebuild may take longer than queues keep what waits meanwhile. */
export interface RetentionWarning {
  readonly code: 'REPLAY_RETENTION';
  readonly projection: string;
  /** The estimate of the rebuild. */
  readonly seconds: number;
  readonly retentionSeconds: number;
  readonly message: string;
}

/** An estimate may be wrong by so much. */
const margin = 2;

/**
 * A generation that is being built needs no retention: its function drops what comes, and what a queue without a
 * function drops lies below the floor. But what waits for the rebuild does: the messages of a live generation whose
 * function is stopped because it is wrong, or gives them back because its view is parked, until the new one is live. What
 * a queue does not keep so long is not lost, since the tracker heals it from the event log: but as loss, and slower than a
 * queue brings it.
 * @param retentionSeconds what the queues keep a message; undefined: there are none
 */
export function retentionWarnings(
  views: readonly Pick<ViewPlan, 'projection' | 'isBuilt' | 'cost'>[],
  retentionSeconds: number | undefined,
): readonly RetentionWarning[] {
  if (retentionSeconds === undefined) return [];
  return views
    .filter(({ isBuilt, cost }) => !isBuilt && cost.seconds * margin > retentionSeconds)
    .map(({ projection, cost: { seconds } }) => ({
      code: 'REPLAY_RETENTION',
      ...{ projection, seconds, retentionSeconds },
      message:
        `The rebuild of ${projection} is estimated at ${String(seconds)} s, and may take ${String(margin)} times as ` +
        `long; the queues keep events for ${String(retentionSeconds)} s. What waits for a function that is stopped, or for ` +
        'a view that is parked, until the rebuild is live may be dropped by its queue: then it is healed from the event ' +
        'log and counted as lost. Give the queues a longer retention, or the rebuild a higher write rate.',
    }));
}
