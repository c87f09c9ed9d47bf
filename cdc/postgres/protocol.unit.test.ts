import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ChunkQueue } from './chunk-queue.ts';
import { parseCopyRow } from './copy-text.ts';
import { brokenHistory } from './history.ts';
import { compareCursors, formatLsn, parseLsn } from './lsn.ts';
import { decodePgoutput } from './pgoutput.ts';
import { isoOfPostgresTime, postgresTimeOf } from './postgres-time.ts';
import type { Slot } from './slot.ts';

describe('WAL positions', () => {
  test('are printed as Postgres does, and read back', () => {
    expect(formatLsn(parseLsn('16/B374D848'))).toBe('16/B374D848');
    expect(parseLsn('0/0')).toBe(0n);
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (lsn) => {
        expect(parseLsn(formatLsn(lsn))).toBe(lsn);
      }),
    );
  });

  test('compare as numbers, not as text', () => {
    const at = (lsn: string) => ({ system: '1', timeline: 1, lsn });
    expect(compareCursors(at('9/0'), at('10/0'))).toBeLessThan(0);
    expect(compareCursors(at('1/FF'), at('1/100'))).toBeLessThan(0);
    expect(compareCursors(at('1/0'), at('1/0'))).toBe(0);
  });

  test('that are none are refused', () => {
    expect(() => parseLsn('16-B3')).toThrow(expect.objectContaining({ code: 'SOURCE_CURSOR_INVALID' }));
  });
});

describe('times', () => {
  test.each([
    [0n, '2000-01-01T00:00:00.000000Z'],
    [1n, '2000-01-01T00:00:00.000001Z'],
    [-1n, '1999-12-31T23:59:59.999999Z'],
    [848_546_880_123_456n, '2026-11-21T03:28:00.123456Z'],
  ])('%s', (microseconds, iso) => {
    expect(isoOfPostgresTime(microseconds)).toBe(iso);
  });

  test('go back and forth', () => {
    expect(isoOfPostgresTime(postgresTimeOf(Date.UTC(2026, 10, 21)))).toBe('2026-11-21T00:00:00.000000Z');
  });
});

describe('pgoutput', () => {
  test.each([
    ['an unknown message', Buffer.from('Z')],
    ['a binary value', Buffer.from([0x49, 0, 0, 0, 1, 0x4e, 0, 1, 0x62, 0, 0, 0, 0])],
    ['an unknown old row', Buffer.from([0x44, 0, 0, 0, 1, 0x58])],
  ])('refuses %s', (_what, bytes) => {
    expect(() => decodePgoutput(bytes)).toThrow(expect.objectContaining({ code: 'SOURCE_PROTOCOL' }));
  });

  test('tells NULL, unchanged and text apart', () => {
    const bytes = Buffer.from([0x49, 0, 0, 0, 7, 0x4e, 0, 3, 0x6e, 0x75, 0x74, 0, 0, 0, 2, 0xc3, 0xa9]);
    expect(decodePgoutput(bytes)).toEqual({ tag: 'insert', relationId: 7, after: [null, undefined, 'é'] });
  });
});

describe('COPY text', () => {
  test('reads NULL, escapes and blanks', () => {
    expect(parseCopyRow('a\t\\N\t\\\\N\t\tx\\ty\\nz\\r\\b\\f\\v\n')).toEqual([
      'a',
      null,
      '\\N',
      '',
      'x\ty\nz\r\b\f\v',
    ]);
  });
});

describe('history', () => {
  const after = { system: '7', timeline: 1, lsn: '1/0' };
  const place = { ...after, lsn: '2/0' };
  const slot: Slot = {
    name: 's',
    plugin: 'pgoutput',
    database: 'd',
    holder: undefined,
    confirmedLsn: '0/FFFFFFFF',
    lost: undefined,
  };
  test('goes on where nothing is missing', () => {
    expect(brokenHistory(after, place, slot)).toBeUndefined();
    expect(brokenHistory(after, place, { ...slot, confirmedLsn: '1/0' })).toBeUndefined();
  });
  test.each([
    ['another cluster', { ...place, system: '8' }, slot, 'another database cluster'],
    ['another timeline', { ...place, timeline: 2 }, slot, 'failed over or was restored'],
    ['an older copy', { ...place, lsn: '0/FF' }, slot, 'older copy'],
    ['no slot', place, undefined, 'slot is gone'],
    ['a lost slot', place, { ...slot, lost: 'wal_removed' }, 'wal_removed'],
    ['a slot that moved on', place, { ...slot, confirmedLsn: '1/1' }, 'has moved on'],
  ])('is broken by %s', (_what, now, there, why) => {
    expect(brokenHistory(after, now, there)).toContain(why);
  });
});

describe('the queue between socket and reader', () => {
  const socket = () => {
    const calls: string[] = [];
    return { calls, pause: () => calls.push('pause'), resume: () => calls.push('resume') };
  };

  test('holds the socket back above its limit, until all is taken', async () => {
    const queue = new ChunkQueue(10);
    const from = socket();
    queue.push(Buffer.alloc(10), from);
    expect(from.calls).toEqual([]);
    queue.push(Buffer.alloc(1), from);
    queue.push(Buffer.alloc(1), from);
    expect(from.calls).toEqual(['pause']);
    expect(await queue.take()).toHaveLength(3);
    expect(from.calls).toEqual(['pause', 'resume']);
  });

  test('keeps its own copy of the bytes', async () => {
    const queue = new ChunkQueue(10);
    const bytes = Buffer.from('ab');
    queue.push(bytes, socket());
    bytes.fill(0);
    expect((await queue.take())?.[0]?.toString()).toBe('ab');
  });

  test('gives what is there before it ends, with its error', async () => {
    const queue = new ChunkQueue(10);
    const waiting = queue.take();
    queue.push(Buffer.from('a'), socket());
    queue.finish(new Error('first'));
    queue.finish(new Error('second'));
    expect(await waiting).toHaveLength(1);
    await expect(queue.take()).rejects.toThrow('first');
  });

  test('lets go of everything when abandoned', async () => {
    const queue = new ChunkQueue(1);
    const from = socket();
    queue.push(Buffer.alloc(5), from);
    queue.abandon();
    expect(from.calls).toEqual(['pause', 'resume']);
    expect(await queue.take()).toBeUndefined();
  });
});
