import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { event } from 'banyan/events';
import { z } from 'zod';
import { foldInOrder } from './fold.ts';
import { keysOf } from './keys.ts';
import { projection, removed } from './projection.ts';
import { exampleEvent } from './testing/counters.ts';
import { at } from './testing/examples.ts';

const Set_ = event('Set', z.object({ id: z.string(), value: z.unknown() }));
const Left = event('Left', z.object({ id: z.string() }));
const Gone = event('Gone', z.object({ id: z.string() }));
const Doc = z.object({ value: z.string(), seen: z.int().optional() });

const view = projection('things', Doc)
  .on(Set_, {
    key: (e) => e.id,
    apply: (document, e) => ({
      value: e.value as string,
      seen: (document?.seen ?? 0) + 1,
      unknown: 'dropped',
    }),
  })
  .on(Left, { key: (e) => e.id, apply: () => undefined })
  .on(Gone, { key: (e) => e.id, apply: () => removed })
  .index('byValue', {
    partition: (d) => (d.value === 'hidden' ? undefined : d.value),
    sort: (d) => d.seen ?? 0,
  });

const set = (position: number, value: unknown) =>
  exampleEvent(position, 'Set', { id: 'a', value: value as string });
const left = (position: number) => exampleEvent(position, 'Left', { id: 'a' });
const gone = (position: number) => exampleEvent(position, 'Gone', { id: 'a' });
const fold = (item: Parameters<typeof foldInOrder>[2], ...events: ReturnType<typeof set>[]) =>
  foldInOrder(view, 'a', item, events);
/** The item that a fold gave. */
const itemOf = (result: ReturnType<typeof fold>) => {
  if (result.kind !== 'changed') throw new Error(`the fold is ${result.kind}`);
  return result.item as NonNullable<Parameters<typeof foldInOrder>[2]>;
};

describe('the fold of a key', () => {
  test('makes the document, its index entries and where it stands', () => {
    const result = fold(undefined, set(1, 'x'), set(2, 'y'));
    expect(result).toEqual({
      kind: 'changed',
      item: {
        key: 'a',
        revision: Date.parse(at(2).logTime) * 1000,
        document: { value: 'y', seen: 2 },
        state: { kind: 'settled', at: at(2) },
      },
      indexEntries: [{ index: 'byValue', partition: 'y', sort: expect.stringMatching(/^n[0-9a-f]{16}$/) }],
    });
  });

  test('goes on from the stored item, whatever the batches were', () => {
    const whole = itemOf(fold(undefined, set(1, 'x'), set(2, 'y'), set(3, 'z')));
    const parts = itemOf(fold(itemOf(fold(undefined, set(1, 'x'))), set(2, 'y'), set(3, 'z')));
    expect(parts.document).toEqual(whole.document);
    expect(parts.state).toEqual(whole.state);
  });

  test('drops what the item has already, and repeats within the batch', () => {
    const item = itemOf(fold(undefined, set(1, 'x'), set(2, 'y')));
    expect(fold(item, set(1, 'x'), set(2, 'y'))).toEqual({ kind: 'unchanged' });
    expect(itemOf(fold(item, set(2, 'y'), set(3, 'z'), set(3, 'z'))).document).toEqual({
      value: 'z',
      seen: 3,
    });
  });

  test('leaves the document as it is where the handler gives nothing', () => {
    expect(fold(undefined, left(1))).toEqual({ kind: 'unchanged' });
    const item = itemOf(fold(undefined, set(1, 'x')));
    expect(fold(item, left(2), exampleEvent(3, 'Other', {}))).toEqual({ kind: 'unchanged' });
  });

  test('removes, and may make it anew', () => {
    const item = itemOf(fold(undefined, set(1, 'x')));
    const tombstone = fold(item, gone(2));
    expect(tombstone).toMatchObject({
      indexEntries: [],
      item: { revision: item.revision + 1, state: { kind: 'removed', at: at(2) } },
    });
    expect(itemOf(tombstone)).not.toHaveProperty('document');
    expect(fold(itemOf(tombstone), gone(3))).toMatchObject({
      kind: 'changed',
      item: { state: { kind: 'removed' } },
    });
    expect(itemOf(fold(itemOf(tombstone), set(3, 'y'))).document).toEqual({ value: 'y', seen: 1 });
    // Within one log time too: whoever knows the document of then must not take the new one for it.
    const { logTime } = at(1);
    const again = fold(itemOf(fold(item, { ...gone(2), logTime })), { ...set(3, 'y'), logTime });
    expect(itemOf(again).revision).toBe(item.revision + 2);
    expect(fold(undefined, gone(1))).toEqual({ kind: 'unchanged' });
    expect(fold(undefined, set(1, 'x'), gone(2))).toEqual({ kind: 'unchanged' });
  });

  test('keeps a document out of an index that does not want it', () => {
    expect(fold(undefined, set(1, 'hidden'))).toMatchObject({ kind: 'changed', indexEntries: [] });
  });
});

