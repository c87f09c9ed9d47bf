import type { LogEntry } from 'banyan/runtime';
import type { Terminal } from '../terminal/output.ts';
import type { AnyLine } from './logs.ts';

/** Which events or changes are wanted. */
export interface LineFilter {
  /** An event's type, or a change's table. */
  readonly type: string | undefined;
  /** Names and values, as text. */
  readonly where: readonly (readonly [name: string, value: string])[];
}

/** Prints entries: one JSON object a line, or a line of text for each event and change. */
export async function printLines(
  batches: AsyncIterable<readonly LogEntry<AnyLine>[]>,
  filter: LineFilter,
  json: boolean,
  terminal: Terminal,
): Promise<void> {
  for await (const batch of batches) {
    for (const entry of batch) {
      for (const line of entry.lines()) {
        const wanted = filtered(line, filter);
        if (wanted) terminal.out(json ? `${JSON.stringify(wanted)}\n` : asText(wanted));
        await terminal.drained?.();
      }
    }
  }
}

type Printed = AnyLine & { readonly position: number };

/** The line with the wanted part of its events or changes; undefined when nothing of it is wanted. */
function filtered(line: Printed, filter: LineFilter): Printed | undefined {
  if (filter.type === undefined && filter.where.length === 0) return line;
  if (line.kind === 'events') {
    const events = line.events.filter(
      ({ type, data }) => (filter.type ?? type) === type && has(data, filter.where),
    );
    return events.length > 0 ? { ...line, events } : undefined;
  }
  if (line.kind === 'transaction') {
    const changes = line.changes.filter((change) => {
      const rows = ['before', 'after'].flatMap((side) =>
        side in change ? [change[side as keyof typeof change]] : [],
      );
      return (filter.type ?? change.table) === change.table && rows.some((row) => has(row, filter.where));
    });
    return changes.length > 0 ? { ...line, changes } : undefined;
  }
  return undefined;
}

function has(row: unknown, where: LineFilter['where']): boolean {
  const values = row as Record<string, unknown>;
  return where.every(([name, value]) => {
    const found = values[name];
    return found === value || JSON.stringify(found) === value;
  });
}

function asText(line: Printed): string {
  const head = `${String(line.position).padStart(8)}  ${line.logTime}`;
  switch (line.kind) {
    case 'events':
      return line.events
        .map(({ id, type, data }) => `${head}  ${type} ${id} ${JSON.stringify(data)}\n`)
        .join('');
    case 'transaction':
      return `${head}  transaction ${line.xid}, ${line.changes.length} ${line.changes.length === 1 ? 'change' : 'changes'}\n${line.changes.map(changeText).join('')}`;
    case 'gap':
      return `${head}  GAP: ${line.why}\n`;
    case 'tick':
      return `${head}  tick\n`;
  }
}

function changeText(change: {
  readonly op: string;
  readonly table: string;
  readonly after?: unknown;
  readonly before?: unknown;
}): string {
  return `${' '.repeat(10)}${change.op} ${change.table} ${JSON.stringify(change.after ?? change.before)}\n`;
}
