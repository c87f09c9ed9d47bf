import type { Closeable } from '../lifecycle.ts';

/**
 * The frame of one line of a log. A line is one JSON object that begins with these fields and goes on with the
 * payload, so that `zstdcat | jq` reads it:
 *
 *     {"crc":"9a0b1c2d","position":12,"previous":11,"part":0,"last":true, ...payload}
 *
 * `crc` is the CRC-32 (IEEE) in eight hexadecimal digits of the line's bytes behind it, from `"position"` to the
 * line's end, without the newline. The first line of what a writer wrote in one go has one more field, between the
 * two and under the checksum: `"durable":11`, the last position that was durable before (see `recover.ts`).
 * Readers are not shown `crc` and `durable`.
 */
export interface LineFrame {
  /** The entry's place; positions increase within a log. */
  readonly position: number;
  /** The position of the entry before, 0 for none: a lost entry shows as a broken chain. */
  readonly previous: number;
  /** An entry too large for memory is several lines under one position: 0, 1, 2, ... */
  readonly part: number;
  /** True on the entry's last line. An entry without its last line does not exist for readers. */
  readonly last: boolean;
}

/** A line as it is read: its frame and its payload. */
export type Line<Payload> = LineFrame & Payload;

/** A whole entry: every line under one position. */
export interface LogEntry<Payload> {
  readonly position: number;
  readonly previous: number;
  /** The entry's only line, when it has one; else undefined, and `lines()` must be iterated. */
  readonly single: Line<Payload> | undefined;
  /** The lines in order, read lazily and synchronously; may be called again for another pass. */
  lines(): Iterable<Line<Payload>>;
}

/** Where to read. */
export interface ReadOptions {
  /** The first position wanted; entries before it are skipped. 1 reads all. */
  readonly from: number;
  /** The last position wanted; the iteration ends after it. Absent: up to the durable end. */
  readonly to?: number;
  /** True: at the end wait for more, without polling, until `signal` aborts or the log is closed. */
  readonly follow?: boolean;
  readonly signal?: AbortSignal;
  /** Aim for the bytes of one batch; a batch holds at least one entry. Default 1 MiB. */
  readonly batchBytes?: number;
}

/** Reads a log's durable entries: never a part of an entry, never one that a power failure could take back. */
export interface LogReader<Payload> {
  /** The last line of the newest durable entry, or undefined for an empty log. */
  head(): Promise<Line<Payload> | undefined>;
  /**
   * Batches of entries in order.
   * @throws BanyanError LOG_CLOSED when the log is closed before the end, unless `follow` was asked for; LOG_CORRUPT when a sealed segment or a line before the end fails its checksum or the chain breaks.
   */
  read(options: ReadOptions): AsyncIterable<readonly LogEntry<Payload>[]>;
}

/** The one writer of a log. Entries are begun one at a time. */
export interface LogWriter<Payload> extends LogReader<Payload>, Closeable {
  /** Position of the last committed entry, durable or not; 0 for an empty log. */
  readonly committed: number;
  /** Position of the last durable entry. */
  readonly durable: number;
  /** The last line of the last committed entry. */
  readonly last: Line<Payload> | undefined;
  /** Appends an entry of one line. It is committed at once and durable after {@link LogWriter.sync}. */
  append(position: number, payload: Payload): void;
  /** Begins an entry of several lines. */
  begin(position: number): EntryWriter<Payload>;
  /** Resolves when there is room in the buffer: await it between appends to bound memory. */
  ready(): Promise<void>;
  /**
   * Makes every committed entry durable; calls during a sync share the next one (group commit).
   * @throws BanyanError LOG_FENCED when another writer took over; LOG_DISK_FULL, LOG_NOT_WRITABLE. After an error
   *   the writer refuses everything; open the log again.
   */
  sync(): Promise<void>;
  /** Calls back after `durable` grew. */
  onDurable(listener: (durable: number) => void): { close(): void };
}

/** An entry under way. Nothing of it is seen by a reader before `commit` and a sync. */
export interface EntryWriter<Payload> {
  /** Writes one more line that is not the last. Await it: it waits while the buffer is full. */
  write(payload: Payload): Promise<void>;
  /** Writes the last line and commits the entry. */
  commit(payload: Payload): Promise<void>;
  /** Takes every line of the entry back. */
  abort(): Promise<void>;
}
