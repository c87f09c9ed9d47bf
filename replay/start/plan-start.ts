import { eventLogName } from 'banyan/events';
import type { Generation } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';
import {
  chosenProjections,
  isMadeBy,
  planReplay,
  type TranslationPlan,
  type ViewPlan,
} from '../plan/plan.ts';
import type { ReplayGroup, ReplayProject, ReplayProjection } from '../project.ts';
import { untoldEnd } from './untold-end.ts';

/** What is to be done, one after the other. */
export interface StartPlan {
  /** New versions of translations whose event logs are built first. */
  readonly translations: readonly Extract<TranslationPlan, { readonly kind: 'build' }>[];
  readonly views: readonly StartedView[];
  /** Views that were not named and are rebuilt too, since they depend on a translation that is, or just was. */
  readonly added: readonly string[];
  /** Views that were named and are what the code makes: they are left as they are. */
  readonly done: readonly string[];
}

/** A view, with the group that has it. */
interface Part {
  readonly group: ReplayGroup;
  readonly code: ReplayProjection;
}

/** A view to be rebuilt, or to be built for the first time. */
export interface StartedView extends Part {
  /** No generation of it is live: it becomes so when it is ready. */
  readonly isFirst: boolean;
  /** It is ready, and whoever built it was killed before it could tell: only that is left to do. */
  readonly untold?: Generation;
}

/**
 * Finds what starting these views means. Changes nothing. Where a start was killed, it finds what that one left to do,
 * the views included that were not named.
 * @throws BanyanError PROJECTION_UNKNOWN; REPLAY_NOTHING when all is as the code makes it; REPLAY_SAME_VERSION when a
 *   translation's code changed under its old version
 */
export async function planStart(project: ReplayProject, names: readonly string[]): Promise<StartPlan> {
  const named = chosenProjections(project, names);
  const groups = new Set(named.map(({ group }) => group.name));
  const all = chosenProjections(project, []).filter(({ group }) => groups.has(group.name));
  const plan = await planReplay(
    project,
    all.map(({ code }) => code.projection.name),
  );
  const needed = new Set(named.flatMap(({ code }) => code.logs.map(eventLogName)));
  const concerned = plan.translations.filter(({ log }) => needed.has(log));
  const unchanged = concerned.find(({ kind }) => kind === 'same-version');
  if (unchanged) throw sameVersion(unchanged);
  const translations = concerned.filter((one) => one.kind === 'build');
  const building = new Set(translations.map(({ log }) => log));
  const views: StartedView[] = [];
  for (const { group, code } of all) {
    const { name } = code.projection;
    const view = plan.views.find(({ projection }) => projection === name);
    const part = { group, code };
    const isAsked = names.includes(name) || followsOwn(part, view, needed, building);
    const left =
      isAsked && ((await firstOf(project, part)) ?? (await leftToDo(project, part, view, building)));
    if (left) views.push(left);
  }
  const started = views.map(({ code }) => code.projection.name);
  if (started.length === 0) throw nothingLeft(names);
  return {
    translations,
    views,
    added: started.filter((name) => !names.includes(name)),
    done: names.filter((name) => !started.includes(name)),
  };
}

/** What is to be done for a view of which nothing is live; undefined where something is. */
async function firstOf({ store }: ReplayProject, { group, code }: Part): Promise<StartedView | undefined> {
  const { name } = code.projection;
  if ((await store.pointer(group.name))?.live[name] !== undefined) return undefined;
  const ready = (await store.generations(name)).find(
    (one) => one.state.kind === 'ready' && isMadeBy(one, code),
  );
  return { group, code, isFirst: true, ...(ready && { untold: ready }) };
}

/** Whether a view that was not named goes with its group's own translation, which is built now or was just built. */
function followsOwn(
  { group, code }: Part,
  view: ViewPlan | undefined,
  needed: ReadonlySet<string>,
  building: ReadonlySet<string>,
): boolean {
  const own = group.translation && eventLogName(group.translation.ref);
  if (own === undefined || !needed.has(own) || !isFedBy(code, new Set([own]))) return false;
  return building.has(own) || (view !== undefined && isLeftBehind(view, own));
}

/** What is to be done for a view; undefined when it is as the code makes it. */
async function leftToDo(
  project: ReplayProject,
  part: Part,
  view: ViewPlan | undefined,
  building: ReadonlySet<string>,
): Promise<StartedView | undefined> {
  const started = { ...part, isFirst: false };
  if (isFedBy(part.code, building) || view?.isBuilt === false) return started;
  const untold = view && (await untoldEnd(project, view));
  return untold && { ...started, untold };
}

function isFedBy({ logs }: ReplayProjection, names: ReadonlySet<string>): boolean {
  return logs.some((log) => names.has(eventLogName(log)));
}

/** Whether the live generation is fed by an older version of the log: what made the new one was to rebuild it. */
function isLeftBehind({ reasons }: ViewPlan, log: string): boolean {
  return reasons.some(
    (reason) =>
      reason.kind === 'logs' &&
      reason.to.includes(log) &&
      reason.from.some((one) => one !== log && withoutVersion(one) === withoutVersion(log)),
  );
}

function withoutVersion(log: string): string {
  return log.slice(0, log.lastIndexOf('@'));
}

function nothingLeft(names: readonly string[]): BanyanError {
  return new BanyanError(
    'REPLAY_NOTHING',
    `${names.join(', ')}: there is a generation already that is what the code makes. See banyan replay status; to ` +
      'build one anew all the same, retire that one first.',
    { details: { projections: names } },
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
