import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { joinByKey, type Joined } from './join.ts';

interface Entry {
  readonly key: string;
  readonly n: number;
}

async function* portions(entries: readonly Entry[], size: number): AsyncGenerator<readonly Entry[]> {
  for (let at = 0; at < entries.length; at += size) yield entries.slice(at, at + size);
  yield [];
}

async function joined(left: readonly Entry[], right: readonly Entry[], sizes: readonly [number, number]) {
  const all: Joined<Entry, Entry>[] = [];
  for await (const one of joinByKey(portions(left, sizes[0]), portions(right, sizes[1]))) all.push(one);
  return all;
}

/** The same by maps. */
function naive(left: readonly Entry[], right: readonly Entry[]): Joined<Entry, Entry>[] {
  const keys = [...new Set([...left, ...right].map(({ key }) => key))].sort();
  return keys.map((key) => {
    const rights = right.filter((one) => one.key === key);
    return {
      key,
      left: left.find((one) => one.key === key),
      right: rights[0],
      repeated: Math.max(0, rights.length - 1),
    };
  });
}

const byKey = (one: Entry, other: Entry): number =>
  one.key < other.key ? -1 : one.key > other.key ? 1 : one.n - other.n;
// Few characters, so that keys meet; those that UTF-8 and UTF-16 order differently among them.
const key = fc.string({
  unit: fc.constantFrom('a', 'B', 'ä', '\uD7FF', '\uE000', '\uFFFD', '😀'),
  maxLength: 3,
});
const entries = fc.array(fc.record({ key, n: fc.nat() }), { maxLength: 30 });
const runs = process.env['BANYAN_LONG'] === undefined ? 200 : 20_000;

describe('joinByKey', () => {
  test('gives each key of either side once, in order, like a join by maps', async () => {
    await fc.assert(
      fc.asyncProperty(
        entries,
        entries,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        async (a, b, p, q) => {
          const left = [...new Map(a.map((one) => [one.key, one])).values()].sort(byKey);
          const right = b.toSorted(byKey);
          expect(await joined(left, right, [p, q])).toEqual(naive(left, right));
        },
      ),
      { numRuns: runs },
    );
  });

  test('refuses a side that is not in order', async () => {
    const wrong = [
      { key: 'b', n: 1 },
      { key: 'a', n: 2 },
    ];
    await expect(joined([], wrong, [1, 1])).rejects.toMatchObject({ code: 'VERIFY_ORDER' });
    await expect(joined(wrong, [], [2, 1])).rejects.toMatchObject({ code: 'VERIFY_ORDER' });
  });

  test('ends both streams when the reader leaves early', async () => {
    const ended: string[] = [];
    async function* stream(name: string): AsyncGenerator<readonly Entry[]> {
      try {
        for (let n = 0; ; n += 1) yield [{ key: String(n).padStart(5, '0'), n }];
      } finally {
        ended.push(name);
      }
    }
    for await (const one of joinByKey(stream('left'), stream('right'))) if (one.key === '00003') break;
    expect(ended).toEqual(['left', 'right']);
  });
});
