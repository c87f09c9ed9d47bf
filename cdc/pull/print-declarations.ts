import { col } from '../columns.ts';
import type { ValueType } from '../values.ts';
import { constantName, propertyName, quote, shortNames } from './names.ts';
import type { DeclaredColumn, DeclaredTable } from './read-declarations.ts';

/** How to print. */
export interface PrintOptions {
  /** The source's name in the configuration. */
  readonly source: string;
  /** Prettier's `printWidth`. */
  readonly printWidth: number;
}

/**
 * The TypeScript file that declares the tables. The same tables give the same text, and Prettier leaves it as it is
 * (single quotes, trailing commas).
 */
export function printDeclarations(tables: readonly DeclaredTable[], options: PrintOptions): string {
  const names = shortNames(tables);
  const hoisted: string[] = [];
  const bodies = tables.map((table, index) =>
    printTable(names[index] ?? table.name, table, options, hoisted),
  );
  const lines = [
    `// Written by \`banyan tables pull\`. Pull again when the tables change.`,
    `import { col, table, tables } from 'banyan/cdc';`,
    '',
    ...hoisted.flatMap((text) => [text, '']),
    `export const ${constantName(options.source)} = tables(${quote(options.source)}, {`,
    ...bodies,
    '});',
    '',
  ];
  return lines.join('\n');
}

function printTable(short: string, table: DeclaredTable, options: PrintOptions, hoisted: string[]): string {
  const lines = [
    ...remarks(table).map((remark) => `  /** ${remark} */`),
    `  ${propertyName(short)}: table(${quote(`${table.schema}.${table.name}`)}, {`,
    printList('    key: ', table.key, ',', options.printWidth),
    ...(table.columns.length === 0 ? ['    columns: {},'] : ['    columns: {', ...columns(), '    },']),
    '  }),',
  ];
  return lines.join('\n');

  function columns(): string[] {
    return table.columns.map((column) => {
      const constant = constantName(`${short}_${column.name}_labels`);
      return `      ${printColumn(column, constant, options.printWidth, hoisted)}`;
    });
  }
}

function remarks(table: DeclaredTable): string[] {
  if (!table.hasIdentity) return ['No replica identity: only what is inserted is captured.'];
  return table.key.length === 0 ? ['No primary key: a row is told by all of its columns.'] : [];
}

function printColumn(column: DeclaredColumn, constant: string, width: number, hoisted: string[]): string {
  const print = (labels: string): string => {
    let type = printType(column.type, labels);
    if (column.type.kind === 'array') {
      for (let more = 1; more < column.dimensions; more += 1) type = `col.array(${type})`;
    }
    return `${propertyName(column.name)}: ${type}${column.nullable ? '.nullable()' : ''},`;
  };
  if (column.labels === undefined) return print('');
  const inline = print(column.labels.map(quote).join(', '));
  // A long chain of calls is broken by rules that are not worth copying; an array of its own is broken by simple ones.
  if (inline.length + 6 <= width) return inline;
  hoisted.push(printList(`const ${constant} = `, column.labels, ' as const;', width));
  return print(`...${constant}`);
}

/** `labels` are the arguments of the enum at the innermost place, if there is one. */
function printType(type: ValueType, labels: string): string {
  if (type.kind === 'array') return `col.array(${printType(type.element, labels)})`;
  if (labels !== '') return `col.enum(${labels})`;
  const known = type.kind === 'builtIn' || type.name === 'citext';
  return known && plainTypes.has(type.name) ? `col.${type.name}()` : `col.other(${quote(type.name)})`;
}

const plainTypes = new Set(Object.keys(col).filter((name) => !['enum', 'array', 'other'].includes(name)));

/** A list of texts on one line, or, when that is too wide, each on its own. */
function printList(before: string, items: readonly string[], after: string, width: number): string {
  const line = `${before}[${items.map(quote).join(', ')}]${after}`;
  if (line.length <= width || items.length === 0) return line;
  const indent = /^ */.exec(before)?.[0] ?? '';
  return [`${before}[`, ...items.map((item) => `${indent}  ${quote(item)},`), `${indent}]${after}`].join(
    '\n',
  );
}
