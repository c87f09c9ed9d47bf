import { DescribeEventBusCommand, ResourceNotFoundException } from '@aws-sdk/client-eventbridge';
import { BanyanError, toError, type Clock, type Logger } from 'banyan/runtime';
import type { LogCursor } from '../domain-event.ts';
import { adviceFor, isPassing } from './aws-failure.ts';
import type { PublishCursor } from './publish-cursor.ts';
import type { EventSenderOptions } from './sender.ts';

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
}

/**
 * A cursor of what was put onto a bus that is there. PutEvents answers success for a bus that is not
 * (github.com/aws/aws-cli/issues/9186), so what it answers is no reason to take an event for published: the bus is
 * looked at before the first one, and then each time that something is to be recorded, at most every `everyMs`. Where
 * it is gone, the cursor goes back to what was recorded when it was still seen.
 * @throws BanyanError BUS_REFUSED, here and from `write`; PUBLISH_CURSOR_INVALID
 */
export async function checkedCursor(options: CheckedCursorOptions): Promise<PublishCursor> {
  const { cursor, busName, everyMs, clock } = options;
  let isTold = false;
  const isMissing = async (): Promise<boolean> => {
    const found = await lookAtBus(options);
    if (found.kind === 'unknown' && !isTold) {
      isTold = true;
      const { error: err } = found;
      options.logger.warn({ err, busName }, `whether the bus is there is not known. ${adviceFor(err.name)}`);
    }
    return found.kind === 'missing';
  };
  if (await isMissing()) throw busMissing(busName);
  let seen = { cursor: (await cursor.read()) ?? options.from, at: clock.now() };
  return {
    read: () => cursor.read(),
    write: async (published) => {
      if (clock.now() - seen.at >= everyMs) {
        if (await isMissing()) {
          await cursor.write(seen.cursor);
          throw busMissing(busName);
        }
        seen = { cursor: published, at: clock.now() };
      }
      await cursor.write(published);
    },
  };
}

type Look =
  { readonly kind: 'there' | 'missing' | 'unanswered' } | { readonly kind: 'unknown'; readonly error: Error };

/** Not to be allowed to look is no reason not to publish: the bus may be another account's. */
async function lookAtBus({ events, busName, signal }: CheckedCursorOptions): Promise<Look> {
  try {
    await events.send(new DescribeEventBusCommand({ Name: busName }), { abortSignal: signal });
    return { kind: 'there' };
  } catch (thrown) {
    if (thrown instanceof ResourceNotFoundException) return { kind: 'missing' };
    if (signal.aborted || isPassing(thrown)) return { kind: 'unanswered' };
    return { kind: 'unknown', error: toError(thrown) };
  }
}

function busMissing(busName: string): BanyanError {
  return new BanyanError(
    'BUS_REFUSED',
    `There is no event bus ${busName}. Create it, or correct its name or region; then publishing goes on with what it ` +
      'has missed.',
    { details: { busName, error: 'ResourceNotFoundException' } },
  );
}
