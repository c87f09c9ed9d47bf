import type {
  AnyProjection,
  Document,
  GenerationId,
  Include,
  Item,
  LivePointer,
  ViewStore,
} from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';
import type { Contribution } from './etag.ts';
import { noticeOf, type Notice } from './notice.ts';
import { mergePlaces, placesOf, type Places } from './session.ts';

/** The views as one request sees them: all by one pointer. It remembers what the answer was made of. */
export interface Views {
  /** @throws BanyanError VIEW_NOT_LIVE when the projection has no live generation. */
  live(projection: AnyProjection): GenerationId;
  readMany(projection: AnyProjection, keys: readonly string[]): Promise<ReadonlyMap<string, Item>>;
  /** Notes an item that was read by other means. */
  note(id: GenerationId, item: Item): void;
  readonly contributions: readonly Contribution[];
  /** What its reader is shown. */
  shown(): Places;
  /** What is to be said of the items. */
  notices(): ReadonlySet<Notice>;
  /** Has the answer say so. */
  say(notice: Notice): void;
}

/** Where views are looked at. */
export interface ViewsOptions {
  readonly store: ViewStore;
  readonly group: string;
  /** Is told what each item shows that its generation holds. */
  readonly saw?: (id: GenerationId, places: Places) => void;
}

/** Looks at a store through what a pointer names. */
export function viewsOf(
  { store, group, saw }: ViewsOptions,
  generations: LivePointer['live'] | undefined,
): Views {
  const contributions: Contribution[] = [];
  const notices = new Set<Notice>();
  let shown: Places = new Map();
  const note = (id: GenerationId, item: Item): void => {
    const { key, revision } = item;
    contributions.push({ projection: id.projection, generation: id.number, key, revision });
    const places = placesOf(item);
    shown = mergePlaces(shown, places);
    saw?.(id, places);
    const notice = noticeOf(item);
    if (notice) notices.add(notice);
  };
  const live = ({ name }: AnyProjection): GenerationId => {
    const number = generations?.[name];
    if (number !== undefined) return { projection: name, number };
    throw new BanyanError(
      'VIEW_NOT_LIVE',
      `The view ${name} of group ${group} has no live generation. It is being built, or was never: see banyan status.`,
      { retryable: true, details: { group, projection: name } },
    );
  };
  const readMany = async (
    projection: AnyProjection,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, Item>> => {
    const id = live(projection);
    const found = await store.readMany(id, keys);
    for (const key of keys) {
      const item = found.get(key);
      if (item) note(id, item);
      else contributions.push({ projection: id.projection, generation: id.number, key, revision: undefined });
    }
    return found;
  };
  return {
    live,
    readMany,
    note,
    contributions,
    shown: () => shown,
    notices: () => notices,
    say: (notice) => void notices.add(notice),
  };
}

/** Joins each include to all of the documents, with one look-up an include and level, however many documents. */
export async function join(
  views: Views,
  documents: readonly Document[],
  includes: readonly Include[],
): Promise<readonly Document[]> {
  let joined = documents;
  // In turn: the key of a later one may be made from what an earlier one joined.
  for (const { name, read } of includes) {
    const keys = joined.map((document) => read.key(document as never));
    const wanted = [...new Set(keys.filter((key) => key !== undefined))];
    const found = wanted.length === 0 ? [] : [...(await views.readMany(read.projection, wanted))];
    const present = found.flatMap(([key, { document }]) => (document ? [{ key, document }] : []));
    const whole = await join(
      views,
      present.map(({ document }) => document),
      read.includes,
    );
    const byKey = new Map(present.map(({ key }, at) => [key, whole[at]]));
    joined = joined.map((document, at) => {
      const key = keys[at];
      return { ...document, [name]: (key === undefined ? undefined : byKey.get(key)) ?? null };
    });
  }
  return joined;
}
