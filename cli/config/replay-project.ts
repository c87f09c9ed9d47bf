import { join } from 'node:path';
import { eventLogOf, eventsMadeBy, logsOf, type Group } from 'banyan/catalog';
import { eventLogName } from 'banyan/events';
import {
  buildBundles,
  bundlesDirectory,
  openBundleCache,
  openBundleStore,
  type BuiltBundles,
  type Bundle,
  type ReplayGroup,
  type ReplayProject,
  type ReplayTranslation,
  type TranslationCode,
} from 'banyan/replay';
import { BanyanError, nodeFileSystem } from 'banyan/runtime';
import type { LoadedConfig } from './load-config.ts';

/**
 * What the replay must know of a project, with the bundles of the code as it is now. They are in memory: nothing is
 * put into the environment before something runs from it.
 * @throws BanyanError BUNDLE_NOT_EXPORTED, BUNDLE_FAILED, EVENT_UNKNOWN
 */
export async function replayProjectOf(loaded: LoadedConfig): Promise<ReplayProject> {
  const { config, directory, modules, cache, version } = loaded;
  const { groups, views, delivery } = config;
  const built = await buildBundles({
    modules,
    projections: groups.flatMap(({ projections }) => projections),
    translations: groups.flatMap((group) => translationCode(group, groups) ?? []),
    cache: openBundleCache({ directory: join(cache, 'bundles'), fileSystem: nodeFileSystem, version }),
  });
  return {
    directory,
    store: views,
    bundles: openBundleStore({ directory: bundlesDirectory(directory), fileSystem: nodeFileSystem }),
    groups: groups.map((group) => replayGroup(group, groups, built)),
    ...(delivery?.retentionSeconds !== undefined && { retentionSeconds: delivery.retentionSeconds }),
  };
}

function translationCode(group: Group, groups: readonly Group[]): TranslationCode | undefined {
  return group.translation && { translation: group.translation, events: eventsMadeBy(group, groups) };
}

function replayGroup(group: Group, groups: readonly Group[], built: BuiltBundles): ReplayGroup {
  const { name, owner, projections } = group;
  return {
    name,
    owner,
    translation: replayTranslation(group, groups, built),
    projections: projections.map((projection) => ({
      projection,
      bundle: of(built.projections, projection.name),
      logs: logsOf(projection, groups),
    })),
  };
}

function replayTranslation(
  group: Group,
  groups: readonly Group[],
  built: BuiltBundles,
): ReplayTranslation | undefined {
  const [ref, code] = [eventLogOf(group), translationCode(group, groups)];
  return ref && code && { ...code, ref, bundle: of(built.translations, eventLogName(ref)) };
}

function of(bundles: ReadonlyMap<string, Bundle>, name: string): Bundle {
  const bundle = bundles.get(name);
  if (!bundle)
    throw new BanyanError('BUNDLE_FAILED', `There is no bundle of ${name}. Expected one of each part.`);
  return bundle;
}
