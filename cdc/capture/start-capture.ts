import { join } from 'node:path';
import {
  closeAll,
  openFileStore,
  systemClock,
  type Clock,
  type FileSystem,
  type Logger,
  type OrderedStore,
} from 'banyan/runtime';
import { openChangeLog } from '../change-log.ts';
import { openRowStore } from '../rows/open-row-store.ts';
import type { RowStoreLimits } from '../rows/row-store.ts';
import type { SnapshotProgress, Source } from '../source.ts';
import { runCapture, type Capture } from './capture.ts';
import { restoreRowState } from './row-state.ts';

/** What a capture needs. */
export interface CaptureOptions {
  readonly source: Source;
  /** Where the change log (`change-log`) and row state (`rows`) are kept. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  /** Aborting stops the capture, as `close` does. */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  /** Called as the snapshot goes on. */
  readonly onSnapshotProgress?: (progress: SnapshotProgress) => void;
  /** Called when the change log has become durable up to a position. */
  readonly onDurable?: (position: number) => void;
  /** Opens the stores of row state. Default: files. */
  readonly openStore?: (directory: string, purpose: 'durable' | 'scratch') => OrderedStore;
  /** Bounds of row state's memory. */
  readonly rowLimits?: Partial<RowStoreLimits>;
  /** About how many bytes of changes in one line of the log. Default 256 KiB. */
  readonly lineBytes?: number;
  /** Milliseconds between records of time that passed without a transaction. Default 1000. */
  readonly tickEveryMs?: number;
  /** Milliseconds before the first try to open a lost source again; then twice as long each time. Default 250. */
  readonly retryAfterMs?: number;
}

/**
 * Starts to capture a source into its change log, where it left off. Row state is brought to the head of the log
 * first; the source is opened after this has returned, and what is wrong with it is told by `ended`.
 * @throws BanyanError LOG_*, STORE_*
 */
export async function startCapture(options: CaptureOptions): Promise<Capture> {
  const { source, directory, fileSystem, logger, lineBytes, clock = systemClock } = options;
  const { signal = new AbortController().signal, rowLimits = {} } = options;
  const { onSnapshotProgress = () => undefined, onDurable = () => undefined } = options;
  const { tickEveryMs = 1000, retryAfterMs = 250 } = options;
  const openStore = options.openStore ?? filesOn(fileSystem);
  const where = { directory: join(directory, 'change-log'), fileSystem, logger };
  const changeLog = await openChangeLog({ ...where, source: source.name, lineBytes });
  try {
    const store = openStore(join(directory, 'rows'), 'durable');
    const scratch = openStore(join(directory, 'rows-scratch'), 'scratch');
    const rowStore = await openRowStore({ store, scratch, limits: rowLimits });
    try {
      const rows = await restoreRowState(rowStore, store, changeLog, signal);
      const settings = { clock, logger, onSnapshotProgress, onDurable, tickEveryMs, retryAfterMs };
      return runCapture({ source, changeLog, rows, ...settings }, signal, () =>
        closeAll([changeLog, rowStore]),
      );
    } catch (error) {
      await rowStore.close();
      throw error;
    }
  } catch (error) {
    await changeLog.close();
    throw error;
  }
}

function filesOn(fileSystem: FileSystem): NonNullable<CaptureOptions['openStore']> {
  return (directory, purpose) => openFileStore({ directory, purpose, fileSystem });
}
