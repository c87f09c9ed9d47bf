import type { Generation } from 'banyan/projections';
import { nodeFileSystem } from 'banyan/runtime';
import { readHistory } from '../history/history.ts';
import { parkedKeys } from '../parked-keys.ts';
import { generationsOf, type ViewPlan } from '../plan/plan.ts';
import type { ReplayProject } from '../project.ts';
import type { Rebuilt } from '../rebuild/rebuild.ts';
import { readRecord } from '../rebuild/record.ts';

/**
 * The newest generation of a view, when it is built and the audit trail does not tell so: its command was killed
 * between the two.
 */
export async function untoldEnd(
  { store, directory }: ReplayProject,
  { group, projection, isBuilt }: ViewPlan,
): Promise<Generation | undefined> {
  if (!isBuilt) return undefined;
  const newest = (await generationsOf(store, group, projection))?.kept.at(-1);
  if (!newest) return undefined;
  const told = await readHistory(directory, { projection });
  const building = told.filter(({ action }) => ['start', 'finish', 'fail'].includes(action));
  const isTold = building.some(
    ({ action, projections }) =>
      action === 'finish' && projections.some(({ name, to }) => name === projection && to === newest.number),
  );
  return building.at(-1)?.action === 'start' && !isTold ? newest : undefined;
}

/** What its building came to, by its record; the last run's part of the figures may have gone with it. */
export async function untoldFigures(
  { directory, store }: ReplayProject,
  generation: Generation,
): Promise<Rebuilt> {
  const record = await readRecord(nodeFileSystem, directory, generation);
  const before = record?.before ?? { events: 0, documents: 0, seconds: 0 };
  const parked = await parkedKeys(store, generation);
  return {
    generation,
    figures: {
      ...{ ...before, parked, throttled: 0, peakMemoryBytes: process.memoryUsage.rss() },
      resumed: true,
    },
  };
}
