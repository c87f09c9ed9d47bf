import {
  BanyanError,
  openLogWriter,
  type Closeable,
  type EntryWriter,
  type FileSystem,
  type Logger,
  type LogReader,
  type LogWriter,
} from 'banyan/runtime';
import type { Change, ChangeLogLine, Cursor, TableSchema, TransactionLine } from './change.ts';
import { approximateBytes } from './change-log-size.ts';
import { compareCursors } from './postgres/lsn.ts';

/** The change log of a source, as capture writes it. */
export interface ChangeLog extends LogReader<ChangeLogLine>, Closeable {
  /** Position of the last entry, durable or not; 0 for an empty log. */
  readonly position: number;
  /** Position of the last durable entry. */
  readonly durable: number;
  /** The last entry's cursor: the source is asked for what is behind it. */
  readonly cursor: Cursor | undefined;
  /** The last entry's log time. */
  readonly logTime: string | undefined;
  /** Begins the next transaction; one at a time. */
  begin(xid: string, committedAt: string): TransactionAppend;
  /** Records that the source moved on without a transaction. */
  tick(at: string, cursor: Cursor): void;
  /** Resolves when there is room in the buffer. */
  ready(): Promise<void>;
  /** Makes every committed entry durable. @throws BanyanError LOG_* */
  sync(): Promise<void>;
}

/** A transaction that is being appended. Nothing of it is seen before it is committed and synced. */
export interface TransactionAppend {
  readonly position: number;
  /** Adds a change, and the shape of its table when no earlier line has told it. Await what it returns, if anything. */
  add(change: Change, schema?: TableSchema): Promise<void> | undefined;
  /** `skipped`: the log has the transaction already, for its cursor is not beyond the last entry's. */
  commit(cursor: Cursor): Promise<'logged' | 'skipped'>;
  abort(): Promise<void>;
}

/** How to open a change log. */
export interface ChangeLogOptions {
  /** The log's own directory. */
  readonly directory: string;
  readonly fileSystem: FileSystem;
  /** The source's name. */
  readonly source: string;
  readonly logger?: Logger;
  /** About how many bytes of changes go into one line. Default 256 KiB. */
  readonly lineBytes?: number | undefined;
}

/**
 * Opens the change log of a source to write, creating it if needed.
 * @throws BanyanError LOG_*
 */
export async function openChangeLog(options: ChangeLogOptions): Promise<ChangeLog> {
  const { source, lineBytes, ...where } = options;
  const log = await openLogWriter<ChangeLogLine>({
    ...where,
    owner: `the capture of "${source}"`,
    kind: 'change-log',
    name: source,
    dense: true,
  });
  return changeLogOver(log, lineBytes);
}

/** What the first parts of a log's first transaction say of what was before. */
const noCursor: Cursor = { system: '', timeline: 0, lsn: '0/0' };

/** Where a change log ends: kept beside it, since its last line may be long. */
interface End {
  cursor: Cursor | undefined;
  logTime: string | undefined;
}

/**
 * Makes a change log of the log of lines that it is written to.
 * @param lineBytes about how many bytes of changes go into one line
 */
export function changeLogOver(log: LogWriter<ChangeLogLine>, lineBytes = 256 * 1024): ChangeLog {
  const { last } = log;
  const end: End = { cursor: last?.cursor, logTime: last?.logTime };
  return {
    get position() {
      return log.committed;
    },
    get durable() {
      return log.durable;
    },
    get cursor() {
      return end.cursor;
    },
    get logTime() {
      return end.logTime;
    },
    begin: (xid, committedAt) => beginTransaction(log, end, { xid, committedAt, lineBytes }),
    tick: (at, cursor) => {
      const logTime = notBefore(end, at);
      log.append(log.committed + 1, { kind: 'tick', logTime, cursor });
      Object.assign(end, { cursor, logTime });
    },
    head: () => log.head(),
    read: (options) => log.read(options),
    ready: () => log.ready(),
    sync: () => log.sync(),
    close: () => log.close(),
  };
}

interface TransactionStart {
  readonly xid: string;
  readonly committedAt: string;
  readonly lineBytes: number;
}

function beginTransaction(
  log: LogWriter<ChangeLogLine>,
  end: End,
  { xid, committedAt, lineBytes }: TransactionStart,
): TransactionAppend {
  const position = log.committed + 1;
  const logTime = notBefore(end, committedAt);
  const part = { changes: [] as Change[], schemas: [] as TableSchema[], bytes: 0 };
  let writer: EntryWriter<ChangeLogLine> | undefined;
  const line = (cursor: Cursor): TransactionLine => {
    const { changes, schemas } = part;
    const told = schemas.length > 0 ? { schemas } : {};
    return { kind: 'transaction', xid, committedAt, logTime, cursor, ...told, changes };
  };
  const writePart = async (): Promise<void> => {
    // The transaction's own cursor is known at its end only.
    const payload = line(end.cursor ?? noCursor);
    Object.assign(part, { changes: [], schemas: [], bytes: 0 });
    writer ??= log.begin(position);
    await writer.write(payload);
  };
  return {
    position,
    add: (change, schema) => {
      part.changes.push(change);
      if (schema) part.schemas.push(schema);
      part.bytes += approximateBytes(change);
      return part.bytes >= lineBytes ? writePart() : undefined;
    },
    commit: async (cursor) => {
      if (!isBeyond(cursor, end.cursor)) {
        await writer?.abort();
        return 'skipped';
      }
      if (writer) await writer.commit(line(cursor));
      else log.append(position, line(cursor));
      Object.assign(end, { cursor, logTime });
      return 'logged';
    },
    abort: async () => {
      await writer?.abort();
    },
  };
}

/** Whether a source's cursor is behind everything that the log has. @throws BanyanError SOURCE_HISTORY_BROKEN */
export function isBeyond(cursor: Cursor, head: Cursor | undefined): boolean {
  if (!head) return true;
  if (cursor.system === head.system) return compareCursors(cursor, head) > 0;
  throw new BanyanError(
    'SOURCE_HISTORY_BROKEN',
    `The source is the database cluster ${cursor.system} now; the change log was captured from ${head.system}. ` +
      `Connect to the former, or capture the new one into a new log.`,
    { details: { expected: head.system, found: cursor.system } },
  );
}

/** Log times never go back, whatever the source's clock does. ISO texts of one form are ordered as their times. */
function notBefore({ logTime: last }: End, at: string): string {
  return last !== undefined && last > at ? last : at;
}