describe('what cannot be folded is told as a value', () => {
  test('a document that fails its schema: where, and what was expected, without its values', () => {
    const result = fold(undefined, set(1, 'fine'), set(2, 4711));
    expect(result).toMatchObject({
      kind: 'failed',
      failure: {
        code: 'DOCUMENT_INVALID',
        eventId: 'shop:orders@1:2:0',
        eventType: 'Set',
        details: { issues: [{ path: '$.value' }] },
      },
    });
    const { message } = (result as { failure: { message: string } }).failure;
    expect(message).toContain('$.value: Invalid input: expected string, received number');
    expect(message).not.toContain('4711');
  });

  test('even where the next event would have mended it, so that batches do not matter', () => {
    expect(fold(undefined, set(1, 4711), set(2, 'fine'))).toMatchObject({
      kind: 'failed',
      failure: { eventId: 'shop:orders@1:1:0' },
    });
  });

  test('a handler that throws, or writes into its arguments', () => {
    const bad = projection('bad', Doc)
      .on(Set_, {
        key: (e) => e.id,
        apply: () => {
          throw new Error('no such luck');
        },
      })
      .on(Left, {
        key: (e) => e.id,
        apply: (document, e) => {
          e.id = 'other';
          return document;
        },
      })
      .on(Gone, {
        key: (e) => e.id,
        apply: (document) => {
          if (document) document.value = 'written into';
          return document;
        },
      });
    const item = itemOf(fold(undefined, set(1, 'x')));
    expect(foldInOrder(bad, 'a', item, [set(2, 'x')])).toMatchObject({
      failure: { code: 'HANDLER_THREW', message: '`apply` of Set threw: no such luck' },
    });
    expect(foldInOrder(bad, 'a', item, [left(2)])).toMatchObject({ failure: { code: 'HANDLER_THREW' } });
    expect(foldInOrder(bad, 'a', structuredClone(item), [gone(2)])).toMatchObject({
      failure: { code: 'HANDLER_THREW' },
    });
  });

  test('what a parser says of an event is left out', () => {
    const parsing = projection('parsing', Doc).on(Set_, {
      key: (e) => e.id,
      apply: (_, e) => ({ value: String(JSON.parse(String(e.value))) }),
    });
    const failed = foldInOrder(parsing, 'a', undefined, [set(1, 'DE00 1234')]);
    expect(failed).toMatchObject({ failure: { code: 'HANDLER_THREW' } });
    expect(inspect(failed)).toContain('SyntaxError');
    expect(inspect(failed, { depth: 9 }).split('failure:')[1]).not.toContain('DE00');
  });

  test('a document that is no JSON, and an index that cannot take it', () => {
    const dates = projection('dates', z.object({ at: z.date() })).on(Left, {
      key: (e) => e.id,
      apply: () => ({ at: new Date(0) }),
    });
    expect(foldInOrder(dates, 'a', undefined, [left(1)])).toMatchObject({
      failure: { code: 'DOCUMENT_NOT_JSON', details: { path: '$.at', found: 'Date' } },
    });
    const sorted = projection('sorted', Doc)
      .on(Set_, { key: (e) => e.id, apply: (_, e) => ({ value: String(e.value) }) })
      .index('broken', { partition: (d) => d.value, sort: (d) => Number(d.value) });
    expect(foldInOrder(sorted, 'a', undefined, [set(1, 'x')])).toMatchObject({
      failure: { code: 'INDEX_INVALID' },
    });
    expect(foldInOrder(sorted, 'a', undefined, [set(1, '7'.repeat(1001))])).toMatchObject({
      failure: { code: 'INDEX_INVALID', message: expect.stringContaining('longer than 1000 bytes') },
    });
  });
});

describe('the keys of an event', () => {
  const keyed = (key: () => unknown) =>
    keysOf(projection('keyed', Doc).on(Left, { key: key as () => string, apply: () => undefined }), left(1));

  test('are one, several (each once) or none', () => {
    expect(keyed(() => 'a')).toEqual({ kind: 'keys', keys: ['a'] });
    expect(keyed(() => ['a', 'b', 'a'])).toEqual({ kind: 'keys', keys: ['a', 'b'] });
    expect(keyed(() => undefined)).toEqual({ kind: 'keys', keys: [] });
    expect(keysOf(view, exampleEvent(1, 'Other', {}))).toEqual({ kind: 'keys', keys: [] });
  });

  test.each([
    ['', 'a text of 0 bytes'],
    [['a', 5], 'number'],
    ['k'.repeat(1001), 'a text of 1001 bytes'],
    [7, 'not iterable'],
  ])('%p is refused', (key, told) => {
    expect(keyed(() => key)).toMatchObject({
      failure: { code: 'KEY_INVALID', message: expect.stringContaining(told) },
    });
  });
});
