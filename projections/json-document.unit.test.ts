import { describe, expect, test } from '@jest/globals';
import { runInNewContext } from 'node:vm';
import { toJsonDocument } from './json-document.ts';

const unstorable = 'text with U+0000 or half of a surrogate pair';

describe('a document', () => {
  test('is a frozen copy, as a store would give it back', () => {
    const given = { a: [1, { b: -0 }], absent: undefined, none: null, text: '😀 \\ud800' };
    const result = toJsonDocument(given);
    expect(result).toEqual({ kind: 'json', document: { a: [1, { b: 0 }], none: null, text: '😀 \\ud800' } });
    const { document } = result as unknown as { document: { a: [number, object] } };
    expect(document).not.toBe(given);
    expect(Object.isFrozen(document.a[1])).toBe(true);
    expect(Object.keys(document)).not.toContain('absent');
  });

  test('of another realm is one too', () => {
    expect(toJsonDocument(runInNewContext('({ a: [{ b: 1 }] })'))).toEqual({
      kind: 'json',
      document: { a: [{ b: 1 }] },
    });
  });

  test('keeps a field with the name of the prototype', () => {
    const result = toJsonDocument(JSON.parse('{"__proto__":{"x":1}}'));
    expect(JSON.stringify((result as { document: object }).document)).toBe('{"__proto__":{"x":1}}');
  });

  test.each([
    [{ at: new Date(0) }, '$.at', 'Date'],
    [{ a: [{ m: new Map() }] }, '$.a[0].m', 'Map'],
    [{ n: NaN }, '$.n', 'NaN'],
    [{ n: -Infinity }, '$.n', '-Infinity'],
    [{ n: 1n }, '$.n', 'bigint'],
    [{ a: [undefined] }, '$.a[0]', 'undefined'],
    [{ f: () => 1 }, '$.f', 'function'],
    [[1], '$', 'Array'],
    [{ a: ['x\0'] }, '$.a[0]', unstorable],
    [{ a: 'x\ud83d' }, '$.a', unstorable],
    [{ a: { 'n\0': 1 } }, '$.a (a name)', unstorable],
    ['text', '$', 'string'],
    [null, '$', 'null'],
  ])('%p is refused: at %s a %s', (value, path, found) => {
    expect(toJsonDocument(value)).toEqual({ kind: 'not-json', path, found });
  });
});
