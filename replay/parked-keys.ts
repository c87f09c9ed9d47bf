import { listParked, type GenerationId, type ParkedKey, type ViewStore } from 'banyan/projections';

/** The parked keys of a generation. */
export interface ParkedKeys {
  readonly count: number;
  /** The first few, in key order. */
  readonly first: readonly ParkedKey[];
}

/** Counts the parked keys of a generation. @param most how many of them are given */
export async function parkedKeys(store: ViewStore, id: GenerationId, most = 5): Promise<ParkedKeys> {
  const first: ParkedKey[] = [];
  let count = 0;
  for await (const keys of parkedPages(store, id)) {
    count += keys.length;
    first.push(...keys.slice(0, most - first.length));
  }
  return { count, first };
}

/** All parked keys of a generation in key order, in pages. */
export async function* parkedPages(
  store: ViewStore,
  id: GenerationId,
): AsyncGenerator<readonly ParkedKey[], void> {
  let after: string | undefined;
  do {
    const page = { limit: 1000, ...(after !== undefined && { after }) };
    const { keys, next } = await listParked(store, id, page);
    yield keys;
    after = next;
  } while (after !== undefined);
}
