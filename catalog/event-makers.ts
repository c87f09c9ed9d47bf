import type { EventLogRef } from 'banyan/events';
import type { AnyProjection } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';
import type { Group } from './group.ts';

/** The event log of a group's translation. */
export function eventLogOf({ translation }: Group): EventLogRef | undefined {
  return (
    translation && {
      source: translation.tables.source,
      translation: translation.name,
      version: translation.version,
    }
  );
}

/** Whether a group's translation makes that type of event. */
export function makes(group: Group, type: string): boolean {
  return [...group.publishes, ...group.private].some((event) => event.type === type);
}

/**
 * The event logs that a projection must read: those of the groups that make the events it folds.
 * @throws BanyanError EVENT_UNKNOWN when no group makes one of them
 */
export function logsOf(projection: AnyProjection, groups: readonly Group[]): readonly EventLogRef[] {
  const logs = new Map<string, EventLogRef>();
  for (const type of projection.handlers.keys()) {
    const maker = groups.find((group) => makes(group, type));
    const log = maker && eventLogOf(maker);
    if (!maker || !log) {
      throw new BanyanError(
        'EVENT_UNKNOWN',
        `Projection "${projection.name}" folds ${type}, which no group makes. Add it to the "publishes" or "private" of the group whose translation yields it.`,
        { details: { projection: projection.name, event: type } },
      );
    }
    logs.set(maker.name, log);
  }
  return [...logs.values()];
}
