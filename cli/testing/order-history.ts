import type pg from 'pg';
import { readEvents, type EventLogLine, type EventLogRef } from 'banyan/events';
import type { ViewStore } from 'banyan/projections';
import { eventLogDirectory } from 'banyan/replay';
import { canonicalJson, nodeFileSystem, openLogReader } from 'banyan/runtime';
import { allPages } from '../../projections/testing/examples.ts';

/** Documents as canonical JSON, by projection and key. */
export type Documents = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Inserts orders from one to another, each in a transaction of its own; every fiftieth is deleted again. */
export async function insertOrders(client: pg.Client, first: number, last: number): Promise<void> {
  await client.query(
    `DO $$ BEGIN
       FOR n IN ${String(first)}..${String(last)} LOOP
         INSERT INTO orders VALUES (n, 'c' || n % 1000, n, CASE WHEN n % 4 = 0 THEN 1 ELSE 0 END);
         COMMIT;
         IF n % 50 = 0 THEN DELETE FROM orders WHERE id = n; COMMIT; END IF;
       END LOOP;
     END $$`,
  );
}

/** What the views hold after so many orders, told without any log: by the first code, or by the fixed one. */
export function expectedDocuments(last: number, code: 'first' | 'fixed'): Documents {
  const order: Record<string, string> = {};
  const spent: Record<string, number> = {};
  for (let id = 1; id <= last; id += 1) {
    const customer = `c${String(id % 1000)}`;
    const total = code === 'first' || id % 4 > 0 ? id : id - 1;
    spent[customer] = (spent[customer] ?? 0) + total;
    if (id % 50 > 0)
      order[String(id)] = canonicalJson({ customer, total: code === 'first' ? total : total * 10 });
  }
  const customers = Object.entries(spent).map(([key, sum]) => [key, canonicalJson({ spent: sum })]);
  return { order, 'customer-total': Object.fromEntries(customers) as Record<string, string> };
}

/** What a generation of each of these projections holds. */
export async function storedDocuments(
  store: ViewStore,
  projections: readonly string[],
  number: number,
): Promise<Documents> {
  const found: Record<string, Record<string, string>> = {};
  for (const projection of projections) {
    const items = await allPages((after) =>
      store.scan({ projection, number }, { limit: 1000, ...(after !== undefined && { after }) }),
    );
    found[projection] = Object.fromEntries(
      items.flatMap(({ key, document }) => (document ? [[key, canonicalJson(document)] as const] : [])),
    );
  }
  return found;
}

/** Every event of an event log, with its id and the very text of its data. */
export async function storedEvents(directory: string, log: EventLogRef): Promise<readonly string[]> {
  const reader = await openLogReader<EventLogLine>({
    directory: eventLogDirectory(directory, log),
    fileSystem: nodeFileSystem,
  });
  const found: string[] = [];
  try {
    for await (const { events } of readEvents(reader, log))
      for (const { id, type, position, index, logTime, committedAt, data } of events)
        found.push(JSON.stringify([id, type, position, index, logTime, committedAt, data]));
    return found;
  } finally {
    await reader.close();
  }
}

/** The first few documents that differ, to be told: of thousands a difference of all of them would take minutes. */
export function differences(found: Documents, wanted: Documents): readonly string[] {
  return Object.keys(wanted).flatMap((projection) => {
    const [one, other] = [found[projection] ?? {}, wanted[projection] ?? {}];
    const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    return keys
      .filter((key) => one[key] !== other[key])
      .slice(0, 3)
      .map((key) => `${projection} ${key}: ${one[key] ?? 'none'}, expected ${other[key] ?? 'none'}`);
  });
}
