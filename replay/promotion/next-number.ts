import type { ViewStore } from 'banyan/projections';
import { pastOf } from './moved-pointer.ts';

/**
 * The number for the next generation of a projection: above all that are there and all that were retired. A number
 * never comes twice: an ETag and a page cursor are of a generation by its number.
 */
export async function nextGenerationNumber(
  store: ViewStore,
  group: string,
  projection: string,
): Promise<number> {
  const there = (await store.generations(projection)).map(({ number }) => number);
  const { retired, before } = pastOf(await store.pointer(group), projection);
  return Math.max(0, ...there, ...retired, ...before) + 1;
}
