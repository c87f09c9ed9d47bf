import type { Generation } from 'banyan/projections';
import { toError, type Logger } from 'banyan/runtime';
import { appendHistory, type NewHistoryEntry } from '../history/history.ts';
import type { ReplayProject } from '../project.ts';
import type { RebuildProgress } from '../rebuild/meter.ts';
import { makeFirstLive } from '../promotion/first-live.ts';
import { rebuild, type Rebuilt, type RebuildOptions } from '../rebuild/rebuild.ts';
import { buildEventLog, type TranslatedLog, type TranslateProgress } from '../retranslate/build-event-log.ts';
import type { StartedView, StartPlan } from './plan-start.ts';
import { untoldFigures } from './untold-end.ts';

/** How a start is done, and who is told of it. */
export interface StartOptions {
  readonly project: ReplayProject;
  /** How the views are built; see {@link RebuildOptions}. */
  readonly building: Pick<
    RebuildOptions,
    'narrow' | 'subscription' | 'workers' | 'openStore' | 'memoryBytes' | 'rate' | 'takeOver'
  >;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly why?: string;
  readonly onTranslating?: (progress: TranslateProgress) => void;
  readonly onTranslated?: (log: TranslatedLog) => Promise<void>;
  readonly onFolding?: (projection: string, progress: RebuildProgress) => void;
  readonly onFolded?: (projection: string, rebuilt: Rebuilt) => Promise<void>;
  /** A view that had none has a live generation. */
  readonly onLive?: (projection: string, generation: Generation) => Promise<void>;
}

/**
 * Does what {@link planStart} found: event logs first, then the views in order. Those that wait for their subscriptions
 * wait together, so that one deployment serves all. Killed, the same again goes on.
 */
export async function startReplay(plan: StartPlan, options: StartOptions): Promise<void> {
  const { project, logger, signal, onTranslating, onTranslated } = options;
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
  await buildViews(plan.views, options);
}

async function buildViews(views: readonly StartedView[], options: StartOptions): Promise<void> {
  const stopping = new AbortController();
  const signal = AbortSignal.any([options.signal, stopping.signal]);
  const building: Promise<void>[] = [];
  for (const view of views) {
    // The next one begins when this one is built, or has only to wait.
    await new Promise<void>((goOn) => {
      const built = buildView(view, { ...options, signal, building: waiting(options, goOn) });
      building.push(built);
      built.catch((error: unknown) => stopping.abort(error)).finally(goOn);
    });
    if (stopping.signal.aborted) break;
  }
  await Promise.allSettled(building);
  // The first failure: the others ended because of it.
  if (stopping.signal.aborted) throw toError(stopping.signal.reason);
}

/** Tells when the building has come to where it waits for its subscription. */
function waiting({ building }: StartOptions, tell: () => void): StartOptions['building'] {
  const { subscription } = building;
  if (!subscription) return building;
  const onWaiting = (name: string): void => {
    subscription.onWaiting?.(name);
    tell();
  };
  return { ...building, subscription: { ...subscription, onWaiting } };
}

async function buildView(view: StartedView, options: StartOptions): Promise<void> {
  const rebuilt = await rebuildView(view, options);
  await options.onFolded?.(view.code.projection.name, rebuilt);
  if (view.isFirst) await goLive(view, options, rebuilt);
}

async function rebuildView(view: StartedView, options: StartOptions): Promise<Rebuilt> {
  const { project, signal } = options;
  const { code, untold } = view;
  if (untold) {
    const rebuilt = await untoldFigures(project, untold);
    await tell(view, options, { ...finishOf(rebuilt, options), completed: true });
    return rebuilt;
  }
  await project.bundles.put(code.bundle);
  await tell(view, options, { action: 'start' });
  try {
    const rebuilt = await rebuild(rebuildOptions(view, options));
    await tell(view, options, finishOf(rebuilt, options));
    return rebuilt;
  } catch (error) {
    if (!signal.aborted)
      await tell(view, options, { action: 'fail', figures: { error: toError(error).message } });
    throw error;
  }
}

/** The first generation of a view: nothing is to be compared, and nobody has to decide. */
async function goLive(view: StartedView, options: StartOptions, { generation }: Rebuilt): Promise<void> {
  const pointer = await makeFirstLive(options.project.store, view.group.name, generation);
  if (!pointer) return;
  await tell(view, options, { action: 'promote', to: generation.number, epoch: pointer.epoch });
  await options.onLive?.(view.code.projection.name, generation);
}

function rebuildOptions({ group, code }: StartedView, options: StartOptions): RebuildOptions {
  const { project, building, logger, signal, onFolding } = options;
  const { directory, store, bundles } = project;
  const { name } = code.projection;
  return {
    ...{ ...building, directory, store, bundles, logger, signal },
    ...{ group: group.name, projection: name, bundle: code.bundle.hash, logs: code.logs },
    ...(onFolding && { onProgress: (progress) => onFolding(name, progress) }),
  };
}

/** What the audit trail is told of the building of one view. */
type Told = Pick<NewHistoryEntry, 'action' | 'figures' | 'completed' | 'epoch'> & { readonly to?: number };

function finishOf({ generation, figures }: Rebuilt, { building: { rate } }: StartOptions): Told {
  const { events, documents, seconds, peakMemoryBytes, parked, throttled, narrow } = figures;
  return {
    action: 'finish',
    to: generation.number,
    figures: {
      ...{ events, documents, seconds: Math.round(seconds * 10) / 10, peakMemoryBytes },
      ...(parked.count > 0 && { parked: parked.count }),
      ...(throttled > 0 && { throttled }),
      ...(narrow && { narrow: narrow.affected }),
      ...(rate !== undefined && { writeRate: rate }),
    },
  };
}

async function tell(
  { group, code }: StartedView,
  { project, why }: StartOptions,
  { to, ...told }: Told,
): Promise<void> {
  const view = {
    name: code.projection.name,
    bundle: code.bundle.hash,
    ...(to !== undefined && { to }),
  };
  await appendHistory(project.directory, {
    ...told,
    group: group.name,
    projections: [view],
    ...(why !== undefined && { why }),
  });
}
