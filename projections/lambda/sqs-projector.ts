import type { DomainEvent } from 'banyan/events';
import type { EventReference } from 'banyan/events/eventbridge';
import { systemClock, type Clock, type Logger } from 'banyan/runtime';
import { noTracer, type Metrics, type Tracer } from 'banyan/runtime/aws';
import type { UnorderedTarget } from '../apply-unordered.ts';
import type { ConvergeLimits } from '../converge/limits.ts';
import type { Pause } from '../pause.ts';
import type { AnyProjection } from '../projection.ts';
import { trackingView } from '../tracking-view.ts';
import type { GenerationId, ViewStore } from '../view-store.ts';
import type { LogAttributes } from './event-fields.ts';
import type { LambdaContext, SqsBatchResponse, SqsEvent } from './function-types.ts';
import { Invocation } from './invocation.ts';
import { registered } from './registered.ts';
import { Seldom } from './seldom.ts';
import { shownMetrics, tracedBatch } from './traced-batch.ts';

/** What a projector on Lambda needs. */
export interface SqsProjectorOptions {
  /** With the code that built the generation. */
  readonly projection: AnyProjection;
  readonly generation: GenerationId;
  /**
   * The hash of the bundle that `projection` is of. A generation that was built by another is refused: all its messages
   * come again. Absent: nobody looks.
   */
  readonly bundle?: string;
  readonly store: ViewStore;
  /** Reads an event that was too large for the bus from its event log. */
  readonly resolve: (reference: EventReference) => Promise<DomainEvent>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Shows each batch, linked to the traces of its events. Default: nothing is traced. */
  readonly tracer?: Pick<Tracer, 'traced'>;
  /** The function group that owns the view. */
  readonly group: string;
  /** Fields of each line about an event. */
  readonly attributes?: LogAttributes;
  /** Whether each event that was applied gets a line of its own. Default: only those with which something is wrong. */
  readonly logEvents?: boolean;
  readonly clock?: Clock;
  /** Events that are applied at once. Default 500. */
  readonly chunkEvents?: number;
  /**
   * Milliseconds before the function's time limit within which nothing is begun, a quarter of the time at most. Default
   * 5,000. Half of it, or a second, before the limit it answers, whatever the store is at.
   */
  readonly marginMs?: number;
  /** Milliseconds for which an invocation waits for its generation to open before it gives messages back. Default 5,000. */
  readonly openingMs?: number;
  /** Milliseconds for which the watermark that was read is good enough. Default 500. */
  readonly everyMs?: number;
  readonly limits?: ConvergeLimits;
  /** How it waits. Default: a timer. */
  readonly pause?: Pause;
}

/** Milliseconds between lines that say that the projection is parked. */
const parkedEveryMs = 60_000;

/** A function that an SQS queue invokes, and that reports which messages are to come again. */
export type SqsHandler = (event: SqsEvent, context: LambdaContext) => Promise<SqsBatchResponse>;

/**
 * Makes the function that applies what the queue of one generation brings: `export const handler = sqsProjector(…)`.
 * A message is taken once its event is applied, or dropped as a duplicate, and recorded. Those that could not be
 * applied for the moment, or for which there was no time, come again; those of another generation, or that cannot be
 * read, come again too until the queue moves them to its dead-letter queue. While the projection is parked messages
 * are taken and left to the event log, from which the tracker heals them afterwards: nothing would come of trying
 * again. While the generation is built, messages are taken and their events dropped: its rebuild reads them from the
 * event log; probes are noted in the registry, for the rebuild waits for one. It never throws, it answers before its
 * time is over, and it may be killed or frozen anywhere. The queue must be a standard one, and its event source report
 * partial failures (`ReportBatchItemFailures`).
 */
export function sqsProjector(options: SqsProjectorOptions): SqsHandler {
  const { projection, generation: id, store, limits, metrics, everyMs, clock = systemClock } = options;
  const { tracer = noTracer, group, bundle, pause } = options;
  const generationOf = registered(store, id, bundle);
  const parkedLines = new Seldom(clock, parkedEveryMs);
  const tracking = trackingView({ store, generation: id, clock, ...(everyMs !== undefined && { everyMs }) });
  let isCold = true;
  return async ({ Records: records }, context) => {
    const logger = options.logger.child({ requestId: context.awsRequestId });
    if (isCold) metrics.count('coldStarts', 1);
    isCold = false;
    const targetOf = async (): Promise<UnorderedTarget> => {
      const generation = await generationOf();
      return {
        ...{ projection, generation, store, tracking, logger },
        ...(limits && { limits }),
        ...(pause && { pause }),
      };
    };
    try {
      return await tracer.traced(tracedBatch(group, id, records), (span) => {
        const shown = shownMetrics(metrics, span);
        return new Invocation({
          ...options,
          ...{ metrics: shown, logger, clock, context, targetOf, parkedLines },
        }).run(records);
      });
    } finally {
      metrics.flush();
    }
  };
}
