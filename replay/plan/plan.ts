import { eventLogName, type EventLogRef } from 'banyan/events';
import type { Generation, ViewStore } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';
import type { BundleChanges } from '../bundles/bundle-changes.ts';
import type { ReplayGroup, ReplayProject, ReplayProjection } from '../project.ts';
import { viewCost, type ViewCost } from './cost.ts';
import { eventLogSize, type LogSize } from './log-size.ts';
import { parkedView, withParked, type ParkedView } from './parked-view.ts';
import { reasonsFor, type Reason } from './reasons.ts';
import { retentionWarnings, type RetentionWarning } from './retention.ts';
import { translationPlans } from './translation-plan.ts';

/** A view that is not what the code would make. */
export interface ViewPlan {
  readonly projection: string;
  readonly group: string;
  readonly owner: ReplayGroup['owner'];
  /** The live generation, and the newest one that is not retired. */
  readonly live: number;
  readonly newest: Pick<Generation, 'number' | 'state' | 'bundle'>;
  readonly reasons: readonly Reason[];
  /** True when the newest generation is what the code makes: it was built and waits to be promoted. */
  readonly isBuilt: boolean;
  readonly logs: readonly LogSize[];
  readonly cost: ViewCost;
}

/** A translation whose code is not what runs. */
export type TranslationPlan = {
  readonly group: string;
  readonly owner: ReplayGroup['owner'];
  /** `shop:orders@2` */
  readonly log: string;
  readonly ref: EventLogRef;
} & (
  | {
      /** A new version: its event log is to be built from the change log. */
      readonly kind: 'build';
      readonly from: string | undefined;
      /** True when building it has begun. */
      readonly isBegun: boolean;
      /** Positions of the change log to translate. */
      readonly positions: number;
      readonly bytes: number;
      /** Views that are fed by an older version, of this group and of others. */
      readonly subscribers: readonly Subscriber[];
    }
  /** The code changed and the version did not: what was translated already would not be translated again. */
  | { readonly kind: 'same-version'; readonly changes: BundleChanges }
);

/** A view that is fed by an older version of a translation. */
export interface Subscriber {
  readonly projection: string;
  readonly group: string;
  readonly owner: ReplayGroup['owner'];
}

/** What is out of date, and what mending it would cost. */
export interface ReplayPlan {
  readonly translations: readonly TranslationPlan[];
  readonly views: readonly ViewPlan[];
  /** Views that are what the code makes. */
  readonly current: readonly string[];
  /** What is parked of any of these views. */
  readonly parked: readonly ParkedView[];
  /** What may go wrong with a rebuild. */
  readonly warnings: readonly RetentionWarning[];
}

/**
 * Finds what is out of date and why, and estimates what a rebuild reads, writes and takes. Changes nothing.
 * @param wanted names of projections; none: all
 * @param writeRate documents a second that the rebuild is going to write at most
 * @throws BanyanError PROJECTION_UNKNOWN, BUNDLE_UNKNOWN; errors of the store and the logs
 */
export async function planReplay(
  project: ReplayProject,
  wanted: readonly string[] = [],
  writeRate = Infinity,
): Promise<ReplayPlan> {
  const chosen = chosenProjections(project, wanted);
  const views: ViewPlan[] = [];
  const current: string[] = [];
  const parked: ParkedView[] = [];
  for (const { group, code } of chosen) {
    const found = await viewPlan(project, group, code, writeRate);
    if (found?.view) views.push(found.view);
    else current.push(code.projection.name);
    if (found?.parked) parked.push(found.parked);
  }
  const groups = new Set(chosen.map(({ group }) => group));
  const translations = await translationPlans(project, [...groups]);
  const warnings = retentionWarnings(views, project.retentionSeconds);
  return { translations, views, current, parked, warnings };
}

/** @throws BanyanError PROJECTION_UNKNOWN */
export function chosenProjections(
  { groups }: ReplayProject,
  wanted: readonly string[],
): readonly { readonly group: ReplayGroup; readonly code: ReplayProjection }[] {
  const all = groups.flatMap((group) => group.projections.map((code) => ({ group, code })));
  const names = all.map(({ code }) => code.projection.name);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new BanyanError(
      'PROJECTION_UNKNOWN',
      `There is no projection "${unknown}". Projections of this project: ${names.join(', ')}.`,
      { details: { projection: unknown, projections: names } },
    );
  }
  return wanted.length === 0 ? all : all.filter(({ code }) => wanted.includes(code.projection.name));
}

/** The live generation of a projection, and all that are not retired; undefined when none is live. */
export async function generationsOf(
  store: ViewStore,
  group: string,
  projection: string,
): Promise<{ readonly live: Generation; readonly kept: readonly Generation[] } | undefined> {
  const [pointer, all] = await Promise.all([store.pointer(group), store.generations(projection)]);
  const live = all.find(({ number }) => number === pointer?.live[projection]);
  const kept = all.filter(({ state }) => state.kind !== 'retired' && state.kind !== 'failed');
  return live && { live, kept };
}

/** What is to be said of a view; undefined before its first start, when there is nothing to mend. */
async function viewPlan(
  project: ReplayProject,
  group: ReplayGroup,
  code: ReplayProjection,
  writeRate: number,
): Promise<{ readonly view?: ViewPlan; readonly parked?: ParkedView } | undefined> {
  const { store, bundles } = project;
  const found = await generationsOf(store, group.name, code.projection.name);
  if (!found) return undefined;
  const { live, kept } = found;
  const outOfDate = reasonsFor(live, await bundles.info(live.bundle), code);
  const parked = await parkedView(store, group.name, live, outOfDate);
  const said = parked ? { parked } : {};
  const reasons = withParked(outOfDate, parked);
  if (reasons.length === 0) return said;
  const newest = kept.at(-1) ?? live;
  return { ...said, view: await outOfDateView(project, group, code, { live, newest, reasons, writeRate }) };
}

async function outOfDateView(
  project: ReplayProject,
  group: ReplayGroup,
  code: ReplayProjection,
  {
    live,
    newest,
    reasons,
    writeRate,
  }: Pick<ViewPlan, 'reasons'> & Record<'live' | 'newest', Generation> & { readonly writeRate: number },
): Promise<ViewPlan> {
  const logs = await Promise.all(code.logs.map((ref) => eventLogSize(project.directory, ref)));
  return {
    projection: code.projection.name,
    group: group.name,
    owner: group.owner,
    live: live.number,
    newest: { number: newest.number, state: newest.state, bundle: newest.bundle },
    reasons,
    isBuilt: newest.state.kind === 'ready' && isMadeBy(newest, code),
    logs,
    cost: await viewCost(project, live, logs, writeRate),
  };
}

/** Whether a generation is what the code would make. */
export function isMadeBy(generation: Generation, { bundle, logs }: ReplayProjection): boolean {
  const names = (refs: readonly EventLogRef[]): string => refs.map(eventLogName).sort().join();
  return generation.bundle === bundle.hash && names(generation.logs) === names(logs);
}
