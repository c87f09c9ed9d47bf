import type { Cursor, OpenOptions, Source, SourceMessage, SourceStream } from 'banyan/cdc';
import { BanyanError } from 'banyan/runtime';
import type { Commit } from './history.ts';

/** A source that replays a list of commits, whoever opens it and however often. */
export interface ScriptedSource extends Source {
  /** How many commits the log has said to have durably; the source forgets them and never sends them again. */
  readonly acknowledged: number;
}

const lsnStep = 0x100;

/** The cursor behind the n-th commit, counted from 1. */
function cursorBehind(n: number): Cursor {
  return { system: 'scripted', timeline: 1, lsn: `0/${(n * lsnStep).toString(16).toUpperCase()}` };
}

function commitsUpTo({ lsn }: Cursor): number {
  return Number.parseInt(lsn.slice(2), 16) / lsnStep;
}

/**
 * Makes a source of commits; the first may be a snapshot.
 * @param random decides how messages are cut into batches, and when the connection breaks
 * @param happened how many of the commits have happened by now, asked again and again
 */
export function scriptedSource(
  name: string,
  commits: readonly Commit[],
  random: () => number,
  happened: () => number = () => commits.length,
): ScriptedSource {
  let acknowledged = 0;
  return {
    name,
    get acknowledged() {
      return acknowledged;
    },
    open: async ({ after, signal }: OpenOptions): Promise<SourceStream> => {
      const known = after ? commitsUpTo(after) : 0;
      if (known < acknowledged) {
        throw new BanyanError(
          'SOURCE_HISTORY_BROKEN',
          `${name} was told of ${acknowledged} commits, the log has ${known}.`,
        );
      }
      const closing = new AbortController();
      const ended = AbortSignal.any([signal, closing.signal]);
      return {
        messages: batches(commits, { from: acknowledged, ended, random, happened }),
        acknowledge: (cursor) => {
          acknowledged = Math.max(acknowledged, commitsUpTo(cursor));
        },
        close: async () => {
          closing.abort();
        },
      };
    },
    lag: () => Promise.resolve({ retainedBytes: 0, end: cursorBehind(commits.length) }),
  };
}

interface Sending {
  readonly from: number;
  readonly ended: AbortSignal;
  readonly random: () => number;
  readonly happened: () => number;
}

async function* batches(
  commits: readonly Commit[],
  { from, ended, random, happened }: Sending,
): AsyncGenerator<SourceMessage[]> {
  let batch: SourceMessage[] = [];
  let sent = from;
  for (const message of messagesOf(commits, from)) {
    if (message.kind === 'begin' && (sent += 1) > happened()) {
      yield batch;
      batch = [];
      while (sent > happened() && !ended.aborted) await soon();
      if (ended.aborted) return;
    }
    batch.push(message);
    if (random() < 0.6) continue;
    yield batch;
    batch = [];
    if (ended.aborted) return;
    if (random() < 0.02)
      throw new BanyanError('SOURCE_DISCONNECTED', 'The connection broke.', { retryable: true });
  }
  yield batch;
  // Time passes: so the frontier moves behind the last commit.
  const cursor = cursorBehind(commits.length);
  for (let second = 0; !ended.aborted; second += 1) {
    yield [
      {
        kind: 'idle',
        cursor,
        at: new Date(Date.UTC(2001, 0, 1) + second * 1000).toISOString().replace('Z', '000Z'),
      },
    ];
    await soon();
  }
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function* messagesOf(commits: readonly Commit[], from: number): Generator<SourceMessage> {
  for (const [index, { xid, committedAt, changes }] of commits.entries()) {
    if (index < from) continue;
    yield { kind: 'begin', xid, committedAt };
    for (const change of changes) yield { kind: 'change', change };
    yield { kind: 'commit', cursor: cursorBehind(index + 1) };
  }
}
