import { isBanyanError } from '../errors.ts';
import type { Annotations, CallOutcome, TracedCall } from './tracer.ts';

/*
 * Subsegments as X-Ray takes them when they come apart from their segment, which Lambda sends itself (X-Ray developer
 * guide, "AWS X-Ray segment documents").
 */

/** Where work belongs: its trace, and the segment or subsegment that it is a part of. */
export interface Parent {
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly id: string;
}

/** A subsegment: its own id, where it belongs, and since when, milliseconds. */
export interface Subsegment {
  readonly id: string;
  readonly parent: Parent;
  readonly began: number;
}

/** How it ended. */
export interface End {
  /** Milliseconds. */
  readonly at: number;
  readonly failure?: { readonly error: unknown };
}

/** Traces that a segment is linked to at most (X-Ray developer guide, "Tracing event-driven applications"). */
const mostLinks = 20;

/**
 * Where an invocation belongs, by its trace header (`Root=1-…;Parent=…;Sampled=1`); undefined where it is not traced.
 */
export function parentOf(header: string | undefined): Parent | undefined {
  const fields = new Map(
    (header ?? '').split(';').map((field) => field.trim().split('=', 2) as [string, string]),
  );
  const [traceId, id] = [fields.get('Root'), fields.get('Parent')];
  return fields.get('Sampled') === '1' && traceId && id ? { traceId, id } : undefined;
}

/** Another trace. */
export interface Link {
  readonly trace_id: string;
  readonly id: string;
}

/** The traces of W3C trace contexts, each once; what is none is left out. */
export function linksOf(traceparents: Iterable<string>): readonly Link[] {
  const links = new Map<string, Link>();
  for (const traceparent of traceparents) {
    const [, time, rest, id] = /^00-([0-9a-f]{8})([0-9a-f]{24})-([0-9a-f]{16})-/.exec(traceparent) ?? [];
    if (time === undefined || rest === undefined || id === undefined) continue;
    const trace_id = `1-${time}-${rest}`;
    if (!links.has(trace_id)) links.set(trace_id, { trace_id, id });
    if (links.size === mostLinks) break;
  }
  return [...links.values()];
}

/** Of work; without an end: it is under way. Filters do not see links, so the linked traces are an annotation too. */
export function workDocument(
  subsegment: Subsegment,
  name: string,
  annotations: Annotations,
  links: readonly Link[],
  end?: End,
): object {
  const linked = links.map(({ trace_id }) => trace_id.slice(2).replace('-', '')).join(' ');
  const all = { ...annotations, ...(linked !== '' && { linkedTraces: linked }) };
  return {
    ...begun(subsegment, name),
    ...(end ? { end_time: seconds(end.at) } : { in_progress: true }),
    ...(end?.failure && { fault: true, cause: causeOf(end.failure.error, subsegment.id) }),
    annotations: Object.fromEntries(Object.entries(all).map(([key, value]) => [fit(key), fitValue(value)])),
    ...(links.length > 0 && { links }),
  };
}

/** Of a call that has ended. */
export function callDocument(
  subsegment: Subsegment,
  { service, operation, region, tables = [], queue }: TracedCall,
  { attempts, status, requestId }: CallOutcome,
  { at, failure }: End,
): object {
  return {
    ...begun(subsegment, service),
    end_time: seconds(at),
    namespace: 'aws',
    aws: {
      operation,
      ...(region !== undefined && { region }),
      ...(requestId !== undefined && { request_id: requestId }),
      ...(attempts !== undefined && { retries: attempts - 1 }),
      ...(tables.length === 1 && { table_name: tables[0] }),
      ...(tables.length > 1 && { table_names: tables }),
      ...(queue !== undefined && { queue_url: queue }),
    },
    ...(status !== undefined && { http: { response: { status } } }),
    ...(failure && { ...flagsOf(failure.error, status), cause: causeOf(failure.error, subsegment.id) }),
  };
}

function begun({ id, parent, began }: Subsegment, name: string): object {
  const place = { id, trace_id: parent.traceId, parent_id: parent.id };
  return { name: nameOf(name), ...place, type: 'subsegment', start_time: seconds(began) };
}

function seconds(milliseconds: number): number {
  return milliseconds / 1000;
}

/** Letters, digits, spaces and `_.:/%&#=+\-@`, 200 at most. */
function nameOf(name: string): string {
  return name.replace(/[^\p{L}\p{N}\s_.:/%&#=+\\\-@]/gu, '_').slice(0, 200);
}

/** Keys of annotations, as filters take them. */
function fit(key: string): string {
  return key.replace(/\W/g, '_');
}

function fitValue(value: string | number | boolean): string | number | boolean {
  return typeof value === 'string' ? value.slice(0, 1000) : value;
}

const throttling = /thrott|throughputExceeded|requestLimitExceeded|tooManyRequests/i;

function flagsOf(error: unknown, status = 500): object {
  const isThrottled = status === 429 || throttling.test(typeOf(error));
  if (isThrottled) return { error: true, throttle: true };
  return status >= 400 && status < 500 ? { error: true } : { fault: true };
}

/** The kind of the error alone: its message may name keys. */
function causeOf(error: unknown, id: string): object {
  return { exceptions: [{ id, type: typeOf(error) }] };
}

function typeOf(error: unknown): string {
  if (isBanyanError(error)) return error.code;
  return (error as Partial<Error> | undefined)?.name ?? 'Error';
}
