import { BanyanError } from 'banyan/runtime';
import type { Subscription } from '../bus.ts';
import { eventLogName, type EventLogRef } from '../domain-event.ts';
import { detailTypes } from './detail.ts';
import { entrySource, probeSource } from './entries.ts';

/** Characters of a rule's pattern: AWS's quota for accounts that have not asked for more; 4,096 can be asked for. */
const defaultMost = 2048;

/**
 * The pattern of a subscription's rule, JSON: events of its types and their references from its logs, so of these
 * versions only, and its own probes.
 * @param most characters that the account's quota allows
 * @throws BanyanError PATTERN_TOO_LARGE
 */
export function subscriptionPattern(
  { name, logs, types }: Pick<Subscription, 'name' | 'logs' | 'types'>,
  most = defaultMost,
): string {
  const events = {
    source: unique(logs.map((log) => entrySource(log.source))),
    'detail-type': unique(types),
    detail: { kind: ['event', 'reference'], log: unique(logs.map(eventLogName)) },
  };
  const probes = {
    source: [probeSource],
    'detail-type': [detailTypes.probe],
    detail: { subscription: [name] },
  };
  // An empty list matches nothing, and is no valid pattern.
  const nothing = types.length === 0 || logs.length === 0;
  return checked(name, nothing ? probes : { $or: [events, probes] }, most);
}

/** The pattern of a rule for the tallies of event logs, JSON. @throws BanyanError PATTERN_TOO_LARGE */
export function tallyPattern(logs: readonly EventLogRef[], most = defaultMost): string {
  const names = unique(logs.map(eventLogName));
  const source = unique(logs.map((log) => entrySource(log.source)));
  const pattern = { source, 'detail-type': [detailTypes.tally], detail: { kind: ['tally'], log: names } };
  return checked('of the tallies', pattern, most);
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

function checked(name: string, pattern: object, most: number): string {
  const text = JSON.stringify(pattern);
  const size = Buffer.byteLength(text);
  if (size <= most) return text;
  throw new BanyanError(
    'PATTERN_TOO_LARGE',
    `The event pattern of subscription ${name} has ${String(size)} bytes, and ${String(most)} are allowed. Split the ` +
      `projection, so that each part subscribes to fewer event types; or ask AWS for the quota "event pattern size" ` +
      `of 4,096, and pass it on (\`patternBytes\` of the bus).`,
    { details: { subscription: name, size, limit: most } },
  );
}
