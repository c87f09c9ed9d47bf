import type { Metrics, Span, TracedWork } from 'banyan/runtime/aws';
import type { GenerationId } from '../view-store.ts';
import type { SqsRecord } from './function-types.ts';

/** What a trace tells of a view. */
export function viewAnnotations(
  group: string,
  { projection, number }: GenerationId,
): TracedWork['annotations'] & {} {
  return { group, projection, generation: number };
}

/** A batch of messages as a trace shows it, with the traces of its events. */
export function tracedBatch(
  group: string,
  generation: GenerationId,
  records: readonly SqsRecord[],
): TracedWork {
  return {
    name: 'batch',
    annotations: { ...viewAnnotations(group, generation), messages: records.length },
    links: () => tracesOf(records),
  };
}

/** Messages that are looked at for their traces: of so many a trace shows a few anyway. */
const mostMessages = 200;

/** W3C trace contexts of the events in messages; only as many messages are read as are asked for. */
function* tracesOf(records: readonly SqsRecord[]): Generator<string, void> {
  for (const { body } of records.slice(0, mostMessages)) {
    const traceparent = traceparentOf(body);
    if (typeof traceparent === 'string') yield traceparent;
  }
}

function traceparentOf(body: string): unknown {
  try {
    const { detail } = JSON.parse(body) as { readonly detail?: { readonly traceparent?: unknown } };
    return detail?.traceparent;
  } catch {
    // The projector says what is wrong with it.
    return undefined;
  }
}

/** Metrics that a trace tells, too. */
export function shownMetrics(metrics: Metrics, span: Span): Metrics {
  return {
    count: (name, value, dimensions) => {
      span.annotate({ [name]: value });
      metrics.count(name, value, dimensions);
    },
    gauge: (name, value, unit, dimensions) => {
      span.annotate({ [name]: value });
      metrics.gauge(name, value, unit, dimensions);
    },
    latency: (upstream, milliseconds) => metrics.latency(upstream, milliseconds),
    flush: () => metrics.flush(),
  };
}
