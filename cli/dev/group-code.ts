import type { EventLogRef } from 'banyan/events';
import { ensureLive, type AnyProjection, type ViewStore } from 'banyan/projections';
import type { ReplayGroup } from 'banyan/replay';
import type { PartOptions } from './parts.ts';

/** What the code says of a group, without the texts of its bundles: they are in the environment by now. */
export interface GroupCode {
  readonly name: string;
  readonly projections: readonly Code[];
}

interface Code {
  readonly projection: AnyProjection;
  readonly bundle: string;
  readonly logs: readonly EventLogRef[];
}

/** What the code says; keeps the bundles of the projections that have no generation yet. */
export async function codeOf(
  groups: readonly ReplayGroup[],
  { store, bundles }: Pick<PartOptions, 'store' | 'bundles'>,
): Promise<readonly GroupCode[]> {
  for (const { projection, bundle } of groups.flatMap(({ projections }) => projections)) {
    const known = await store.generations(projection.name);
    if (known.length === 0) await bundles.put(bundle);
  }
  return groups.map(({ name, projections }) => ({
    name,
    projections: projections.map(({ projection, bundle, logs }) => ({
      projection,
      bundle: bundle.hash,
      logs,
    })),
  }));
}

/** Makes the first generation of each projection of a group whose logs are translated. */
export async function makeFirst(
  { name, projections }: GroupCode,
  store: ViewStore,
  isTranslated: (log: EventLogRef) => boolean,
): Promise<void> {
  // A view whose translation is not built yet has nothing to begin with: its replay makes it.
  const able = projections.filter(({ logs }) => logs.every(isTranslated));
  await ensureLive({ store, group: name, projections: able });
}
