import { describe, expect, test } from '@jest/globals';
import { byKeyInParts, piecesOf, type RoutedEvent } from './pieces.ts';
import { exampleEvent } from './testing/counters.ts';

let made = 0;

function routed(keys: readonly string[], bytes = 0): RoutedEvent {
  made += 1;
  return { event: exampleEvent(made, 'Counted', { keys, more: 'x'.repeat(bytes) }), keys };
}

describe('a batch is worked on in pieces', () => {
  const limits = { keys: 3, bytes: 10_000 };

  test('of so many different keys', () => {
    const events = [routed(['a', 'b']), routed(['b', 'c']), routed(['a']), routed(['d']), routed([])];
    expect(piecesOf(events, limits)).toEqual([events.slice(0, 3), events.slice(3)]);
  });

  test('of so many bytes', () => {
    const events = [routed(['a'], 4000), routed(['a'], 4000), routed(['a'], 4000), routed(['a'], 90_000)];
    expect(piecesOf(events, limits)).toEqual([events.slice(0, 2), events.slice(2, 3), events.slice(3)]);
  });

  test('and an event with more than that is one of its own, its keys in parts', () => {
    const events = [routed(['a']), routed(['a', 'b', 'c', 'd', 'e', 'f', 'g']), routed(['a'])];
    expect(piecesOf(events, limits)).toEqual([events.slice(0, 1), events.slice(1, 2), events.slice(2)]);
    const parts = byKeyInParts(events, limits.keys);
    expect(parts.map((part) => [...part.keys()])).toEqual([['a', 'b', 'c'], ['d', 'e', 'f'], ['g']]);
    expect(parts[0]?.get('a')).toEqual(events.map(({ event }) => event));
  });

  test('none of nothing', () => {
    expect(piecesOf([], limits)).toEqual([]);
    expect(byKeyInParts([routed([])], 3)).toEqual([]);
  });
});
