import { eventLogName, type EventLogRef } from 'banyan/events';
import type { Generation } from 'banyan/projections';
import { bundleChanges, type BundleChanges } from '../bundles/bundle-changes.ts';
import type { BundleInfo } from '../bundles/bundle.ts';
import type { ReplayProjection } from '../project.ts';

/** Why a view is not what the code would make. */
export type Reason =
  | { readonly kind: 'code'; readonly changes: BundleChanges }
  | { readonly kind: 'logs'; readonly from: readonly string[]; readonly to: readonly string[] }
  | { readonly kind: 'indexes'; readonly added: readonly string[]; readonly dropped: readonly string[] }
  /** Besides other code only: the same code would park them again. */
  | { readonly kind: 'parked'; readonly keys: number };

/**
 * Compares a generation with the code. Pure. Empty: the generation is what the code would make.
 * @param built the bundle that the generation runs from
 */
export function reasonsFor(
  generation: Generation,
  built: BundleInfo,
  { bundle, logs, projection }: ReplayProjection,
): readonly Reason[] {
  const reasons: Reason[] = [];
  if (generation.bundle !== bundle.hash)
    reasons.push({ kind: 'code', changes: bundleChanges(built, bundle) });
  const [from, to] = [namesOf(generation.logs), namesOf(logs)];
  if (from.join() !== to.join()) reasons.push({ kind: 'logs', from, to });
  const declared = [...projection.indexes.keys()];
  const has = generation.indexes.map(({ name }) => name);
  const added = declared.filter((name) => !has.includes(name));
  const dropped = has.filter((name) => !declared.includes(name));
  if (added.length + dropped.length > 0) reasons.push({ kind: 'indexes', added, dropped });
  return reasons;
}

/** A reason as an operator reads it. */
export function describeReason(reason: Reason): string {
  switch (reason.kind) {
    case 'code': {
      const { changed, added, removed } = reason.changes;
      const parts = [
        ...changed.map((module) => module),
        ...added.map((module) => `${module} (new)`),
        ...removed.map((module) => `${module} (gone)`),
      ];
      return `its code changed: ${parts.length === 0 ? 'the way it is built' : parts.join(', ')}`;
    }
    case 'logs':
      return `it is fed from ${reason.from.join(', ') || 'nothing'}; the code subscribes to ${reason.to.join(', ')}`;
    case 'indexes': {
      const parts = [
        ...reason.added.map((name) => `${name} is new`),
        ...reason.dropped.map((name) => `${name} is gone`),
      ];
      return `its indexes changed: ${parts.join(', ')}`;
    }
    case 'parked':
      return `${reason.keys} of its keys ${reason.keys === 1 ? 'is' : 'are'} parked`;
  }
}

function namesOf(logs: readonly EventLogRef[]): string[] {
  return logs.map(eventLogName).sort();
}
