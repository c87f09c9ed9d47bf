import type { BanyanError } from 'banyan/runtime';
import type { Cursor } from '../change.ts';
import type { Source, SourceMessage } from '../source.ts';

/** A source that tells what a test hands to it. */
export interface HandSource extends Source {
  /** Tells a batch to whoever has the source open, now or next. */
  send(messages: readonly SourceMessage[]): void;
  /** Ends the stream with an error, behind what was sent. */
  fail(error: BanyanError): void;
  cursorAt(lsn: number): Cursor;
  /** The cursors behind which the source was opened. */
  readonly opened: readonly (Cursor | undefined)[];
  readonly acknowledged: Cursor | undefined;
  /** Whether everything sent was taken, and more was asked for. */
  readonly isDrained: boolean;
}

/** Makes one. */
export function handSource(name: string): HandSource {
  const queue: (readonly SourceMessage[] | BanyanError)[] = [];
  const opened: (Cursor | undefined)[] = [];
  let acknowledged: Cursor | undefined;
  let wake: (() => void) | undefined;
  let isWaiting = false;
  const put = (one: readonly SourceMessage[] | BanyanError): void => {
    queue.push(one);
    wake?.();
  };
  async function* messages(ended: AbortSignal): AsyncGenerator<readonly SourceMessage[]> {
    while (!ended.aborted) {
      const next = queue.shift();
      if (next instanceof Error) throw next;
      if (next) yield next;
      else {
        isWaiting = true;
        await new Promise<void>((resolve) => {
          wake = resolve;
          ended.addEventListener('abort', () => resolve(), { once: true });
        });
        isWaiting = false;
      }
    }
  }
  return {
    name,
    send: put,
    fail: put,
    opened,
    cursorAt: (lsn) => ({ system: '1', timeline: 1, lsn: `0/${lsn.toString(16).toUpperCase()}` }),
    get acknowledged() {
      return acknowledged;
    },
    get isDrained() {
      return queue.length === 0 && isWaiting;
    },
    open: ({ after }) => {
      opened.push(after);
      const closing = new AbortController();
      return Promise.resolve({
        messages: messages(closing.signal),
        acknowledge: (cursor) => {
          acknowledged = cursor;
        },
        close: () => {
          closing.abort();
          return Promise.resolve();
        },
      });
    },
    lag: () =>
      Promise.resolve({ retainedBytes: 0, end: acknowledged ?? { system: '1', timeline: 1, lsn: '0/0' } }),
  };
}
