import { readEvents, type DomainEvent, type MergedLog } from 'banyan/events';
import { applyUnordered, type UnorderedTarget } from '../apply-unordered.ts';
import { isOfAnItem } from '../projector-errors.ts';
import type { Unmet } from './track.ts';

/** Events that are applied and recorded at once. */
const batchEvents = 500;
/** Ids that are logged at once. */
const loggedIds = 20;

/** What became of the events of a range that had no receipt. */
export interface Healed {
  readonly applied: number;
  /** Those whose items the store refuses; they have no receipt, and the watermark stays before them. */
  readonly refused: number;
}

/**
 * Applies the events of a range that have no receipt from the event log: the bus was not seen to bring them. They are
 * recorded as healed. It may be stopped anywhere, and be done by several at once. One whose document is too large for
 * the store parks its key, as any that cannot be applied.
 * @throws BanyanError PROJECTION_FAILED, ITEMS_CONTESTED (retryable), LOG_CORRUPT; errors of the store
 */
export async function heal(
  target: UnorderedTarget,
  { log, reader }: MergedLog,
  unmet: Unmet,
): Promise<Healed> {
  const { after, to } = unmet.range;
  const types = new Set(target.projection.handlers.keys());
  let [applied, refused] = [0, 0];
  let missing: DomainEvent[] = [];
  const apply = async (): Promise<void> => {
    const done = await applyApart(target, missing);
    if (done.length > 0) logHealed(target, unmet, done);
    applied += done.length;
    refused += missing.length - done.length;
    missing = [];
  };
  for await (const { events } of readEvents(reader, log, { to, types, ...(after && { after }) })) {
    for (const event of events) {
      if (unmet.has(event)) continue;
      missing.push(event);
      if (missing.length >= batchEvents) await apply();
    }
  }
  await apply();
  return { applied, refused };
}

/** Applies all, but those whose items the store refuses: they are found by halving. @returns those that it applied */
async function applyApart(
  target: UnorderedTarget,
  events: readonly DomainEvent[],
): Promise<readonly DomainEvent[]> {
  const [first] = events;
  if (!first) return [];
  try {
    await applyUnordered(target, events, { healed: true });
    return events;
  } catch (error) {
    if (!isOfAnItem(error)) throw error;
    if (events.length === 1) {
      const { projection, number } = target.generation;
      const about = { projection, generation: number, event: first.id, err: error };
      target.logger.error(about, `event ${first.id} is not healed: ${error.message}`);
      return [];
    }
    const middle = Math.ceil(events.length / 2);
    const before = await applyApart(target, events.slice(0, middle));
    return [...before, ...(await applyApart(target, events.slice(middle)))];
  }
}

function logHealed(
  { generation: { projection, number }, logger }: UnorderedTarget,
  { range }: Unmet,
  events: readonly DomainEvent[],
): void {
  const ids = events.slice(0, loggedIds).map(({ id }) => id);
  logger.warn(
    { projection, generation: number, log: range.log, to: range.to, events: events.length, ids },
    `${events.length} events of ${range.log} did not reach view ${projection}, generation ${number}, by the bus; they ` +
      'were applied from the event log. If they do not come late, the bus has lost them: look at its rules and queues.',
  );
}
