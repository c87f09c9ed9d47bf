import type { AnyProjection, Include } from 'banyan/projections';
import { eventLogOf, makerOf } from './event-makers.ts';
import type { Group } from './group.ts';

/** Something that the groups of a project have wrong together. */
export interface Finding {
  /** `EVENT_TWICE`, `NAME_TWICE`, `EVENT_UNKNOWN`, `EVENT_PRIVATE`, `SUBSCRIPTION_UNUSED`, `FOREIGN_VIEW`, `SOURCE_UNKNOWN`. */
  readonly code: string;
  /** What is wrong, whose it is, and what to do. */
  readonly message: string;
}

/**
 * Checks what no group can check alone. Empty when all is well.
 * @param sources the names of the configured sources
 */
export function checkGroups(groups: readonly Group[], sources: readonly string[]): readonly Finding[] {
  return [
    ...eventsMadeTwice(groups),
    ...namesUsedTwice(groups),
    ...groups.flatMap((group) => unknownSource(group, sources)),
    ...groups.flatMap((group) => foldedEvents(group, groups)),
    ...groups.flatMap((group) => unusedSubscriptions(group)),
    ...groups.flatMap((group) => foreignViews(group)),
  ];
}

function nameOf({ name, owner }: Group): string {
  return `"${name}" (${owner.team}, ${owner.contact})`;
}

/** The groups that say the same, by what they say. */
function sharedBy(groups: readonly Group[], said: (group: Group) => readonly string[]): [string, Group[]][] {
  const by = new Map<string, Group[]>();
  for (const group of groups) for (const text of said(group)) by.set(text, [...(by.get(text) ?? []), group]);
  return [...by].filter(([, sharing]) => sharing.length > 1);
}

function eventsMadeTwice(groups: readonly Group[]): Finding[] {
  const made = (group: Group): string[] => [...group.publishes, ...group.private].map(({ type }) => type);
  return sharedBy(groups, made).map(([type, sharing]) => ({
    code: 'EVENT_TWICE',
    message:
      sharing[0] === sharing[1]
        ? `Group ${sharing.slice(0, 1).map(nameOf).join('')} lists ${type} twice. List it once, as published or as private.`
        : `${type} is published by ${sharing.map(nameOf).join(' and by ')}. An event has one maker: rename one of them, or subscribe to the other's.`,
  }));
}

function namesUsedTwice(groups: readonly Group[]): Finding[] {
  const kinds: [string, (group: Group) => string[]][] = [
    ['group', ({ name }) => [name]],
    ['translation', ({ translation: own }) => (own ? [`${own.tables.source}:${own.name}`] : [])],
    ['projection', ({ projections }) => projections.map(({ name }) => name)],
  ];
  return kinds.flatMap(([kind, names]) =>
    sharedBy(groups, names).map(([name, sharing]) => ({
      code: 'NAME_TWICE',
      message: `There are two ${kind}s "${name}": of group ${sharing.map(nameOf).join(' and of group ')}. Rename one of them.`,
    })),
  );
}

function unknownSource(group: Group, sources: readonly string[]): Finding[] {
  const source = eventLogOf(group)?.source;
  if (source === undefined || sources.includes(source)) return [];
  const message =
    `The translation of group ${nameOf(group)} reads source "${source}", which is not configured. ` +
    `Configured: ${sources.join(', ')}. The name in tables('…') must be a name under "sources".`;
  return [{ code: 'SOURCE_UNKNOWN', message }];
}

function foldedEvents(group: Group, groups: readonly Group[]): Finding[] {
  return group.projections.flatMap((projection) =>
    [...projection.handlers.keys()].flatMap((type) => foldedEvent(group, projection, type, groups)),
  );
}

function foldedEvent(
  group: Group,
  projection: AnyProjection,
  type: string,
  groups: readonly Group[],
): Finding[] {
  const maker = makerOf(type, groups);
  const who = `Projection "${projection.name}" of group ${nameOf(group)} folds ${type}`;
  if (!maker?.translation) {
    return [
      {
        code: 'EVENT_UNKNOWN',
        message: `${who}, which no group makes. List it under "publishes" or "private" of the group whose translation yields it.`,
      },
    ];
  }
  if (maker === group) return [];
  if (!maker.publishes.some((event) => event.type === type)) {
    return [
      {
        code: 'EVENT_PRIVATE',
        message: `${who}, which is private to group ${nameOf(maker)}. Ask its owner to publish it.`,
      },
    ];
  }
  if (!group.subscribes.some((event) => event.type === type)) {
    return [
      {
        code: 'EVENT_UNKNOWN',
        message: `${who}, an event of group ${nameOf(maker)} that it does not subscribe to. List it under "subscribes".`,
      },
    ];
  }
  return [];
}

function unusedSubscriptions(group: Group): Finding[] {
  return group.subscribes
    .filter(({ type }) => !group.projections.some(({ handlers }) => handlers.has(type)))
    .map(({ type }) => ({
      code: 'SUBSCRIPTION_UNUSED',
      message: `Group ${nameOf(group)} subscribes to ${type}, and none of its projections folds it. Take it out of "subscribes".`,
    }));
}

/** The gateway is the only way in: another group's view is asked for there, or kept anew from its events. */
function foreignViews(group: Group): Finding[] {
  const reads = (group.gateway?.routes ?? []).flatMap((route) => (route.kind === 'read' ? [route] : []));
  return reads.flatMap(({ route, read }) =>
    projectionsOf(read)
      .filter(({ name }) => !group.projections.some((own) => own.name === name))
      .map(({ name }) => ({
        code: 'FOREIGN_VIEW',
        message:
          `Route "${route.method} ${route.template}" of group ${nameOf(group)} reads "${name}", which is not among its projections. ` +
          `Keep a projection of its own from the published events, or let the client ask the other gateway.`,
      })),
  );
}

function projectionsOf(read: {
  readonly projection: AnyProjection;
  readonly includes: readonly Include[];
}): AnyProjection[] {
  return [read.projection, ...read.includes.flatMap((include) => projectionsOf(include.read))];
}
