import { eventLogName, type EventLogRef } from 'banyan/events';
import { isBanyanError, nodeFileSystem, openLogReader } from 'banyan/runtime';
import { bundleChanges } from '../bundles/bundle-changes.ts';
import { changeLogDirectory } from '../places.ts';
import type { ReplayGroup, ReplayProject } from '../project.ts';
import { registeredTranslations, type RegisteredTranslation } from '../translations.ts';
import type { Subscriber, TranslationPlan } from './plan.ts';

/** What is out of date of the groups' translations. */
export async function translationPlans(
  project: ReplayProject,
  groups: readonly ReplayGroup[],
): Promise<readonly TranslationPlan[]> {
  const plans: TranslationPlan[] = [];
  for (const group of groups) {
    const plan = await translationPlan(project, group);
    if (plan) plans.push(plan);
  }
  return plans;
}

async function translationPlan(
  project: ReplayProject,
  { name: group, owner, translation }: ReplayGroup,
): Promise<TranslationPlan | undefined> {
  if (!translation) return undefined;
  const { ref, bundle } = translation;
  const versions = (await registeredTranslations(project.directory)).filter((one) => isSame(one.ref, ref));
  // Before the first start there is nothing to mend.
  if (versions.length === 0) return undefined;
  const log = eventLogName(ref);
  const own = versions.find((one) => one.ref.version === ref.version);
  const begun = own?.state === 'building';
  if (own && !begun) {
    if (own.bundle === bundle.hash) return undefined;
    const changes = bundleChanges(await project.bundles.info(own.bundle), bundle);
    return { kind: 'same-version', group, owner, log, ref, changes };
  }
  const running = versions.filter(({ state }) => state === 'running').map((one) => eventLogName(one.ref));
  return {
    kind: 'build',
    group,
    owner,
    log,
    ref,
    from: running.at(-1),
    isBegun: begun,
    ...(await changeLogSize(project.directory, ref.source)),
    subscribers: await subscribers(project, ref),
  };
}

/** The views that a live generation of an older version of the translation feeds. */
async function subscribers({ groups, store }: ReplayProject, ref: EventLogRef): Promise<Subscriber[]> {
  const found: Subscriber[] = [];
  for (const { name: group, owner, projections } of groups) {
    const pointer = await store.pointer(group);
    for (const { projection } of projections) {
      const number = pointer?.live[projection.name];
      const live = (await store.generations(projection.name)).find((one) => one.number === number);
      const isOlder = live?.logs.some((log) => isSame(log, ref) && log.version !== ref.version);
      if (isOlder) found.push({ projection: projection.name, group, owner });
    }
  }
  return found;
}

function isSame(one: RegisteredTranslation['ref'], other: EventLogRef): boolean {
  return one.source === other.source && one.translation === other.translation;
}

async function changeLogSize(
  directory: string,
  source: string,
): Promise<{ readonly positions: number; readonly bytes: number }> {
  try {
    const reader = await openLogReader({
      directory: changeLogDirectory(directory, source),
      fileSystem: nodeFileSystem,
    });
    const { last = 0, rawBytes } = await reader.stats().finally(() => reader.close());
    return { positions: last, bytes: rawBytes };
  } catch (error) {
    if (!isBanyanError(error, 'LOG_NOT_FOUND')) throw error;
    return { positions: 0, bytes: 0 };
  }
}
