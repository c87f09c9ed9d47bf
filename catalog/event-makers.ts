import type { AnyEvent, EventLogRef } from 'banyan/events';
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

/** Whether a group lists that type of event as its own, published or private. */
export function lists(group: Group, type: string): boolean {
  return [...group.publishes, ...group.private].some((event) => event.type === type);
}

/**
 * The group whose translation makes that type of event: the one that lists it; or the one that folds it itself and
 * has it from nobody else, so that a private event need not be listed.
 */
export function makerOf(type: string, groups: readonly Group[]): Group | undefined {
  return (
    groups.find((group) => lists(group, type)) ??
    groups.find((group) => ownEvents(group).some((event) => event.type === type))
  );
}

/** The events that a group's translation makes: those that it lists, and those that it folds and has from nobody else. */
export function eventsMadeBy(group: Group, groups: readonly Group[]): readonly AnyEvent[] {
  const own = ownEvents(group).filter(({ type }) => makerOf(type, groups) === group);
  const made = [...group.publishes, ...group.private, ...own];
  return [...new Map(made.map((event) => [event.type, event])).values()];
}

function ownEvents({ translation, projections, subscribes }: Group): readonly AnyEvent[] {
  if (!translation) return [];
  return projections
    .flatMap(({ handlers }) => [...handlers.values()].map(({ event }) => event))
    .filter(({ type }) => !subscribes.some((event) => event.type === type));
}

/**
 * The event logs that a projection must read: those of the groups that make the events it folds.
 * @throws BanyanError EVENT_UNKNOWN when no group makes one of them
 */
export function logsOf(projection: AnyProjection, groups: readonly Group[]): readonly EventLogRef[] {
  const logs = new Map<string, EventLogRef>();
  for (const type of projection.handlers.keys()) {
    const maker = makerOf(type, groups);
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
