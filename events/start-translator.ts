import { join } from 'node:path';
import { openRowStore, type ChangeLogLine, type RowStoreLimits } from 'banyan/cdc';
import {
  BanyanError,
  openFileStore,
  openLogWriter,
  systemClock,
  type Clock,
  type FileSystem,
  type Logger,
  type LogReader,
  type LogWriter,
  type OrderedStore,
} from 'banyan/runtime';
import { eventLogName, type EventLogRef } from './domain-event.ts';
import type { EventLogLine } from './event-log.ts';
import type { AnyEvent } from './event.ts';
import { lookupIndexes, lookupKeys, noLookups, openLookupFold, type LookupFold } from './lookup-fold.ts';
import type { Announcement } from './merge.ts';
import { runTranslator, type Translator } from './translator.ts';
import type { Translation } from './translation.ts';

/** What a translator needs. */
export interface TranslatorOptions {
  readonly translation: Translation;
  /** Every event that the translation's group declares, published or private. */
  readonly events: readonly AnyEvent[];
  /** The change log of the translation's source. */
  readonly changeLog: LogReader<ChangeLogLine>;
  /** Where the event log (`event-log`) and the look-up state (`lookups`) are kept. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  /** Aborting stops the translator, as `close` does. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Told how far the translation is, as soon as it is, also where it gave no events: for a bus of this process. */
  readonly announce?: (log: EventLogRef, announcement: Announcement) => void;
  /** Opens the store of the look-up state. Default: files. */
  readonly openStore?: (directory: string, purpose: 'durable' | 'scratch') => OrderedStore;
  /** Bounds of the look-up state's memory. */
  readonly rowLimits?: Partial<RowStoreLimits>;
  /** About how many bytes of events in one line of the log. Default 256 KiB. */
  readonly lineBytes?: number;
  /** Milliseconds after which a position without events is recorded, if no event came since. Default 1000. */
  readonly tickEveryMs?: number;
}

/**
 * Starts a translation of its source's change log into its event log, where it left off.
 * @throws BanyanError LOG_*, STORE_*, LOOKUP_*, CHANGE_LOG_BEHIND. What stops it later is told by `ended`.
 */
export async function startTranslator(options: TranslatorOptions): Promise<Translator> {
  const { translation, changeLog, logger, clock = systemClock, tickEveryMs = 1000 } = options;
  const { signal = new AbortController().signal, announce = () => undefined } = options;
  const { lineBytes = 256 * 1024 } = options;
  const { name, version } = translation;
  const ref: EventLogRef = { source: translation.tables.source, translation: name, version };
  const eventLog = await openEventLog(options, ref);
  try {
    const head = eventLog.last?.position ?? 0;
    await refuseShorterLog(changeLog, ref, head);
    const lookups = await openLookups(options, head, signal);
    const events = new Map(options.events.map((event) => [event.type, event]));
    const settings = { announce, clock, lineBytes, tickEveryMs };
    const parts = { ref, translation, events, changeLog, eventLog, lookups, ...settings };
    return runTranslator(parts, logger, signal);
  } catch (error) {
    await eventLog.close();
    throw error;
  }
}

function openEventLog(
  { directory, fileSystem, logger }: TranslatorOptions,
  ref: EventLogRef,
): Promise<LogWriter<EventLogLine>> {
  const name = eventLogName(ref);
  return openLogWriter({
    directory: join(directory, 'event-log'),
    fileSystem,
    logger,
    owner: `the translator of "${name}"`,
    kind: 'event-log',
    name,
  });
}

/**
 * For rows of products and the like, looked up by their key for each row of a larger table. All of a shop's 4,000
 * products fit: with 8 MiB translating its snapshot took half as long again (`docs/decisions/0002-row-store.md`).
 */
const rowCacheBytes = 24 * 2 ** 20;

async function openLookups(
  options: TranslatorOptions,
  head: number,
  signal: AbortSignal,
): Promise<LookupFold> {
  const { directory, translation, changeLog, fileSystem, rowLimits = {} } = options;
  const openStore = options.openStore ?? filesOn(fileSystem);
  const [indexes, keys] = [lookupIndexes(translation), lookupKeys(translation)];
  if (Object.keys(indexes).length === 0) return noLookups;
  const store = openStore(join(directory, 'lookups'), 'durable');
  const scratch = openStore(join(directory, 'lookups-scratch'), 'scratch');
  const limits = { cacheBytes: rowCacheBytes, ...rowLimits };
  const rows = await openRowStore({ store, scratch, indexes, keys, limits });
  try {
    return await openLookupFold(rows, store, translation, changeLog, head, signal);
  } catch (error) {
    await rows.close();
    throw error;
  }
}

function filesOn(fileSystem: FileSystem): NonNullable<TranslatorOptions['openStore']> {
  return (directory, purpose) => openFileStore({ directory, purpose, fileSystem });
}

/** Events of positions that the change log does not have were made from another change log. */
async function refuseShorterLog(
  changeLog: LogReader<ChangeLogLine>,
  ref: EventLogRef,
  head: number,
): Promise<void> {
  const end = (await changeLog.head())?.position ?? 0;
  if (end >= head) return;
  throw new BanyanError(
    'CHANGE_LOG_BEHIND',
    `The event log ${eventLogName(ref)} has events up to position ${String(head)}, and the change log of ` +
      `${ref.source} ends at ${String(end)}: it is another one, or was restored to an older state. Restore the one ` +
      `that belongs to the event log; or, to translate this one from its beginning, give the translation a new version.`,
    { details: { log: eventLogName(ref), eventLog: head, changeLog: end } },
  );
}
