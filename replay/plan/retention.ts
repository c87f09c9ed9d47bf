import type { ViewPlan } from './plan.ts';

/** A view whose rebuild may take longer than queues keep what comes meanwhile. */
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
 * The queue of a new generation gathers events while the generation is built. Those that it does not keep so long are
 * not lost, since the tracker heals them from the event log: but as loss, and slower than a queue brings them.
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
        `long; the queues keep events for ${String(retentionSeconds)} s. What a queue drops meanwhile is healed from the ` +
        'event log and counted as lost. Give the queues a longer retention, or the rebuild a higher write rate.',
    }));
}
