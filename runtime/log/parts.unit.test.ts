import { describe, expect, test } from '@jest/globals';
import zlib from 'node:zlib';
import { Chunk } from './chunk.ts';
import { compress, decompress, decompressSync } from './codec.ts';
import { beginning, checkedFrame, follows, frameAt, parseLine } from './frame.ts';
import { isHolderAlive, openTokens, thisHolder } from './holder.ts';
import type { LineFrame } from './log.ts';
import { scanRaw } from './scan.ts';
import { chooseSegments, fileName, parseFileName, stemOf } from './segment-name.ts';
import { Wakeup } from './wakeup.ts';

const line = (position: number, part = 0, last = true): LineFrame => ({
  position,
  previous: position - 1,
  part,
  last,
});

/** A chunk's bytes: entries of one line with this text. */
function chunk(durable: number, positions: readonly number[], text = 'é'): Buffer {
  const lines = new Chunk(line(positions[0] ?? 0), undefined);
  for (const position of positions) lines.add(line(position), JSON.stringify({ text }));
  return Buffer.from(lines.finish(durable));
}

describe('the bytes of a line', () => {
  const text = chunk(11, [12, 13]).toString();
  const [first = '', second = ''] = text.split('\n');

  test('are one JSON object whose checksum is that of the bytes from "position", or "durable" where it is told', () => {
    expect(text.endsWith('\n')).toBe(true);
    expect(second.slice(18)).toBe('"position":13,"previous":12,"part":0,"last":true,"text":"é"}');
    expect(first.slice(18, 45)).toBe('"durable":11              ,');
    for (const one of [first, second]) {
      const { crc } = JSON.parse(one) as { crc: string };
      expect(parseInt(crc, 16)).toBe(zlib.crc32(one.slice(18)));
    }
  });

  test('are read as the frame and the payload alone', () => {
    expect(frameAt(first, 0)).toEqual({ ...line(12), durable: 11 });
    expect(parseLine(first, 0, first.length)).toEqual({ ...line(12), text: 'é' });
    expect(parseLine(second, 0, second.length)).toEqual({ ...line(13), text: 'é' });
    const empty = new Chunk(line(1), undefined);
    empty.add(line(1), '{}');
    const bytes = empty.finish(0).toString();
    expect(parseLine(bytes, 0, bytes.length - 1)).toEqual(line(1));
  });

  test('are refused when any byte is wrong', () => {
    const bytes = Buffer.from(second);
    expect(checkedFrame(bytes, 0, bytes.length)).toMatchObject(line(13));
    for (let at = 8; at < bytes.length; at++) {
      if (at === 16 || at === 17) continue;
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(checkedFrame(damaged, 0, damaged.length)).toBeUndefined();
    }
  });

  test('a line follows by its position, its previous and its part', () => {
    expect(follows(beginning, line(1), true)).toBe(true);
    expect(follows(beginning, { ...line(2), previous: 0 }, true)).toBe(false);
    expect(follows(beginning, { ...line(2), previous: 0 }, false)).toBe(true);
    expect(follows(line(1), line(3), false)).toBe(false);
    expect(follows(line(1), line(1), false)).toBe(false);
    expect(follows(line(2, 0, false), line(2, 1), true)).toBe(true);
    expect(follows(line(2, 0, false), line(2, 2), true)).toBe(false);
    expect(follows(line(2, 0, false), line(3), true)).toBe(false);
    expect(follows(line(1), line(2, 1), true)).toBe(false);
    expect(follows(undefined, line(9, 4), true)).toBe(true);
  });
});

