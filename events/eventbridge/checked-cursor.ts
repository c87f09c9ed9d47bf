import type { Clock, Logger } from 'banyan/runtime';
import type { LogCursor } from '../domain-event.ts';
import { adviceFor } from './aws-failure.ts';
import { lookAction, lookAtBus, type Look } from './look-at-bus.ts';
import type { PublishCursor } from './publish-cursor.ts';
import type { EventSenderOptions } from './sender.ts';
import type { Streaks } from './streaks.ts';

/** What checking a bus needs. */
export interface CheckedCursorOptions extends Pick<EventSenderOptions, 'events' | 'busName'> {
  readonly cursor: PublishCursor;
  /** Behind which cursor the first publishing begins. */
  readonly from: LogCursor;
  /** Milliseconds between looks at the bus at least. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Of the bus: what is wrong with it is told once, by whichever cursor. */
  readonly streaks: Streaks;
}

/**
 * A cursor of what was put onto a bus that is there. What PutEvents answers is no reason to take an event for
 * published (`lookAtBus`): the bus is looked at before the first one, and then each time that something is to be
 * recorded, at most every `everyMs`. Where it is gone, the cursor goes back to what was recorded when it was last seen.
 * @throws BanyanError BUS_REFUSED, here and from `write`; PUBLISH_CURSOR_INVALID
 */
export async function checkedCursor(options: CheckedCursorOptions): Promise<PublishCursor> {
  const { cursor, everyMs, clock } = options;
  const first = await look(options);
  if (first.kind === 'missing') throw first.error;
  let seen = (await cursor.read()) ?? options.from;
  let lookedAt = clock.now();
  return {
    read: () => cursor.read(),
    write: async (published) => {
      if (clock.now() - lookedAt >= everyMs) {
        const found = await look(options);
        lookedAt = clock.now();
        if (found.kind === 'missing') {
          await cursor.write(seen);
          throw found.error;
        }
        // Where nobody answered, what was published since the look before is not known to be on the bus.
        if (found.kind !== 'unanswered') seen = published;
      }
      await cursor.write(published);
    },
  };
}

async function look(options: CheckedCursorOptions): Promise<Look> {
  const { busName, logger, streaks } = options;
  const found = await lookAtBus(options);
  if (found.kind === 'there') streaks.passed('look');
  if (found.kind === 'unknown' && streaks.failed('look') === 1) {
    const { error: err } = found;
    const advice = adviceFor(err, lookAction);
    logger.warn({ err, busName }, `whether the bus is there is not known. ${advice}`);
  }
  return found;
}
