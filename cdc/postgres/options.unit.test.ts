import { describe, expect, test } from '@jest/globals';
import { checkOptions } from './options.ts';
import { selectTables } from './select-tables.ts';
import type { CatalogTable } from './table-catalog.ts';

describe('options', () => {
  test('have defaults made of the source name', () => {
    const options = checkOptions('My-Shop', { database: 'shop', tables: ['public.*'] });
    expect(options).toMatchObject({ slot: 'banyan_my_shop', publication: 'banyan_my_shop', exclude: [] });
  });

  test.each([
    ['no database', { tables: ['a'] }, 'connectionString, or host'],
    ['no tables', { database: 'x', tables: [] }, 'tables: expected at least one'],
    ['a wrong slot', { database: 'x', tables: ['a'], slot: 'Äh' }, 'slot: expected 1 to 63'],
    ['an unknown option', { database: 'x', tables: ['a'], tabels: [] }, 'tabels'],
  ])('with %s are refused, naming it', (_what, given, message) => {
    expect(() => checkOptions('shop', given)).toThrow(
      expect.objectContaining({ code: 'SOURCE_OPTIONS', message: expect.stringContaining(message) }),
    );
  });

  test('that are wrong are told without the password', () => {
    const given = { connectionString: 'postgres://u:geheim@h/d', password: 5 as never, tables: [] };
    expect(() => checkOptions('shop', given)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('geheim') }),
    );
  });
});

describe('the selection of tables', () => {
  const table = (schema: string, name: string, unfit?: string): CatalogTable => ({
    oid: 1,
    schema,
    name,
    fullName: `${schema}.${name}`,
    unfit,
    partitioned: false,
    hasIdentity: true,
    readable: true,
    estimatedRows: 0,
  });
  const all = [
    table('public', 'orders'),
    table('public', 'v', 'is a view'),
    table('crm', 'Customer'),
    table('a.b', 'c*'),
  ];
  const select = (tables: string[], exclude: string[] = []) =>
    selectTables(all, { tables, exclude }).map(({ fullName, named }) => `${fullName}${named ? '' : '?'}`);

  test('takes names, patterns and quoted names', () => {
    expect(select(['orders'])).toEqual(['public.orders']);
    expect(select(['public.*'])).toEqual(['public.orders?']);
    expect(select(['*.*'], ['crm.*'])).toEqual(['public.orders?', 'a.b.c*?']);
    expect(select(['crm.Cust*', 'crm.Customer'])).toEqual(['crm.Customer']);
    expect(select(['"a.b"."c*"'])).toEqual(['a.b.c*']);
  });

  test.each([
    [['nothing'], [], 'there is none'],
    [['public.v'], [], 'it is a view'],
    [['crm.customer'], [], 'case-sensitive'],
    [['public.*'], ['orders'], 'nothing that can be captured is left'],
    [['a."b'], [], 'not of the form'],
  ])('%s without %s is refused', (tables, exclude, why) => {
    expect(() => select(tables, exclude)).toThrow(
      expect.objectContaining({ code: 'SOURCE_TABLE_UNKNOWN', message: expect.stringContaining(why) }),
    );
  });
});
