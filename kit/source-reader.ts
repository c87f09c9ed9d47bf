import { once, type Closeable } from 'banyan/runtime';
import type { Cursor, OpenOptions, Source, SourceChange, SourceMessage, SourceStream } from 'banyan/cdc';
import { eventually } from './eventually.ts';

/** A whole transaction as a source told it. */
interface ReadTransaction {
  readonly xid: string;
  readonly committedAt: string;
  readonly changes: readonly SourceChange[];
  readonly cursor: Cursor;
}

/** Reads a source to memory, for tests. */
export interface SourceReader extends Closeable {
  readonly stream: SourceStream;
  readonly transactions: readonly ReadTransaction[];
  readonly idles: readonly Extract<SourceMessage, { kind: 'idle' }>[];
  /** What ended the stream, once it has. */
  readonly ended: Promise<Error | undefined>;
  /** The changes of all transactions, in order. */
  changes(): SourceChange[];
  /** Waits until so many transactions have been read. */
  count(transactions: number): Promise<readonly ReadTransaction[]>;
  /** The place behind the newest whole transaction. */
  readonly cursor: Cursor | undefined;
}

/** Opens a source and reads on until closed; acknowledges every transaction unless told not to. */
export async function readSource(
  source: Source,
  options: Partial<OpenOptions> & { readonly acknowledge?: boolean } = {},
): Promise<SourceReader> {
  const { acknowledge = true, after, signal = new AbortController().signal, ...rest } = options;
  const stream = await source.open({ after, signal, ...rest });
  const transactions: ReadTransaction[] = [];
  const idles: Extract<SourceMessage, { kind: 'idle' }>[] = [];
  let open: { xid: string; committedAt: string; changes: SourceChange[] } | undefined;
  const take = (message: SourceMessage): void => {
    switch (message.kind) {
      case 'begin':
        if (open !== undefined) throw new Error('begin within a transaction');
        open = { xid: message.xid, committedAt: message.committedAt, changes: [] };
        return;
      case 'change':
        if (open === undefined) throw new Error('change without a transaction');
        open.changes.push(message.change);
        return;
      case 'commit':
        if (open === undefined) throw new Error('commit without a transaction');
        transactions.push({ ...open, cursor: message.cursor });
        open = undefined;
        if (acknowledge) stream.acknowledge(message.cursor);
        return;
      case 'idle':
        if (open !== undefined) throw new Error('idle within a transaction');
        idles.push(message);
        if (acknowledge) stream.acknowledge(message.cursor);
    }
  };
  const ended = (async () => {
    try {
      for await (const batch of stream.messages) for (const message of batch) take(message);
      return undefined;
    } catch (error) {
      return error as Error;
    }
  })();
  return {
    stream,
    transactions,
    idles,
    ended,
    changes: () => transactions.flatMap(({ changes }) => changes),
    count: (wanted) =>
      eventually(() => {
        if (transactions.length < wanted) {
          throw new Error(`${String(transactions.length)} of ${String(wanted)} transactions were read`);
        }
        return transactions;
      }),
    get cursor() {
      return transactions.at(-1)?.cursor;
    },
    close: once(async () => {
      await stream.close();
      await ended;
    }),
  };
}
