import { unknown, type Column, type Row, type Table } from 'banyan/cdc';
import { BanyanError } from 'banyan/runtime';

/** A row as the change log or a look-up has it. */
export interface LoggedRow {
  readonly row: Row;
  /** Columns whose value could not be known. */
  readonly unknown?: readonly string[] | undefined;
}

/**
 * The row as its table was declared: declared columns only, older shapes completed by declared defaults. What
 * cannot be given throws when it is read, and not before: a translation is not stopped by columns it does not use.
 */
export function declaredRow(table: Table, { row, unknown: unknownColumns }: LoggedRow): Row {
  const declared: Record<string, unknown> = {};
  for (const [name, column] of columnsOf(table)) {
    const found = valueOf(
      table,
      name,
      column,
      Object.hasOwn(row, name) ? row[name] : undefined,
      unknownColumns,
    );
    if (found instanceof BanyanError) refuse(declared, name, found);
    else if (name === '__proto__') Object.defineProperty(declared, name, { value: found, enumerable: true });
    else declared[name] = found;
  }
  return declared as Row;
}

const columnLists = new WeakMap<Table, readonly (readonly [string, Column])[]>();

function columnsOf(table: Table): readonly (readonly [string, Column])[] {
  let list = columnLists.get(table);
  if (!list) columnLists.set(table, (list = Object.entries(table.columns)));
  return list;
}

function valueOf(
  table: Table,
  name: string,
  column: Column,
  value: unknown,
  unknownColumns: readonly string[] | undefined,
): unknown {
  if (value === null && !column.isNullable) return unexpectedNull(table, name);
  if (value !== undefined) return value;
  if (unknownColumns?.includes(name)) return column.mayBeUnknown ? unknown : unknownValue(table, name);
  return column.defaultValue === undefined ? missingColumn(table, name) : column.defaultValue;
}

function refuse(row: object, name: string, error: BanyanError): void {
  const get = (): never => {
    throw error;
  };
  Object.defineProperty(row, name, { enumerable: true, get });
}

function missingColumn({ name: table }: Table, column: string): BanyanError {
  return new BanyanError(
    'TABLE_SHAPE',
    `A logged row of ${table} has no column "${column}", which its declaration has. Run \`banyan tables pull\` if ` +
      `the table has changed; if the row is from before the column was added, declare what it stands for then ` +
      `with .default(...).`,
    { details: { table, column } },
  );
}

function unexpectedNull({ name: table }: Table, column: string): BanyanError {
  return new BanyanError(
    'TABLE_SHAPE',
    `A logged row of ${table} has NULL in "${column}", which is declared as never null. Run \`banyan tables pull\`, ` +
      `or declare the column .nullable() for rows from before it was NOT NULL.`,
    { details: { table, column } },
  );
}

function unknownValue({ name: table }: Table, column: string): BanyanError {
  return new BanyanError(
    'VALUE_UNKNOWN',
    `The value of "${column}" in a row of ${table} could not be known when the change was captured. Declare the ` +
      `column .orUnknown() and say in the translation what that means.`,
    { details: { table, column } },
  );
}
