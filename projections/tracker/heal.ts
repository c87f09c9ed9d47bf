import { readEvents, type DomainEvent, type MergedLog } from 'banyan/events';
import { applyUnordered, type UnorderedTarget } from '../apply-unordered.ts';
import type { Unmet } from './track.ts';

/** Events that are applied and recorded at once. */
const batchEvents = 500;
/** Ids that are logged at once. */
const loggedIds = 20;

/**
 * Applies the events of a range that have no receipt from the event log: the bus was not seen to bring them. They are
 * recorded as healed. It may be stopped anywhere, and be done by several at once.
 * @returns how many there were
 * @throws BanyanError PROJECTION_FAILED, ITEMS_CONTESTED (retryable), LOG_CORRUPT; errors of the store
 */
export async function heal(
  target: UnorderedTarget,
  { log, reader }: MergedLog,
  unmet: Unmet,
): Promise<number> {
  const { after, to } = unmet.range;
  const types = new Set(target.projection.handlers.keys());
  let healed = 0;
  let missing: DomainEvent[] = [];
  const apply = async (): Promise<void> => {
    if (missing.length === 0) return;
    await applyUnordered(target, missing, { healed: true });
    logHealed(target, unmet, missing);
    healed += missing.length;
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
  return healed;
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
