import type { Generation, Stuck, ViewStore } from 'banyan/projections';
import { parkedKeys, type ParkedKeys } from '../parked-keys.ts';
import type { Reason } from './reasons.ts';

/** What is parked of a view: its live generation waits at events that cannot be applied. */
export interface ParkedView extends ParkedKeys {
  readonly projection: string;
  readonly group: string;
  readonly live: number;
  /** The view as a whole stands still at this event: its keys cannot be told. */
  readonly standsAt?: Stuck;
  /** Whether a new generation has other code or other logs, and folds them anew by these. */
  readonly isFoldedAnew: boolean;
}

/** Undefined when nothing is parked. @param reasons why the view is out of date */
export async function parkedView(
  store: ViewStore,
  group: string,
  live: Generation,
  reasons: readonly Reason[],
): Promise<ParkedView | undefined> {
  const [keys, { parked: standsAt }] = await Promise.all([parkedKeys(store, live), store.tracking(live)]);
  if (keys.count === 0 && !standsAt) return undefined;
  return {
    ...{ projection: live.projection, group, live: live.number, ...keys },
    ...(standsAt && { standsAt }),
    isFoldedAnew: reasons.some(({ kind }) => kind === 'code' || kind === 'logs'),
  };
}

/** Why a view is out of date, with what is parked where other code would free it. */
export function withParked(reasons: readonly Reason[], parked: ParkedView | undefined): readonly Reason[] {
  const isOtherCode = reasons.some(({ kind }) => kind === 'code');
  return parked && parked.count > 0 && isOtherCode
    ? [...reasons, { kind: 'parked', keys: parked.count }]
    : reasons;
}
