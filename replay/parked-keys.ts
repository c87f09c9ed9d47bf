import type { BehindCause, GenerationId, Item, ItemState, Stuck, ViewStore } from 'banyan/projections';

/** A key that waits at an event that cannot be applied. */
export interface ParkedKey extends Stuck {
  readonly key: string;
}

/** The parked keys of a generation. */
export interface ParkedKeys {
  readonly count: number;
  /** The first few, in key order. */
  readonly first: readonly ParkedKey[];
}

/** An item that waits at an event that cannot be applied. */
export type ParkedItem = Item & {
  readonly state: Extract<ItemState, { kind: 'behind' }> & {
    readonly cause: Extract<BehindCause, { kind: 'parked' }>;
  };
};

/** Whether the item is parked. */
export function isParked(item: Item | undefined): item is ParkedItem {
  return item?.state.kind === 'behind' && item.state.cause.kind === 'parked';
}

/** Where a parked item waits, and why. */
export function parkedKeyOf({ key, state: { cause } }: ParkedItem): ParkedKey {
  const { eventId, code, message } = cause;
  return { key, eventId, code, message };
}

/** Counts the parked keys of a generation. @param most how many of them are given */
export async function parkedKeys(store: ViewStore, id: GenerationId, most = 5): Promise<ParkedKeys> {
  const first: ParkedKey[] = [];
  let count = 0;
  for await (const items of parkedItems(store, id)) {
    count += items.length;
    if (first.length < most) first.push(...items.slice(0, most - first.length).map(parkedKeyOf));
  }
  return { count, first };
}

/** The parked items of a generation in key order, in pages. */
export async function* parkedItems(
  store: ViewStore,
  id: GenerationId,
): AsyncGenerator<readonly ParkedItem[], void> {
  let after: string | undefined;
  do {
    const page = await store.troubled(id, 'parked', {
      limit: 1000,
      ...(after !== undefined && { after }),
    });
    yield page.items.filter(isParked);
    after = page.next;
  } while (after !== undefined);
}