describe('a scan of a raw segment', () => {
  const scan = (...parts: Buffer[]) => {
    const bytes = Buffer.concat(parts);
    const file = {
      read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
      sync: async () => undefined,
      close: async () => undefined,
    };
    return scanRaw(file, { offset: 0, line: beginning }, true);
  };
  const [one, two, three] = [chunk(0, [1, 2]), chunk(2, [3, 4]), chunk(4, [5])];
  const zeros = (bytes: Buffer, from: number, to: number) => {
    const torn = Buffer.from(bytes);
    torn.fill(0, from, to);
    return torn;
  };

  test('finds the last whole entry, and lines longer than a block', async () => {
    const long = chunk(5, [6], 'z'.repeat(3 << 20));
    const found = await scan(one, two, three, long);
    expect(found).toMatchObject({ rest: 'nothing', lines: 6, entries: 6, durableBehind: 0 });
    expect(found.whole).toEqual({
      offset: one.length + two.length + three.length + long.length,
      line: line(6),
    });
  });

  test('a torn tail proves nothing: pages lost in the last chunk', async () => {
    const found = await scan(one, zeros(two, 10, 40));
    expect(found).toMatchObject({
      rest: 'wrong',
      whole: { offset: one.length, line: line(2) },
      durableBehind: 0,
    });
    expect(await scan(one, two.subarray(0, -5))).toMatchObject({
      rest: 'unfinished',
      whole: { line: line(3) },
    });
  });

  test('a later chunk that calls the wrong line durable proves damage', async () => {
    expect(await scan(one, zeros(two, 60, 70), three)).toMatchObject({ rest: 'wrong', durableBehind: 4 });
    // Where the newline in between is gone too.
    expect(await scan(one, zeros(two, two.length - 1, two.length), three)).toMatchObject({
      durableBehind: 4,
    });
  });
});

describe('segment files', () => {
  const raw = `${stemOf({ position: 12, part: 3 }, 2)}.ndjson`;

  test('are named by place and fence', () => {
    expect(raw).toBe('00000000000000000012-00000003-000002.ndjson');
    const file = parseFileName(`${raw}.zst`);
    expect(file).toMatchObject({ start: { position: 12, part: 3 }, fence: 2, form: 'zst' });
    expect(file && fileName(file)).toBe(`${raw}.zst`);
    for (const other of ['log.json', 'fences', `${raw}.zst.tmp`, raw.replace('ndjson', 'index.json')]) {
      expect(parseFileName(other)).toBeUndefined();
    }
  });

  test('sealed goes before raw, the later writer before the earlier, and raw only if trusted', () => {
    const start = { position: 1, part: 0 };
    const names = [
      `${stemOf(start, 1)}.ndjson`,
      `${stemOf(start, 1)}.ndjson.gz`,
      `${stemOf(start, 2)}.ndjson.zst`,
      raw,
    ];
    const chosen = (trusted: boolean) => chooseSegments(names, () => trusted).map(fileName);
    expect(chosen(true)).toEqual([`${stemOf(start, 2)}.ndjson.zst`, raw]);
    expect(chosen(false)).toEqual([`${stemOf(start, 2)}.ndjson.zst`]);
  });
});

test.each(['zst', 'gz'] as const)(
  '%s: each block is a file of its own, and so are several',
  async (codec) => {
    const [a, b] = [Buffer.from('one\n'.repeat(100_000)), Buffer.from('two\n')];
    const [x, y] = [await compress(codec, a), await compress(codec, b)];
    expect(await decompress(codec, x, a.length)).toEqual(a);
    expect(decompressSync(codec, y, b.length)).toEqual(b);
    await expect(decompress(codec, x, 10)).rejects.toThrow();
    // Tools read several as one file. (Node's own zstd stops behind the first; its gunzip does not.)
    if (codec === 'gz') expect(zlib.gunzipSync(Buffer.concat([x, y])).length).toBe(a.length + b.length);
  },
);

test('a holder lives while its process does and its log is open', () => {
  const holder = thisHolder('t');
  expect(isHolderAlive(holder)).toBe(false);
  openTokens.add('t');
  expect(isHolderAlive(holder)).toBe(true);
  openTokens.delete('t');
  expect(isHolderAlive({ ...holder, pid: process.ppid, started: 'another boot 1' })).toBe(
    process.platform !== 'linux',
  );
  expect(isHolderAlive({ host: holder.host, pid: process.ppid, token: 'p' })).toBe(true);
  expect(isHolderAlive({ host: holder.host, pid: 2 ** 22 + 1, token: 'p' })).toBe(false);
});

test('a wake-up between taking the count and waiting is not missed', async () => {
  const bell = new Wakeup();
  const { count } = bell;
  bell.ring();
  await bell.since(count);
  const waiting = bell.since(bell.count);
  bell.ring();
  await waiting;
  const stop = new AbortController();
  const stopped = bell.since(bell.count, stop.signal);
  stop.abort();
  await stopped;
});
