import { projection, removed, type Removed } from 'banyan/projections';
import { z } from 'zod';
import { events, keysOf, link, telling, views } from './shop.ts';

/*
 * What the replay's test runs, each exported under a name of its own, as code that is bundled must be.
 */

export const { alpha: Alpha, beta: Beta, gamma: Gamma } = events;

export const alpha = telling('a', 'alpha');
export const beta = telling('a', 'beta');
export const gamma = telling('b', 'gamma');
/** Tells of more changes than version 1, and of the note of the row's parent. */
export const alpha2 = telling('a', 'alpha', 2);

export const { sources, translations } = views;

const Kept = z.object({
  events: z.int(),
  chain: z.string(),
  rows: z.int(),
  note: z.string(),
  parent: z.string(),
  parentNote: z.string(),
  siblings: z.array(z.string()),
});
type Kept = z.infer<typeof Kept>;
type Told = Parameters<typeof Alpha>[0];

/** The row's own key, and that of each parent that it had or has. */
function keysOfRow(told: Told): string[] {
  const parents = [told.before?.['parent'], told.after?.['parent']].filter((one) => typeof one === 'string');
  const [own = ''] = keysOf(told);
  return [own, ...parents.map((parent) => `parent/${parent}`)];
}

/**
 * Goes when its last row goes, and begins anew with the next one. Now and then an event changes nothing, and a few cannot
 * be applied.
 */
function keepRow(
  before: Kept | undefined,
  told: Told,
  { id }: { readonly id: string },
  key: string,
): Kept | Removed | undefined {
  const isGone = told.op === 'delete';
  const rows = key.startsWith('parent/') ? (before?.rows ?? 0) + (isGone ? -1 : 1) : isGone ? 0 : 1;
  if (rows <= 0) return removed;
  const { after } = told;
  if (Number(after?.['amount'] ?? 1) % 31 === 0) throw new Error('nobody can apply this');
  if (before && Number(after?.['amount'] ?? 1) % 7 === 0) return undefined;
  return {
    ...link(before, id),
    rows,
    note: String(after?.['note'] ?? 'gone'),
    parent: String(after?.['parent'] ?? ''),
    parentNote: told.parentNote ?? '',
    siblings: told.siblings,
  };
}

const keep = { key: keysOfRow, apply: keepRow };

/** Over two sources; documents are removed and come again. */
export const rows = projection('rows', Kept)
  .on(Alpha, keep)
  .on(Gamma, keep)
  .index('byParent', { partition: (d) => d.parent, sort: (d) => d.note });
