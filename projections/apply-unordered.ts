import { compareOrderKeys, eventLogName, type DomainEvent } from 'banyan/events';
import type { Bounds } from './converge/bounds.ts';
import type { FoldFailure } from './failure.ts';
import { keysOf } from './keys.ts';
import { parkProjection } from './park-projection.ts';
import { never } from './pause.ts';
import { pieceLimits, piecesOf, type PieceLimits, type RoutedEvent } from './pieces.ts';
import type { AnyProjection } from './projection.ts';
import { projectionFailed } from './projector-errors.ts';
import { itemsBusy, projectionParked } from './unordered-errors.ts';
import { boundsOf, type UnorderedTarget } from './unordered-target.ts';
import { nothing, together, writePiece, type Written } from './write-piece.ts';

export type { UnorderedTarget } from './unordered-target.ts';

/** What became of a batch. */
export interface AppliedUnordered extends Pick<Written, 'documents' | 'conflicts' | 'parked'> {
  /** Events that the view did not have, as far as the watermark tells. */
  readonly events: number;
  /** Those that were dropped: covered by the watermark, or twice in the batch. */
  readonly duplicates: number;
  /** Of the events that the view did not have, the one with the greatest order key. */
  readonly last: DomainEvent | undefined;
}

/** What became of a batch of which some events may have to be given again. */
export interface AppliedPart extends AppliedUnordered, Written {}

/** How events are applied. */
export interface ApplyOptions {
  /** Whether they were read from the event log, since the bus was not seen to bring them. */
  readonly healed?: boolean;
  /** Aborted, nothing more is begun and nobody is waited for: what is not done is left. */
  readonly signal?: AbortSignal;
  /** Bounds of what is read and written at once. */
  readonly pieces?: PieceLimits;
}

/** Events with their keys, and those whose keys cannot be told. */
interface Routes {
  readonly routed: readonly (RoutedEvent & { readonly isFresh: boolean })[];
  readonly failed: readonly { readonly event: DomainEvent; readonly failure: FoldFailure }[];
}

/**
 * Applies events that may come in any order, repeatedly, and at several places at once: one read and one write for all
 * keys of the batch, again for those that somebody else changed meanwhile, then one receipt; a large batch in pieces,
 * one after the other. It may be stopped anywhere and be given the same events again. When it resolves, every event is
 * applied or dropped for each of its keys, and recorded; a queue may forget them.
 * @throws BanyanError PROJECTION_FAILED when the key of an event cannot be told, now or by another batch before: the
 *   projection is parked then, and the other events of this batch are applied. ITEMS_CONTESTED (retryable): events with
 *   keys that others kept changing are not recorded, all others are; those of the store
 */
export async function applyUnordered(
  target: UnorderedTarget,
  events: readonly DomainEvent[],
  options: Omit<ApplyOptions, 'signal'> = {},
): Promise<AppliedUnordered> {
  const { left, contested, ...applied } = await applyPart(target, events, options);
  if (left.length > 0) throw itemsBusy(target.generation, contested);
  return applied;
}

/**
 * As {@link applyUnordered}, but what cannot be done for the moment, or in time, is told and not thrown.
 * @throws BanyanError PROJECTION_FAILED, as there; errors of the store
 */
export async function applyPart(
  target: UnorderedTarget,
  events: readonly DomainEvent[],
  options: ApplyOptions = {},
): Promise<AppliedPart> {
  const { generation } = target;
  const { pieces: limits = pieceLimits, signal = never, healed = false } = options;
  const { parked } = await target.tracking.recent();
  if (parked) throw projectionParked(generation, parked);
  const bounds = await boundsOf(target, 'recent');
  const { routed, failed } = route(target.projection, wantedOf(target, events), bounds);
  let written = nothing;
  for (const piece of piecesOf(routed, limits)) {
    written = signal.aborted
      ? { ...written, left: [...written.left, ...piece.map(({ event }) => event)] }
      : together(written, await writePiece(target, piece, { limits, signal, healed }));
  }
  const [first] = failed;
  if (first) {
    await parkProjection(target, first.event, first.failure);
    throw projectionFailed(generation, first.failure);
  }
  return { ...written, ...countsOf(events, routed, written.left) };
}

/** Of the events that are done. */
function countsOf(
  events: readonly DomainEvent[],
  routed: Routes['routed'],
  left: readonly DomainEvent[],
): Pick<AppliedUnordered, 'events' | 'duplicates' | 'last'> {
  const isLeft = new Set(left.map(({ id }) => id));
  const fresh = routed.filter((one) => one.isFresh && !isLeft.has(one.event.id)).map(({ event }) => event);
  const duplicates = events.filter(({ id }) => !isLeft.has(id)).length - fresh.length;
  return { events: fresh.length, duplicates, last: lastOf(fresh) };
}

/** Those that concern the projection, each once. A bus may bring others: no tally that counts here knows of them. */
function wantedOf(
  { projection, generation }: UnorderedTarget,
  events: readonly DomainEvent[],
): DomainEvent[] {
  const logs = new Set(generation.logs.map(eventLogName));
  const byId = new Map<string, DomainEvent>();
  for (const event of events) {
    if (projection.handlers.has(event.type) && logs.has(eventLogName(event))) byId.set(event.id, event);
  }
  return [...byId.values()];
}

function route(projection: AnyProjection, wanted: readonly DomainEvent[], { isCovered }: Bounds): Routes {
  const routed: (RoutedEvent & { readonly isFresh: boolean })[] = [];
  const failed: { readonly event: DomainEvent; readonly failure: FoldFailure }[] = [];
  for (const event of wanted) {
    if (isCovered(event)) {
      routed.push({ event, keys: [], isFresh: false });
      continue;
    }
    const found = keysOf(projection, event);
    if (found.kind === 'failed') failed.push({ event, failure: found.failure });
    else routed.push({ event, keys: found.keys, isFresh: true });
  }
  return { routed, failed };
}

function lastOf(events: readonly DomainEvent[]): DomainEvent | undefined {
  return events.reduce<DomainEvent | undefined>(
    (last, event) => (last && compareOrderKeys(event, last) < 0 ? last : event),
    undefined,
  );
}
