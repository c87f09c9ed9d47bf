import { BanyanError } from 'banyan/runtime';

/**
 * The revision of an item's next write: one more than the last, and for a new item the log time of the event that
 * makes it, in microseconds.
 *
 * So a revision never comes twice for a key, though no store remembers purged keys: a key is written far less than a
 * million times a second, so its revision stays behind the log time of its tombstone, and a tombstone is purged only
 * when every later event has a later log time. It needs no counter that all writers would fight over, and rebuilding
 * gives the same.
 *
 * @param previous the stored revision; undefined when there is no item
 * @param logTime ISO 8601
 */
export function nextRevision(previous: number | undefined, logTime: string): number {
  return previous === undefined ? microseconds(logTime) : previous + 1;
}

function microseconds(logTime: string): number {
  const milliseconds = Date.parse(logTime);
  if (Number.isNaN(milliseconds)) {
    throw new BanyanError(
      'LOG_TIME_INVALID',
      `An event has the log time ${JSON.stringify(logTime)}; expected ISO 8601 with up to six digits of a second.`,
    );
  }
  // Date.parse keeps three digits of a second; the next three are the microseconds.
  const digits = /\.\d{3}(\d{1,3})/.exec(logTime)?.[1] ?? '';
  return Math.max(1, milliseconds * 1000 + Number(digits.padEnd(3, '0')));
}
