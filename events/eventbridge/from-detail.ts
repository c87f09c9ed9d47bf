import { BanyanError, type JsonObject } from 'banyan/runtime';
import { eventLogName, type DomainEvent, type EventLogRef } from '../domain-event.ts';
import type { Tally } from '../tally.ts';
import type { Detail, EventReference, Probe } from './detail.ts';

/**
 * Reads what the bus carried. An event is equal to the one that was published.
 * @param detail `detail` of EventBridge's envelope, or its JSON text
 * @throws BanyanError DETAIL_INVALID
 */
export function fromDetail(detail: unknown): Detail {
  const fields = fieldsOf(detail);
  const { specversion, kind } = fields;
  if (specversion !== '1.0') throw invalid('specversion', '"1.0"', specversion);
  switch (kind) {
    case 'event':
      return { kind, event: eventOf(fields) };
    case 'reference':
      return { kind, reference: referenceOf(fields) };
    case 'tally':
      return { kind, ...tallyOf(fields) };
    case 'probe':
      return { kind, probe: probeOf(fields) };
    default:
      throw invalid('kind', '"event", "reference", "tally" or "probe"', kind);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function eventOf(fields: Fields): DomainEvent {
  const { log, ...rest } = referenceOf(fields);
  const { id, type, position, index, logTime, committedAt } = rest;
  const place = { ...log, position, index, logTime, committedAt };
  const traceparent = text(fields, 'traceparent');
  const causedBy = text(fields, 'causedby');
  // JSON of the right shape: it was parsed from JSON.
  return { id, type, ...place, traceparent, causedBy, data: object(fields, 'data') as JsonObject };
}

function referenceOf(fields: Fields): EventReference {
  return {
    log: logOf(fields),
    position: count(fields, 'position'),
    index: count(fields, 'index'),
    id: text(fields, 'id'),
    type: text(fields, 'type'),
    logTime: text(fields, 'logtime'),
    committedAt: text(fields, 'time'),
  };
}

function tallyOf(fields: Fields): { log: EventLogRef; tally: Tally } {
  const log = logOf(fields);
  const data = object(fields, 'data');
  const counts = object(data, 'counts');
  const tally = {
    log: eventLogName(log),
    after: count(data, 'after'),
    to: count(data, 'to'),
    logTime: text(data, 'logTime'),
    at: text(fields, 'time'),
    counts: Object.fromEntries(Object.keys(counts).map((type) => [type, count(counts, type)])),
  };
  return { log, tally };
}

function probeOf(fields: Fields): Probe {
  return {
    subscription: text(fields, 'subscription'),
    id: text(fields, 'id'),
    at: text(fields, 'time'),
  };
}

function logOf(fields: Fields): EventLogRef {
  return {
    source: text(fields, 'source'),
    translation: text(fields, 'translation'),
    version: count(fields, 'version'),
  };
}

function fieldsOf(detail: unknown): Fields {
  if (typeof detail !== 'string') return object({ detail }, 'detail');
  try {
    return object({ detail: JSON.parse(detail) as unknown }, 'detail');
  } catch (error) {
    // Not as the cause: its message quotes the text.
    if (error instanceof SyntaxError) throw invalid('detail', 'JSON', detail);
    throw error;
  }
}

function text(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw invalid(name, 'a text', value);
  return value;
}

function count(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw invalid(name, 'an integer from 0', value);
  }
  return value;
}

function object(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(name, 'an object', value);
  }
  return value as Fields;
}

/** Says what was expected; of what was given only its type, since it may be a person's data. */
function invalid(field: string, expected: string, given: unknown): BanyanError {
  const found = given === null ? 'null' : Array.isArray(given) ? 'an array' : typeof given;
  return new BanyanError(
    'DETAIL_INVALID',
    `A message of the event bus cannot be read: "${field}" is expected to be ${expected}, and is ${found}. Only ` +
      `Banyan's publisher may put events with its sources on this bus: look for who else does.`,
    { details: { field, expected, found } },
  );
}
