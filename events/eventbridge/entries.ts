import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { DomainEvent, EventLogRef } from '../domain-event.ts';
import type { Tally } from '../tally.ts';
import { isCarriable } from './carriable.ts';
import {
  detailTypes,
  toDetail,
  toProbeDetail,
  toReferenceDetail,
  toTallyDetail,
  type Probe,
} from './detail.ts';
import { entryBytes, type PutLimits } from './entry-size.ts';

/** `Source` of what belongs to a source: its events, references to them, and tallies. */
export function entrySource(source: string): string {
  return `banyan.${source}`;
}

/** `Source` of probes, which belong to no source. */
export const probeSource = 'banyan';

/** What is put for an event: itself, or a reference where the bus does not carry it. */
export function eventEntry(event: DomainEvent, limits: PutLimits): PutEventsRequestEntry {
  const whole = { ...addressOf(event), Detail: toDetail(event) };
  const isWhole = entryBytes(whole) <= limits.bytes && isCarriable(event.data);
  return isWhole ? whole : referenceEntry(event);
}

/** What is put for an event that the bus does not carry. */
export function referenceEntry(event: DomainEvent): PutEventsRequestEntry {
  return { ...addressOf(event), Detail: toReferenceDetail(event) };
}

function addressOf({ source, type }: DomainEvent): Pick<PutEventsRequestEntry, 'Source' | 'DetailType'> {
  return { Source: entrySource(source), DetailType: type };
}

/** What is put for a tally. */
export function tallyEntry(log: EventLogRef, tally: Tally): PutEventsRequestEntry {
  const Detail = toTallyDetail(log, tally);
  return { Source: entrySource(log.source), DetailType: detailTypes.tally, Detail };
}

/** What is put for a probe. */
export function probeEntry(probe: Probe): PutEventsRequestEntry {
  return { Source: probeSource, DetailType: detailTypes.probe, Detail: toProbeDetail(probe) };
}
