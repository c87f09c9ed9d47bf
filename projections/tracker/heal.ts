import { readEvents, type DomainEvent, type MergedLog } from 'banyan/events';
import { applyPart, type UnorderedTarget } from '../apply-unordered.ts';
import { eventBytes } from '../converge/limits.ts';
import { never } from '../pause.ts';
import { pieceLimits } from '../pieces.ts';
import { isOfAnItem } from '../projector-errors.ts';
import { itemsBusy } from '../unordered-errors.ts';
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
 * @param signal aborted, it stops after the events that it is at
 * @throws BanyanError PROJECTION_FAILED, ITEMS_CONTESTED (retryable), LOG_CORRUPT; errors of the store
 */
export async function heal(
  target: UnorderedTarget,
  { log, reader }: MergedLog,
  unmet: Unmet,
  signal: AbortSignal = never,
): Promise<Healed> {
  const { after, to } = unmet.range;
  const types = new Set(target.projection.handlers.keys());
  let [applied, refused] = [0, 0];
  const apply = async (missing: readonly DomainEvent[]): Promise<void> => {
    const done = await applyApart(target, missing, signal);
    if (done.applied.length > 0) logHealed(target, unmet, done.applied);
    applied += done.applied.length;
    refused += done.refused;
    if (done.contested.length > 0) throw itemsBusy(target.generation, done.contested);
  };
  const batch = new Batch();
  for await (const { events } of readEvents(reader, log, { to, types, ...(after && { after }) })) {
    for (const event of events) {
      if (unmet.has(event)) continue;
      batch.add(event);
      if (batch.isFull) await apply(batch.take());
      if (signal.aborted) return { applied, refused };
    }
    if (signal.aborted) return { applied, refused };
  }
  await apply(batch.take());
  return { applied, refused };
}

/** Events on their way, as many as are applied at once: by their number and by their size. */
class Batch {
  #events: DomainEvent[] = [];
  #bytes = 0;

  get isFull(): boolean {
    return this.#events.length >= batchEvents || this.#bytes >= pieceLimits.bytes;
  }

  add(event: DomainEvent): void {
    this.#events.push(event);
    this.#bytes += eventBytes(event);
  }

  take(): readonly DomainEvent[] {
    const events = this.#events;
    [this.#events, this.#bytes] = [[], 0];
    return events;
  }
}

/** What became of some events; those for which there was no time are in neither. */
interface Apart {
  readonly applied: readonly DomainEvent[];
  readonly refused: number;
  /** Keys that others kept changing. */
  readonly contested: readonly string[];
}

const none: Apart = { applied: [], refused: 0, contested: [] };

/** Applies all, but those whose items the store refuses: they are found by halving. */
async function applyApart(
  target: UnorderedTarget,
  events: readonly DomainEvent[],
  signal: AbortSignal,
): Promise<Apart> {
  const [first] = events;
  if (!first || signal.aborted) return none;
  try {
    const { left, contested } = await applyPart(target, events, { healed: true, signal });
    return { ...none, applied: events.filter((event) => !left.includes(event)), contested };
  } catch (error) {
    if (!isOfAnItem(error)) throw error;
    if (events.length === 1) {
      const { projection, number } = target.generation;
      const about = { projection, generation: number, event: first.id, err: error };
      target.logger.error(about, `event ${first.id} is not healed: ${error.message}`);
      return { ...none, refused: 1 };
    }
    const middle = Math.ceil(events.length / 2);
    const before = await applyApart(target, events.slice(0, middle), signal);
    const behind = await applyApart(target, events.slice(middle), signal);
    return {
      applied: [...before.applied, ...behind.applied],
      refused: before.refused + behind.refused,
      contested: [...before.contested, ...behind.contested],
    };
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
