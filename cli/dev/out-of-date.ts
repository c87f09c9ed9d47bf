import { eventLogName } from 'banyan/events';
import {
  bundleChanges,
  describeReason,
  reasonsFor,
  registeredTranslations,
  type BundleInfo,
  type BundleStore,
  type ReplayGroup,
  type ReplayProject,
  type ReplayProjection,
} from 'banyan/replay';
import type { LivePointer } from 'banyan/projections';
import { BanyanError, isBanyanError } from 'banyan/runtime';

/** Something that runs from other code than the present one. */
export interface OutOfDate {
  readonly kind: 'view' | 'translation';
  /** The projection's name, or the translation's event log as the code has it. */
  readonly name: string;
  /** In words, a sentence each without its full stop. */
  readonly why: string;
  /** What to do next. */
  readonly next: string;
}

/** Finds what runs from other code than the project's. It goes on as it was; nothing is changed. */
export async function outOfDate(project: ReplayProject): Promise<readonly OutOfDate[]> {
  const found: OutOfDate[] = [];
  for (const group of project.groups) {
    const translation = await translationOutOfDate(group, project);
    if (translation) found.push(translation);
    const pointer = await project.store.pointer(group.name);
    for (const projection of group.projections) {
      const view = await viewOutOfDate(projection, pointer, project);
      if (view) found.push(view);
    }
  }
  return found;
}

async function viewOutOfDate(
  code: ReplayProjection,
  pointer: LivePointer | undefined,
  { store, bundles }: ReplayProject,
): Promise<OutOfDate | undefined> {
  const { name } = code.projection;
  const generations = await store.generations(name);
  const live = generations.find(({ number }) => number === pointer?.live[name]);
  const notice = (why: string, next: string): OutOfDate => ({ kind: 'view', name, why, next });
  if (!live) return notice('it is not built yet', `banyan replay start ${name}`);
  const running = await infoOf(bundles, live.bundle);
  if (running instanceof BanyanError) return notice(running.message, `banyan replay start ${name}`);
  const reasons = reasonsFor(live, running, code);
  if (reasons.length === 0) return undefined;
  const built = generations.find(
    (one) => one.state.kind === 'ready' && reasonsFor(one, code.bundle, code).length === 0,
  );
  const why = `generation ${String(live.number)} is live: ${reasons.map(describeReason).join('; ')}`;
  if (!built) return notice(why, `banyan replay plan ${name}`);
  return notice(
    `${why}; generation ${String(built.number)} is built from the code and waits`,
    `banyan replay diff ${name}`,
  );
}

async function translationOutOfDate(
  { translation }: ReplayGroup,
  { directory, bundles }: ReplayProject,
): Promise<OutOfDate | undefined> {
  if (!translation) return undefined;
  const { ref, bundle } = translation;
  const name = eventLogName(ref);
  const versions = (await registeredTranslations(directory, ref.translation)).filter(
    (one) => one.ref.source === ref.source,
  );
  const own = versions.find((one) => eventLogName(one.ref) === name);
  if (!own || own.state === 'building') {
    const running = versions.filter(({ state }) => state === 'running').map((one) => eventLogName(one.ref));
    return {
      kind: 'translation',
      name,
      why: `it is not built yet; ${running.join(', ') || 'none'} runs`,
      next: 'banyan replay plan',
    };
  }
  if (own.bundle === bundle.hash) return undefined;
  const running = await infoOf(bundles, own.bundle);
  const why =
    running instanceof BanyanError
      ? running.message
      : describeReason({ kind: 'code', changes: bundleChanges(running, bundle) });
  return {
    kind: 'translation',
    name,
    why,
    next: `give it version ${String(Math.max(...versions.map((one) => one.ref.version)) + 1)}, since what was translated is kept`,
  };
}

/** What is known of a bundle, or that it is missing: that keeps nobody from telling the rest. */
async function infoOf(bundles: BundleStore, hash: string): Promise<BundleInfo | BanyanError> {
  try {
    return await bundles.info(hash);
  } catch (error) {
    if (isBanyanError(error)) return error;
    throw error;
  }
}
