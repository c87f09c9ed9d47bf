import type { Row, SourceChange, TableShape } from 'banyan/cdc';

/** A commit of a legacy database that exists in a test's mind only. */
export interface Commit {
  readonly xid: string;
  readonly committedAt: string;
  readonly changes: readonly SourceChange[];
  /** The tables after it: by table, by key. The independent model that everything is checked against. */
  readonly after: Model;
}

/** Rows by table and key, in no order. */
export type Model = ReadonlyMap<string, ReadonlyMap<string, Row>>;

const shape = (table: string, ...added: readonly string[]): TableShape => ({
  table: `public.${table}`,
  columns: ['id', 'parent', 'amount', 'essay', ...added].map((name) => ({
    name,
    type: name === 'amount' ? 'int4' : 'text',
  })),
  key: ['id'],
});
/** Two tables of one shape: a look-up goes from the second to the first. */
const shapes = { parents: shape('parents'), items: shape('items') };
/** The same with the column that is added in mid-history. */
const shapesWithNote = { parents: shape('parents', 'note'), items: shape('items', 'note') };
type TableName = keyof typeof shapes;

const ids = ['a', 'b', 'c', 'd', 'e'];

/**
 * Makes histories by chance.
 * @param random numbers from 0 to 1
 * @param noteFrom the commit, from 0, from which on both tables have one column more
 */
export function randomHistory(random: () => number, commits: number, noteFrom = Infinity): Commit[] {
  let hasNote = noteFrom <= 0;
  const shapeOf = (name: TableName): TableShape => (hasNote ? shapesWithNote : shapes)[name];
  const tables: Record<TableName, Map<string, Row>> = { parents: new Map(), items: new Map() };
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
  const newRow = (id: string): Row => ({
    id,
    parent: random() < 0.2 ? null : pick(ids),
    amount: Math.floor(random() * 100),
    essay: `essay ${String(Math.floor(random() * 1000))}`,
    ...(hasNote && { note: `note ${String(Math.floor(random() * 1000))}` }),
  });
  const change = (name: TableName): SourceChange | undefined => {
    const table = shapeOf(name);
    const rows = tables[name];
    const id = pick(ids);
    const before = rows.get(id);
    if (random() < 0.03) {
      rows.clear();
      return { op: 'truncate', table };
    }
    if (!before) {
      const after = newRow(id);
      rows.set(id, after);
      return { op: 'insert', table, after };
    }
    if (random() < 0.25) {
      rows.delete(id);
      // The default replica identity tells the key, and nothing else.
      return { op: 'delete', table, old: { id } };
    }
    return update(table, rows, before, random() < 0.15 ? pick(ids) : id);
  };
  const update = (table: TableShape, rows: Map<string, Row>, before: Row, newId: string): SourceChange => {
    const moved = newId !== before['id'] && !rows.has(newId);
    const id = moved ? newId : String(before['id']);
    // A large value that did not change is not sent.
    const essayUnchanged = random() < 0.5;
    const after: Row = { ...newRow(id), ...(essayUnchanged && { essay: before['essay'] ?? null }) };
    rows.delete(String(before['id']));
    rows.set(id, after);
    const { essay: _, ...sent } = after;
    return {
      op: 'update',
      table,
      after: essayUnchanged ? sent : after,
      ...(moved && { old: { id: before['id'] ?? null } }),
      ...(essayUnchanged && { unchanged: ['essay'] }),
    };
  };
  /** What a snapshot finds. */
  const existing = (name: TableName): SourceChange[] =>
    ids.flatMap((id) => {
      if (random() < 0.3) return [];
      const after = newRow(id);
      tables[name].set(id, after);
      return [{ op: 'existing', table: shapeOf(name), after }];
    });
  return Array.from({ length: commits }, (_, n): Commit => {
    hasNote = n >= noteFrom;
    const isSnapshot = n === 0 && random() < 0.5;
    const count = random() < 0.1 ? 30 : 1 + Math.floor(random() * 4);
    const changes = isSnapshot
      ? [...existing('parents'), ...existing('items')]
      : Array.from({ length: count }, () => change(random() < 0.4 ? 'parents' : 'items'));
    const after = new Map(Object.entries(tables).map(([name, rows]) => [name, new Map(rows)]));
    // Clocks are set back now and then.
    const second = 1000 + n * 2 - (random() < 0.2 ? Math.floor(random() * 10) : 0);
    const committedAt = new Date(second * 1000).toISOString().replace('Z', '000Z');
    return { xid: String(700 + n), committedAt, changes: changes.flatMap((one) => one ?? []), after };
  });
}
