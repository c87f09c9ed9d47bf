import { expect, test } from '@jest/globals';
import type { ChangeLogLine, Cursor } from 'banyan/cdc';
import type { Line, LogEntry, LogReader } from 'banyan/runtime';
import { cutAt } from './cut.ts';

const at = (lsn: number, timeline = 1): Cursor => ({ system: '7', timeline, lsn: `0/${lsn.toString(16)}` });
const shared = { logTime: '2026-01-01T00:00:00.000000Z', previous: 0 };

function entry(position: number, lines: readonly Line<ChangeLogLine>[]): LogEntry<ChangeLogLine> {
  const single = lines.length === 1 ? lines[0] : undefined;
  return { position, previous: position - 1, single, lines: () => lines };
}

function tick(position: number, cursor: Cursor): LogEntry<ChangeLogLine> {
  return entry(position, [{ kind: 'tick', position, part: 0, last: true, ...shared, cursor }]);
}

/** A transaction in parts: only the last one has its own cursor. */
function parts(position: number, before: Cursor, cursor: Cursor): LogEntry<ChangeLogLine> {
  const line = {
    kind: 'transaction',
    position,
    ...shared,
    xid: '1',
    committedAt: shared.logTime,
    changes: [],
  } as const;
  return entry(position, [
    { ...line, part: 0, last: false, cursor: before },
    { ...line, part: 1, last: true, cursor },
  ]);
}

function log(...entries: LogEntry<ChangeLogLine>[]): LogReader<ChangeLogLine> {
  return {
    head: () => Promise.resolve(undefined),
    read: async function* ({ from }) {
      await Promise.resolve();
      for (const one of entries) if (one.position >= from) yield [one];
    },
  };
}

const nothing = { position: 0, cursor: undefined };
const signal = new AbortController().signal;

test.each([
  ['between two entries', 25, 2],
  ['at an entry', 20, 2],
  ['before all', 5, 0],
  ['within a transaction in parts, whose commit is behind', 35, 2],
  ['at its commit', 40, 3],
])('the cut of a cursor %s', async (_where, lsn, cut) => {
  const entries = log(tick(1, at(10)), tick(2, at(20)), parts(3, at(20), at(40)), tick(4, at(50)));
  expect(await cutAt(entries, nothing, at(lsn), signal)).toBe(cut);
  if (lsn > 20) expect(await cutAt(entries, { position: 2, cursor: at(20) }, at(lsn), signal)).toBe(cut);
});

test('another history is refused, and an older copy of this one', async () => {
  const entries = log(tick(1, at(10)), tick(2, at(20)));
  const refused = { code: 'VERIFY_OTHER_DATABASE' };
  await expect(cutAt(entries, nothing, at(15, 2), signal)).rejects.toMatchObject(refused);
  await expect(cutAt(entries, { position: 2, cursor: at(20) }, at(15), signal)).rejects.toMatchObject(
    refused,
  );
});
