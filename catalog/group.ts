import type { AnyEvent, Translation } from 'banyan/events';
import type { AnyGateway } from 'banyan/gateway';
import type { AnyProjection, Reconciliation } from 'banyan/projections';
import { BanyanError } from 'banyan/runtime';

/** Who answers for a group. */
export interface Owner {
  readonly team: string;
  /** Where the team is reached: an address, a channel. */
  readonly contact: string;
}

/** What belongs to a group. */
export interface GroupDefinition {
  readonly owner: Owner;
  /** The events of its translation that other groups may use: its published language. */
  readonly publishes?: readonly AnyEvent[];
  /** The events of its translation that are its own affair. Those that its own projections fold need not be listed. */
  readonly private?: readonly AnyEvent[];
  /** The other groups' published events that its projections use. */
  readonly subscribes?: readonly AnyEvent[];
  readonly translation?: Translation;
  readonly projections?: readonly AnyProjection[];
  /** What its views should hold by the legacy database's own word; `banyan verify` compares. */
  readonly reconciliations?: readonly Reconciliation[];
  readonly gateway?: AnyGateway;
}

/** A declared function group: the unit of ownership. */
export interface Group {
  readonly kind: 'group';
  readonly name: string;
  readonly owner: Owner;
  readonly publishes: readonly AnyEvent[];
  readonly private: readonly AnyEvent[];
  readonly subscribes: readonly AnyEvent[];
  readonly translation: Translation | undefined;
  readonly projections: readonly AnyProjection[];
  readonly reconciliations: readonly Reconciliation[];
  readonly gateway: AnyGateway | undefined;
}

/**
 * Declares a function group: its events, translation, projections and gateway, under one owner.
 * @throws BanyanError GROUP_INVALID
 */
export function group(name: string, definition: GroupDefinition): Group {
  const { owner, translation, gateway, projections = [], reconciliations = [] } = definition;
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw invalid(name, 'its name is not made of lower-case letters, digits and hyphens; rename it');
  }
  // Whoever writes plain JavaScript has no compiler to say so.
  const { team, contact }: Partial<Owner> = owner;
  if (!team || !contact) throw invalid(name, 'it has no owner; give it owner: { team, contact }');
  const stray = reconciliations.find(
    ({ projection }) => !projections.some(({ name }) => name === projection.name),
  );
  if (stray) {
    throw invalid(
      name,
      `it reconciles "${stray.projection.name}", which is none of its projections; list it there`,
    );
  }
  return {
    kind: 'group',
    name,
    owner,
    publishes: definition.publishes ?? [],
    private: definition.private ?? [],
    subscribes: definition.subscribes ?? [],
    translation,
    projections,
    reconciliations,
    gateway,
  };
}

function invalid(name: string, why: string): BanyanError {
  return new BanyanError('GROUP_INVALID', `Group "${name}": ${why}.`, { details: { group: name } });
}
