import { describe, expect, test } from '@jest/globals';
import { converterOf, type ValueType } from './values.ts';

const builtIn = (name: string): ValueType => ({ kind: 'builtIn', name });
const arrayOf = (element: ValueType, delimiter = ','): ValueType => ({
  kind: 'array',
  name: `_${element.name}`,
  element,
  delimiter,
});

describe('the table of conversions', () => {
  test.each([
    ['bool', 't', true],
    ['bool', 'f', false],
    ['int2', '-32768', -32768],
    ['int4', '2147483647', 2147483647],
    ['oid', '4294967295', 4294967295],
    ['int8', '9223372036854775807', '9223372036854775807'],
    ['numeric', '1.10', '1.10'],
    ['numeric', 'NaN', 'NaN'],
    ['float4', '0.1', 0.1],
    ['float8', '5e-324', 5e-324],
    ['float8', '-0', 0],
    ['float8', 'NaN', 'NaN'],
    ['float8', '-Infinity', '-Infinity'],
    ['timestamptz', '2026-11-21 03:28:00.1+00', '2026-11-21T03:28:00.100000Z'],
    ['timestamptz', '2026-11-21 03:28:00+00', '2026-11-21T03:28:00.000000Z'],
    ['timestamp', '2026-11-21 03:28:00.123456', '2026-11-21T03:28:00.123456'],
    ['timestamptz', 'infinity', 'infinity'],
    ['timestamptz', '0044-03-15 00:00:00+00 BC', '0044-03-15 00:00:00+00 BC'],
    ['timestamp', '10000-01-01 00:00:00', '10000-01-01 00:00:00'],
    ['date', '2026-11-21', '2026-11-21'],
    ['bytea', '\\x00ff', 'AP8='],
    ['bytea', '\\x', ''],
    ['bpchar', 'a  ', 'a  '],
    ['int2vector', '1 2', '1 2'],
    ['constructor', 'x', 'x'],
  ])('%s %s', (type, text, value) => {
    expect(converterOf(builtIn(type))(text)).toBe(value);
  });

  test('a type of the user is text, whatever its name', () => {
    expect(converterOf({ kind: 'text', name: 'int4' })('1')).toBe('1');
  });
});

describe('JSON', () => {
  const json = converterOf(builtIn('jsonb'));
  test.each([
    ['{"a": 1, "b": [true, null, "x"]}', { a: 1, b: [true, null, 'x'] }],
    ['12345678901234567890', '12345678901234567890'],
    ['[9007199254740993, 9007199254740992]', ['9007199254740993', 9007199254740992]],
    ['0.1000000000000000055511151231257827', '0.1000000000000000055511151231257827'],
    ['100000000000000000000', 100000000000000000000],
    ['1e400', '1e400'],
    ['1.5e3', 1500],
    ['1.10000000000000000', 1.1],
    ['"1234567890123456789"', '1234567890123456789'],
    ['{"__proto__": 12345678901234567}', JSON.parse('{"__proto__": "12345678901234567"}')],
  ])('%s', (text, value) => {
    expect(json(text)).toEqual(value);
    expect(JSON.stringify(json(text))).toBe(JSON.stringify(value));
  });
});

describe('arrays', () => {
  const texts = converterOf(arrayOf(builtIn('text')));
  test.each([
    ['{}', []],
    ['{a,b}', ['a', 'b']],
    ['{NULL,"NULL",null}', [null, 'NULL', 'null']],
    ['{"a,b","c\\"d","e\\\\f","{}",""}', ['a,b', 'c"d', 'e\\f', '{}', '']],
    [
      '{{a,b},{c,d}}',
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    ],
    ['[0:1]={a,b}', ['a', 'b']],
    ['[-1:-1][2:3]={{a,b}}', [['a', 'b']]],
  ])('%s', (text, value) => {
    expect(texts(text)).toEqual(value);
  });

  test('of other elements and delimiters', () => {
    expect(converterOf(arrayOf(builtIn('int4')))('{1,NULL,-3}')).toEqual([1, null, -3]);
    expect(converterOf(arrayOf(builtIn('jsonb')))('{"{\\"a\\": [1, 2]}","null"}')).toEqual([
      { a: [1, 2] },
      null,
    ]);
    expect(converterOf(arrayOf(builtIn('box'), ';'))('{(1,1),(0,0);(2,2),(1,1)}')).toEqual([
      '(1,1),(0,0)',
      '(2,2),(1,1)',
    ]);
  });

  test('that end too early are refused', () => {
    expect(() => texts('{a,')).toThrow('ends too early');
    expect(() => texts('{"a')).toThrow('ends too early');
  });
});
