import { BanyanError } from 'banyan/runtime';
import type { CatalogTable } from './table-catalog.ts';

/** A table that the configuration asks for. */
export interface SelectedTable extends CatalogTable {
  /** Named by itself, not only met by a pattern. */
  readonly named: boolean;
}

interface Pattern {
  readonly text: string;
  readonly named: boolean;
  matches(table: Pick<CatalogTable, 'schema' | 'name'>): boolean;
}

/**
 * The tables that `tables` asks for and `exclude` does not take away. A pattern takes what can be captured; a name
 * must be there and be fit.
 * @throws BanyanError SOURCE_TABLE_UNKNOWN
 */
export function selectTables(
  all: readonly CatalogTable[],
  wanted: { readonly tables: readonly string[]; readonly exclude: readonly string[] },
): SelectedTable[] {
  const patterns = wanted.tables.map(parsePattern);
  const excluded = wanted.exclude.map(parsePattern);
  for (const pattern of patterns) {
    const met = all.filter((table) => pattern.matches(table));
    const [unfit] = met.filter((table) => table.unfit !== undefined);
    if (met.length === 0) throw unknownTable(pattern.text, 'there is none', all);
    if (pattern.named && unfit?.unfit !== undefined)
      throw unknownTable(pattern.text, `it ${unfit.unfit}`, all);
  }
  const selected = all
    .filter((table) => table.unfit === undefined && !excluded.some((pattern) => pattern.matches(table)))
    .map((table) => ({ table, by: patterns.filter((pattern) => pattern.matches(table)) }))
    .filter(({ by }) => by.length > 0)
    .map(({ table, by }) => ({ ...table, named: by.some((pattern) => pattern.named) }));
  if (selected.length === 0) {
    throw unknownTable(wanted.tables.join(', '), 'nothing that can be captured is left', all);
  }
  return selected;
}

/** `schema.name`, `name` (of public), parts in double quotes taken as they are, `*` for any characters. */
function parsePattern(text: string): Pattern {
  const parts = /^(?:("(?:[^"]|"")+"|[^."]+)\.)?("(?:[^"]|"")+"|[^"]+)$/.exec(text.trim());
  if (parts === null) throw unknownTable(text, 'it is not of the form table, schema.table or schema.*', []);
  const [, schema = 'public', name = ''] = parts;
  const [schemaTest, nameTest] = [part(schema), part(name)];
  return {
    text,
    named: !schemaTest.wild && !nameTest.wild,
    matches: (table) => schemaTest.test(table.schema) && nameTest.test(table.name),
  };
}

function part(text: string): { readonly wild: boolean; test(name: string): boolean } {
  if (text.startsWith('"')) {
    const exact = text.slice(1, -1).replaceAll('""', '"');
    return { wild: false, test: (name) => name === exact };
  }
  if (!text.includes('*')) return { wild: false, test: (name) => name === text };
  const expression = new RegExp(`^${text.split('*').map(escapeRegExp).join('.*')}$`, 's');
  return { wild: true, test: (name) => expression.test(name) };
}

function escapeRegExp(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}-]/g, '\\$&');
}

function unknownTable(asked: string, why: string, all: readonly CatalogTable[]): BanyanError {
  const there = all.filter((table) => table.unfit === undefined).map((table) => table.fullName);
  const shown = there.slice(0, 20).join(', ') + (there.length > 20 ? ', ...' : '');
  return new BanyanError(
    'SOURCE_TABLE_UNKNOWN',
    `The option "tables" asks for ${asked}, but ${why}. Tables that can be captured: ${shown || 'none'}. Names are ` +
      'case-sensitive and without quotes; a table without its schema is one of public. Correct the option, or take ' +
      'out a table that was dropped.',
    { details: { asked, why } },
  );
}
