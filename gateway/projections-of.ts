import type { AnyProjection, Include } from 'banyan/projections';

/** A read, as far as it says what it is made of. */
export interface Reads {
  readonly projection: AnyProjection;
  readonly includes: readonly Include[];
}

/** Every view that a read looks at: its own first, then the included ones. */
export function projectionsOf({ projection, includes }: Reads): readonly AnyProjection[] {
  return [projection, ...includes.flatMap(({ read }) => projectionsOf(read))];
}
