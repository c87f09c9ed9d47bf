import type { ChangeLogLine } from 'banyan/cdc';
import { eventLogName } from 'banyan/events';
import { subscriptionName, type Generation } from 'banyan/projections';
import { changeLogDirectory, type ReplayProject } from 'banyan/replay';
import { BanyanError, isBanyanError, nodeFileSystem, openLogReader, type Logger } from 'banyan/runtime';
import { createProblems } from './dev/parts.ts';
import { isFed } from './fed-generations.ts';

/** A generation that has come further than its source's change log goes: another log has built it. */
export interface AheadView extends Pick<Generation, 'projection' | 'number'> {
  /** The event log, as `shop:orders@1`. */
  readonly log: string;
  readonly source: string;
  /** Up to which position the generation knows itself to be complete. */
  readonly watermark: number;
  /** The last position of the change log; 0 where there is none. */
  readonly end: number;
}

type Place = Pick<ReplayProject, 'directory' | 'store' | 'groups'>;

/**
 * The fed generations whose watermark lies beyond their change log. What feeds them drops the events of such a log as
 * those that it has had, so they would stay old and nobody would see it.
 *
 * It is the change log that counts: positions are its own, and a watermark may lie behind the last event of an event
 * log, where nothing came since. An event log that was lost is translated from the change log again, and is the same.
 */
export async function viewsAhead({ directory, store, groups }: Place): Promise<readonly AheadView[]> {
  const found: AheadView[] = [];
  const ends = new Map<string, number>();
  for (const generation of await fedGenerations({ store, groups })) {
    const { projection, number, logs } = generation;
    // Before the end of the log is read: what is complete by now was durable in the log by then.
    const progress = await store.progress(generation);
    for (const ref of logs) {
      const { source } = ref;
      const [log, watermark] = [eventLogName(ref), progress[eventLogName(ref)]?.position ?? 0];
      if (watermark <= (ends.get(source) ?? -1)) continue;
      const end = await endOf(directory, source);
      ends.set(source, end);
      if (watermark > end) found.push({ projection, number, log, source, watermark, end });
    }
  }
  return found;
}

/**
 * Refuses to go on with logs that the views were not built from.
 * @throws BanyanError LOG_BEHIND_VIEWS; errors of the store and of the logs
 */
export async function refuseReplacedLogs(place: Place): Promise<void> {
  const found = await viewsAhead(place);
  if (found.length > 0) throw logBehindViews(found, place.directory);
}

/**
 * Looks whether views are ahead of their logs, once a minute at most, and tells it as an error: a view store that was
 * restored from another environment, or that two of them share.
 */
export function watchReplacedLogs(place: Place, logger: Logger, everyMs = 60_000): () => Promise<void> {
  const problems = createProblems(logger);
  let due = performance.now() + everyMs;
  return async () => {
    if (performance.now() < due) return;
    due = performance.now() + everyMs;
    const found = await viewsAhead(place);
    if (found.length > 0) problems.tell('logs', logBehindViews(found, place.directory));
    else problems.solved('logs');
  };
}

/** For a person; empty where nothing was found. */
export function aheadText(found: readonly AheadView[]): string {
  return found.length === 0 ? '' : `${found.map((one) => `${describe(one)}.\n`).join('')}${advice}\n`;
}

/** What was found of one view, in words. */
function describe({ source, log, watermark, end, ...id }: AheadView): string {
  return (
    `${subscriptionName(id)} is complete up to position ${String(watermark)} of ${log}, and the change log of ` +
    `${source} ends at ${String(end)}`
  );
}

/** What there is to do about it. */
const advice =
  'These views were built from another log, and would take what comes for what they have had. Restore the directory ' +
  '(its disk, its volume, a backup); or give the views a place of their own ("prefix" of dynamodbViews, "schema" of ' +
  'postgresViews) and build them anew: banyan replay start.';

function logBehindViews(found: readonly AheadView[], directory: string): BanyanError {
  return new BanyanError(
    'LOG_BEHIND_VIEWS',
    `The logs in ${directory} end before the views do: ${found.map(describe).join('; ')}. ${advice}`,
    { details: { directory, views: found.map((one) => ({ ...one })) } },
  );
}

async function fedGenerations({ store, groups }: Pick<Place, 'store' | 'groups'>): Promise<Generation[]> {
  const found: Generation[] = [];
  for (const { name, projections } of groups) {
    const pointer = await store.pointer(name);
    for (const { projection } of projections) {
      const generations = await store.generations(projection.name);
      found.push(...generations.filter((one) => isFed(one, pointer)));
    }
  }
  return found;
}

async function endOf(directory: string, source: string): Promise<number> {
  try {
    const log = await openLogReader<ChangeLogLine>({
      directory: changeLogDirectory(directory, source),
      fileSystem: nodeFileSystem,
    });
    const head = await log.head().finally(() => log.close());
    return head?.position ?? 0;
  } catch (error) {
    if (isBanyanError(error, 'LOG_NOT_FOUND')) return 0;
    throw error;
  }
}
