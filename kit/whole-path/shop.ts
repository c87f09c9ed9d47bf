import { col, table, tables, type Row } from 'banyan/cdc';
import { event, translation, type Translation } from 'banyan/events';
import { projection } from 'banyan/projections';
import { z } from 'zod';
import { chained, type Tell } from './oracle.ts';

const columns = {
  id: col.text(),
  parent: col.text().nullable(),
  amount: col.int4(),
  essay: col.text(),
};

/** The tables of `history.ts`, as a source's. */
function declared(source: string) {
  return tables(source, {
    parents: table('public.parents', { key: ['id'], columns }),
    items: table('public.items', { key: ['id'], columns }),
  });
}

const row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
const Told = z.object({
  op: z.string(),
  table: z.string(),
  key: z.string(),
  before: row.nullable(),
  after: row.nullable(),
  /** The amount of the row's parent, looked up by key. */
  parentAmount: z.int().nullable(),
  /** The keys of the items with the same parent, looked up by foreign key. */
  siblings: z.array(z.string()),
});

/** The events of each translation. */
export const events = {
  alpha: event('Alpha', Told),
  beta: event('Beta', Told),
  gamma: event('Gamma', Told),
};

/** What one of the translations here tells of a change, if anything, given the answers to its look-ups. */
function tell(
  change: { readonly op: string; readonly before?: Row; readonly after?: Row },
  name: string,
  parentAmount: (id: string) => number | null,
  siblings: (parent: string) => string[],
): z.infer<typeof Told> | undefined {
  const { op, before, after } = change;
  const of = after ?? before ?? {};
  // So that there are transactions without events.
  if (Number(of['amount']) < 30) return undefined;
  const parent = of['parent'];
  return {
    op,
    table: name,
    key: String(of['id']),
    before: (before as z.infer<typeof row> | undefined) ?? null,
    after: (after as z.infer<typeof row> | undefined) ?? null,
    parentAmount: typeof parent === 'string' ? parentAmount(parent) : null,
    siblings: typeof parent === 'string' ? siblings(parent) : [],
  };
}

/** A translation that looks up as much as it can. */
export function telling(source: string, name: keyof typeof events): Translation {
  const shop = declared(source);
  return translation(name, shop, {
    version: 1,
    lookups: { parents: 'id', items: 'parent' },
    *translate(tx) {
      for (const change of tx.changes()) {
        const told = tell(
          change,
          change.table,
          (id) => tx.row('parents', id)?.amount ?? null,
          (parent) =>
            tx
              .rows('items', { parent })
              .map(({ id }) => id)
              .toArray(),
        );
        if (told) yield events[name](told);
      }
    },
  });
}

/** The same of the model, for the oracle. */
export const tellExpected: Tell = (change, after) => {
  const name = change.table.replace('public.', '');
  const items = [...(after.get('items')?.values() ?? [])];
  return tell(
    change,
    name,
    (id) => (after.get('parents')?.get(id)?.['amount'] as number | undefined) ?? null,
    (parent) =>
      items
        .filter((item) => item['parent'] === parent)
        .map((item) => String(item['id']))
        .sort(),
  );
};

const Chain = z.object({ events: z.int(), chain: z.string() });
type Chain = z.infer<typeof Chain>;

/** One event more: which and in what order shows. */
export function link(before: Chain | undefined, id: string): Chain {
  return { events: (before?.events ?? 0) + 1, chain: chained(before?.chain, id) };
}

/** The keys of an event in the views here: its row's, and one that every event has. */
export function keysOf(data: { readonly table: string; readonly key: string }): string[] {
  return [`${data.table}/${data.key}`, 'all'];
}

const fold = {
  key: keysOf,
  apply: (before: Chain | undefined, _: unknown, { id }: { readonly id: string }) => link(before, id),
};

/** Over two sources, and over two translations of one. */
export const views = {
  sources: projection('sources', Chain).on(events.alpha, fold).on(events.gamma, fold),
  translations: projection('translations', Chain).on(events.alpha, fold).on(events.beta, fold),
};
