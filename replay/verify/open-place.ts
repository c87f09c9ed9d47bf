import type { Cursor, SourceSnapshot } from 'banyan/cdc';
import { eventLogName } from 'banyan/events';
import { BanyanError } from 'banyan/runtime';
import { cutAt, untilCovered, type Place } from './cut.ts';
import { tell, type Verifying } from './options.ts';
import { notCaptured, snapshotUnsupported } from './refusals.ts';

/** A place at which the database is open, and that the view has reached. */
export interface OpenPlace extends Place {
  readonly cursor: Cursor;
  readonly snapshot: SourceSnapshot;
}

/**
 * Opens the database as it is now, finds its place in the change log, and waits until the view has all up to there.
 * @param from an earlier place
 * @throws BanyanError VERIFY_TIMEOUT
 */
export async function openPlace(verifying: Verifying, from: Place): Promise<OpenPlace> {
  const { source, store, generation, feed } = verifying;
  tell(verifying, 'snapshot');
  const snapshot = await bounded(verifying, snapshotStuck, (signal) => {
    if (!source.snapshot) throw snapshotUnsupported(source.name);
    return source.snapshot(signal);
  });
  const { cursor } = snapshot;
  try {
    tell(verifying, 'capture');
    const captureStuck = async (): Promise<string> => {
      const head = await feed.head();
      return (
        `its change log ends at position ${String(head.position)}, ${head.cursor?.lsn ?? 'nothing'} in the WAL, and ` +
        `the database is at ${cursor.lsn}: does its capture run?`
      );
    };
    const position = await bounded(verifying, captureStuck, (signal) =>
      cutAt(feed.changeLog, from, cursor, signal),
    );
    if (position === 0) throw notCaptured(source.name);
    tell(verifying, 'view');
    const viewStuck = async (): Promise<string> => {
      const progress = await store.progress(generation);
      const places = feed.logs.map(
        ({ ref }) =>
          `${eventLogName(ref)} up to ${String(progress[eventLogName(ref)]?.position ?? 0)} of ${String(position)}`,
      );
      return `the view has ${places.join(', ')}: does anything feed it?`;
    };
    await bounded(verifying, viewStuck, (signal) =>
      untilCovered(store, generation, source.name, position, signal),
    );
    return { position, cursor, snapshot };
  } catch (error) {
    await snapshot.close();
    throw error;
  }
}

function snapshotStuck(): string {
  return 'its snapshot waits for transactions that were running when it was asked for, and one of them goes on';
}

/** Runs a piece of work until the time is up; then tells what it was that did not come. */
async function bounded<T>(
  { signal, timeoutMs, source, generation }: Verifying,
  stuck: () => string | Promise<string>,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const time = AbortSignal.timeout(timeoutMs);
  try {
    return await run(AbortSignal.any([signal, time]));
  } catch (error) {
    if (signal.aborted || !time.aborted) throw error;
    throw new BanyanError(
      'VERIFY_TIMEOUT',
      `View ${generation.projection} could not be compared with ${source.name} within ${String(timeoutMs / 1000)} s: ` +
        `${await stuck()} Or give it more time by --timeout.`,
      { retryable: true, cause: error, details: { projection: generation.projection, source: source.name } },
    );
  }
}
