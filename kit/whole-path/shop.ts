import { col, table, tables, unknown } from 'banyan/cdc';
import { event, translation, type Translation } from 'banyan/events';
import { projection } from 'banyan/projections';
import { z } from 'zod';
import { chained, type Tell } from './oracle.ts';

const columns = {
  id: col.text(),
  parent: col.text().nullable(),
  amount: col.int4(),
  essay: col.text(),
  /** Added in the middle of some histories. */
  note: col.text().default('none').orUnknown(),
};

/** The tables of `history.ts`, as a source's. */
function declared(source: string) {
  return tables(source, {
    parents: table('public.parents', { key: ['id'], columns }),
    items: table('public.items', { key: ['id'], columns }),
  });
}

const row = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));
/** What a translation tells of a change. */
type Told = Omit<z.infer<typeof Told>, 'parentNote'> & { readonly parentNote?: string | null };
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
  /** The note of the row's parent; told by version 2 only. */
  parentNote: z.string().nullable().exactOptional(),
});

/** The events of each translation. */
export const events = {
  alpha: event('Alpha', Told),
  beta: event('Beta', Told),
  gamma: event('Gamma', Told),
};

type AnyRow = Readonly<Record<string, unknown>>;

/** The answers to a translation's look-ups. */
interface Answers {
  readonly parent: (id: string) => AnyRow | undefined;
  /** Keys of the items with that parent, in their order. */
  readonly siblings: (parent: string) => string[];
}

/** What one of the translations here tells of a change, if anything. Version 2 tells of more, and more of it. */
function tell(
  change: { readonly op: string; readonly before?: AnyRow; readonly after?: AnyRow },
  name: string,
  version: number,
  { parent: parentOf, siblings }: Answers,
): Told | undefined {
  const { op, before, after } = change;
  const of = after ?? before ?? {};
  // So that there are transactions without events.
  if (Number(of['amount']) < (version === 1 ? 30 : 15)) return undefined;
  const parent = typeof of['parent'] === 'string' ? parentOf(of['parent']) : undefined;
  return {
    op,
    table: name,
    key: String(of['id']),
    before: before ? told(before) : null,
    after: after ? told(after) : null,
    parentAmount: parent ? Number(parent['amount']) : null,
    siblings: typeof of['parent'] === 'string' ? siblings(of['parent']) : [],
    ...(version > 1 && { parentNote: parent ? String(parent['note']) : null }),
  };
}

function told(of: AnyRow): z.infer<typeof row> {
  const values = Object.entries(of).map(([name, value]) => [name, value === unknown ? 'unknown' : value]);
  return Object.fromEntries(values) as z.infer<typeof row>;
}

/** A translation that looks up as much as it can. */
export function telling(source: string, name: keyof typeof events, version = 1): Translation {
  const shop = declared(source);
  return translation(name, shop, {
    version,
    lookups: { parents: 'id', items: 'parent' },
    *translate(tx) {
      for (const change of tx.changes()) {
        const data = tell(change, change.table, version, {
          parent: (id) => tx.row('parents', id),
          siblings: (parent) =>
            tx
              .rows('items', { parent })
              .map(({ id }) => id)
              .toArray(),
        });
        if (data) yield events[name](data);
      }
    },
  });
}

/** The same of the model, for the oracle. */
export const tellExpected: Tell = (change, after) => tellOfModel(change, after, 1);

/** What version 2 tells. */
export const tellExpected2: Tell = (change, after) => tellOfModel(change, after, 2);

function tellOfModel(...[change, model, version]: [...Parameters<Tell>, version: number]): ReturnType<Tell> {
  const { op, before, after, unknownBefore = [] } = change;
  // A column that was added later is what its declaration says, where the row is as it was logged then.
  const lacking = { note: unknownBefore.includes('note') ? unknown : 'none' };
  const items = [...(model.get('items')?.values() ?? [])];
  const parents = model.get('parents');
  return tell(
    {
      op,
      ...(before && { before: { ...lacking, ...before } }),
      ...(after && { after: { note: 'none', ...after } }),
    },
    change.table.replace('public.', ''),
    version,
    {
      parent: (id) => (parents?.has(id) === true ? { note: 'none', ...parents.get(id) } : undefined),
      siblings: (parent) =>
        items
          .filter((item) => item['parent'] === parent)
          .map((item) => String(item['id']))
          .sort(),
    },
  );
}

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
