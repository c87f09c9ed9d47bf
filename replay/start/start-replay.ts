import { eventLogName, type EventLogRef } from 'banyan/events';
import { BanyanError, toError, type Logger } from 'banyan/runtime';
import { appendHistory } from '../history/history.ts';
import { chosenProjections, planReplay, type ReplayPlan, type TranslationPlan } from '../plan/plan.ts';
import type { ReplayGroup, ReplayProject, ReplayProjection } from '../project.ts';
import type { RebuildProgress } from '../rebuild/meter.ts';
import { rebuild, type Rebuilt, type RebuildOptions } from '../rebuild/rebuild.ts';
import { buildEventLog, type TranslatedLog, type TranslateProgress } from '../retranslate/build-event-log.ts';

/** What is to be done, one after the other. */
export interface StartPlan {
  /** New versions of translations whose event logs are built first. */
  readonly translations: readonly Extract<TranslationPlan, { readonly kind: 'build' }>[];
  readonly views: readonly StartedView[];
  /** Views that were not named and are rebuilt too, since they depend on a translation that is. */
  readonly added: readonly string[];
}

/** A view to be rebuilt. */
export interface StartedView {
  readonly group: ReplayGroup;
  readonly code: ReplayProjection;
}

/** How a rebuild is done; see {@link RebuildOptions}. */
export type StartOptions = Pick<
  RebuildOptions,
  'narrow' | 'workers' | 'openStore' | 'memoryBytes' | 'rate' | 'takeOver'
> & {
  readonly project: ReplayProject;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly why?: string;
  readonly onTranslating?: (progress: TranslateProgress) => void;
  readonly onTranslated?: (log: TranslatedLog) => Promise<void>;
  readonly onFolding?: (projection: string, progress: RebuildProgress) => void;
  readonly onFolded?: (projection: string, rebuilt: Rebuilt) => Promise<void>;
};

/**
 * Finds what starting these views means. Changes nothing.
 * @throws BanyanError PROJECTION_UNKNOWN; REPLAY_NOTHING when they are what the code makes; REPLAY_SAME_VERSION when a
 *   translation's code changed under its old version
 */
export async function planStart(project: ReplayProject, names: readonly string[]): Promise<StartPlan> {
  const named = chosenProjections(project, names);
  const plan = await planReplay(project, names);
  const needed = new Set(named.flatMap(({ code }) => code.logs.map(eventLogName)));
  const concerned = plan.translations.filter(({ log }) => needed.has(log));
  const unchanged = concerned.find(({ kind }) => kind === 'same-version');
  if (unchanged) throw sameVersion(unchanged);
  const translations = concerned.filter((one) => one.kind === 'build');
  const built = new Set(translations.map(({ log }) => log));
  const groups = new Set(translations.map(({ group }) => group));
  const views = chosenProjections(project, []).filter(
    ({ group, code }) =>
      names.includes(code.projection.name) || (groups.has(group.name) && isFedBy(code, built)),
  );
  refuseCurrent(plan, names);
  const added = views.map(({ code }) => code.projection.name).filter((name) => !names.includes(name));
  return { translations, views, added };
}

function isFedBy({ logs }: ReplayProjection, names: ReadonlySet<string>): boolean {
  return logs.some((log: EventLogRef) => names.has(eventLogName(log)));
}

function refuseCurrent({ current, views }: ReplayPlan, names: readonly string[]): void {
  const done = names.filter(
    (name) =>
      current.includes(name) || views.some(({ projection, isBuilt }) => projection === name && isBuilt),
  );
  if (done.length === 0) return;
  throw new BanyanError(
    'REPLAY_NOTHING',
    `${done.join(', ')}: there is a generation already that is what the code makes. See banyan replay status; to ` +
      'build one anew all the same, retire that one first.',
    { details: { projections: done } },
  );
}

function sameVersion({ log, ref, owner }: TranslationPlan): BanyanError {
  return new BanyanError(
    'REPLAY_SAME_VERSION',
    `The code of translation ${log} changed, and its version did not. What it translated already stays as it is: give it ` +
      `version ${ref.version + 1} (owner: ${owner.team}, ${owner.contact}), then start again.`,
    { details: { log } },
  );
}

/** Does what {@link planStart} found: event logs first, then the views in order. Killed, the same again goes on. */
export async function startReplay(plan: StartPlan, options: StartOptions): Promise<void> {
  const { project, logger, signal, onTranslating, onTranslated, onFolded } = options;
  for (const { group, log } of plan.translations) {
    const translation = project.groups.find(({ name }) => name === group)?.translation;
    if (!translation) throw new TypeError(`group ${group} has no translation of ${log}`);
    const built = await buildEventLog({
      project,
      translation,
      logger,
      signal,
      ...(onTranslating && { onProgress: onTranslating }),
    });
    await onTranslated?.(built);
  }
  for (const view of plan.views) {
    const rebuilt = await rebuildView(view, options);
    await onFolded?.(view.code.projection.name, rebuilt);
  }
}

async function rebuildView({ group, code }: StartedView, options: StartOptions): Promise<Rebuilt> {
  const { project, onFolding, why, onTranslating: _, onTranslated: __, onFolded: ___, ...rest } = options;
  const { name } = code.projection;
  const { hash } = code.bundle;
  await project.bundles.put(code.bundle);
  const tell = (action: 'start' | 'finish' | 'fail', more: object): Promise<void> =>
    appendHistory(project.directory, {
      action,
      group: group.name,
      projections: [{ name, bundle: hash, ...('to' in more ? { to: Number(more.to) } : {}) }],
      ...(why !== undefined && { why }),
      ...('figures' in more ? { figures: more.figures as Record<string, number | string> } : {}),
    });
  await tell('start', {});
  try {
    const rebuilt = await rebuild({
      ...rest,
      directory: project.directory,
      store: project.store,
      bundles: project.bundles,
      group: group.name,
      projection: name,
      bundle: hash,
      logs: code.logs,
      ...(onFolding && { onProgress: (progress: RebuildProgress) => onFolding(name, progress) }),
    });
    const { events, documents, seconds, peakMemoryBytes } = rebuilt.figures;
    await tell('finish', {
      to: rebuilt.generation.number,
      figures: { events, documents, seconds: Math.round(seconds * 10) / 10, peakMemoryBytes },
    });
    return rebuilt;
  } catch (error) {
    if (!options.signal.aborted) await tell('fail', { figures: { error: toError(error).message } });
    throw error;
  }
}
